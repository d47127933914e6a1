/**
 * A slide of 20,000 objects in the built app: opening its class map, finding and listing the objects, jumping, relabelling,
 * sorting, in milliseconds up to the second frame after the key, and the page's heap.
 *
 *     npm run build && npx tsx bench/objects/run.ts
 */
import { writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium, type Page } from '@playwright/test';
import { findChromium, whatToInstall } from '../../scripts/chromium.mjs';
import type { PredictionOrigin } from '../../src/export/prediction-origin.ts';
import { MapTiff } from '../../src/export/map-tiff.ts';
import type {} from '../../src/app/page-hook.ts';
import { startServer } from '../app-server.ts';

/** Objects per row and column: 142² = 20,164. */
const across = 142;
/** Map pixels from one object to the next. */
const pitch = 42;
const side = across * pitch;
const slide = { name: 'CMU-1-Small-Region.svs', fingerprint: '', width: 2220, height: 2967 };
const steps = 40;

/** Gear-shaped objects of two classes, so that their outlines have corners and some are mixed. */
function classAt(x: number, y: number): number {
  const [dx, dy] = [(x % pitch) - pitch / 2 + 0.5, (y % pitch) - pitch / 2 + 0.5];
  const radius = 14 + 3 * Math.cos(5 * Math.atan2(dy, dx));
  if (dx * dx + dy * dy > radius * radius) return 0;
  return dx > (Math.floor(x / pitch) % 7) + 4 ? 2 : 1;
}

async function writeMap(path: string): Promise<void> {
  const origin: PredictionOrigin = {
    version: 1,
    model: { id: 'made', title: 'Made map' },
    slide,
    scale: { x: slide.width / side, y: slide.height / side },
    classes: [
      { name: 'background', colour: '#000000', background: true },
      { name: 'gland', colour: '#009E73', background: false },
      { name: 'tumour', colour: '#0072B2', background: false },
    ],
    mark: null,
  };
  let bytes = new Uint8Array(1 << 20);
  const sink = {
    write: async (position: number, part: Uint8Array): Promise<void> => {
      if (position + part.length > bytes.length) {
        const grown = new Uint8Array(2 * (position + part.length));
        grown.set(bytes);
        bytes = grown;
      }
      bytes.set(part, position);
    },
  };
  const tiff = MapTiff.ofClasses(
    { sink, width: side, height: side, about: 'made', origin },
    origin.classes.slice(),
  );
  for (let top = 0; top < side; top += tiff.tileSize) {
    const rows = Math.min(tiff.tileSize, side - top);
    const values = new Uint8Array(rows * side);
    for (let i = 0; i < values.length; i++) values[i] = classAt(i % side, top + Math.floor(i / side));
    await tiff.push(values, side, rows);
  }
  writeFileSync(path, bytes.subarray(0, await tiff.finish()));
}

/** Milliseconds from a key to the second frame after it, of several presses: median and most. */
async function timeOf(page: Page, key: string, count: number): Promise<string> {
  const times = await page.evaluate(
    async ([pressed, presses]) => {
      const frame = (): Promise<unknown> => new Promise((done) => requestAnimationFrame(done));
      const all: number[] = [];
      for (let i = 0; i < presses; i++) {
        await frame();
        const start = performance.now();
        window.dispatchEvent(new KeyboardEvent('keydown', { key: pressed, bubbles: true }));
        await frame();
        await frame();
        all.push(performance.now() - start);
      }
      return all.sort((one, other) => one - other);
    },
    [key, count] as const,
  );
  return `median ${times[times.length >> 1]?.toFixed(0)} ms, most ${times.at(-1)?.toFixed(0)} ms`;
}

const executablePath = findChromium();
if (executablePath === null) throw new Error(whatToInstall);
const folder = await mkdtemp(join(tmpdir(), 'dualscope-bench-objects-'));
const map = join(folder, 'made.classes.tif');
await writeMap(map);
const server = await startServer();
const browser = await chromium.launch({
  executablePath,
  args: ['--no-sandbox', '--enable-precise-memory-info'],
});
try {
  const page = await browser.newPage();
  // What tsx calls in functions that are sent to the page.
  await page.addInitScript('globalThis.__name = (of) => of');
  await page.addInitScript(() =>
    localStorage.setItem(
      'dualscope.preferences',
      JSON.stringify({ smallestObject: 0, leftPanel: 'objects' }),
    ),
  );
  await page.goto(`${server.url}?slide=slides/${slide.name}`);
  await page.getByTestId('slide-name').getByText(slide.name).waitFor();
  await page.waitForFunction(() => window.dualscope?.transform() != null);
  const chooser = page.waitForEvent('filechooser');
  await page.keyboard.press('Control+o');
  const opened = performance.now();
  await (await chooser).setFiles(map);
  await page.getByTestId('pane-title-A').getByText('Made map').waitFor();
  const shown = performance.now();
  await page.getByTestId('object-counts').waitFor();
  const listed = performance.now();
  console.log(await page.getByTestId('object-counts').textContent());
  console.log(`open map of ${side} × ${side} px: ${(shown - opened).toFixed(0)} ms`);
  console.log(`find and list: ${(listed - shown).toFixed(0)} ms`);
  console.log(`jump (J): ${await timeOf(page, 'j', steps)}`);
  console.log(`relabel (2) and next: ${await timeOf(page, '2', steps)}`);
  console.log(`accept (A) and next: ${await timeOf(page, 'a', steps)}`);
  console.log(`take back (U): ${await timeOf(page, 'u', 5)}`);
  const sorting = performance.now();
  await page.getByTestId('object-order').selectOption('2');
  await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
  console.log(`sort by area: ${(performance.now() - sorting).toFixed(0)} ms`);
  const session = await page.context().newCDPSession(page);
  await session.send('HeapProfiler.collectGarbage');
  const { usedSize } = (await session.send('Runtime.getHeapUsage')) as { usedSize: number };
  const buffers = await page.evaluate(
    () => (performance as unknown as { memory?: { usedJSHeapSize: number } }).memory?.usedJSHeapSize ?? 0,
  );
  console.log(`heap ${(usedSize / 1e6).toFixed(0)} MB; with array buffers ${(buffers / 1e6).toFixed(0)} MB`);
} finally {
  await browser.close();
  server.stop();
  await rm(folder, { recursive: true, force: true });
}
