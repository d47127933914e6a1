/**
 * A project of many slides on the built app: milliseconds per step, and memory.
 *
 *   npx tsx bench/project/run.ts [--slides N] [--steps N] [--json]
 *
 * The slides are small parts of the demo slide, all different, in the browser's private file system. A step lasts from the key
 * or the scroll to the frame that shows its effect. "Next" opens a slide: until its name is shown.
 */
import { parseArgs } from 'node:util';
import { loadavg } from 'node:os';
import { resolve } from 'node:path';
import { chromium, type Page } from '@playwright/test';
import sharp from 'sharp';
import { findChromium, whatToInstall } from '../../scripts/chromium.mjs';
import { startServer } from '../app-server.ts';

const { values } = parseArgs({
  options: {
    slides: { type: 'string', default: '300' },
    steps: { type: 'string', default: '30' },
    json: { type: 'boolean', default: false },
  },
});
const slides = Number(values.slides);
const steps = Number(values.steps);
const demo = resolve(import.meta.dirname, '../../public/slides/phantom-1.tif');
const executablePath = findChromium();
if (executablePath === null) throw new Error(whatToInstall);

/** Slides of `side` pixels a side. */
const side = 512;

async function slideFiles(): Promise<string[]> {
  const { data, info } = await sharp(demo).removeAlpha().raw().toBuffer({ resolveWithObject: true });
  const files: string[] = [];
  for (let i = 0; i < slides; i++) {
    const left = (i * 97) % (info.width - side);
    const top = (i * 61) % (info.height - side);
    const part = Buffer.alloc(side * side * 3);
    for (let y = 0; y < side; y++) {
      const start = ((top + y) * info.width + left) * 3;
      data.copy(part, y * side * 3, start, start + side * 3);
    }
    const tiff = await sharp(part, { raw: { width: side, height: side, channels: 3 } })
      .tiff({
        compression: 'jpeg',
        tile: true,
        tileWidth: 256,
        tileHeight: 256,
        pyramid: true,
        xres: 1000,
        yres: 1000,
      })
      .toBuffer();
    files.push(tiff.toString('base64'));
  }
  return files;
}

async function putSlides(page: Page, files: readonly string[]): Promise<void> {
  for (let at = 0; at < files.length; at += 50) {
    await page.evaluate(
      async ([start, some]) => {
        const root = await navigator.storage.getDirectory();
        const folder = await root.getDirectoryHandle('Bench', { create: true });
        for (const [i, text] of some.entries()) {
          const file = await folder.getFileHandle(`case ${start + i + 1}.tif`, { create: true });
          const writer = await file.createWritable();
          await writer.write(Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0)));
          await writer.close();
        }
        Object.assign(window, { showDirectoryPicker: () => Promise.resolve(folder) });
      },
      [at, files.slice(at, at + 50)] as const,
    );
  }
}

type Step = 'scroll' | 'next' | 'mark';

/** Milliseconds per step. */
function time(page: Page, step: Step): Promise<number[]> {
  return page.evaluate(
    async ([kind, count]) => {
      const frame = (): Promise<unknown> => new Promise((done) => requestAnimationFrame(done));
      const list = document.querySelector<HTMLElement>('[data-testid="project-list"]')!;
      const current = (): string | undefined =>
        list.querySelector<HTMLElement>('[aria-current="true"]')?.dataset.state;
      const firstRow = (): string | undefined =>
        list.querySelector<HTMLElement>('[data-slide]')?.dataset.slide;
      const name = (): string => document.querySelector('[data-testid="slide-name"]')?.textContent ?? '';
      const press = (key: string): boolean =>
        window.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true }));
      const look = { scroll: firstRow, next: name, mark: current }[kind];
      const act = {
        scroll: () => (list.scrollTop = (list.scrollTop + 1500) % (list.scrollHeight - list.clientHeight)),
        next: () => press('PageDown'),
        mark: () => press('k'),
      }[kind];
      const times: number[] = [];
      for (let i = 0; i < count; i++) {
        const before = look();
        const start = performance.now();
        act();
        while (look() === before && performance.now() - start < 5000) await frame();
        times.push(performance.now() - start);
        // What is still to be read or written.
        await new Promise((done) => setTimeout(done, 150));
      }
      return times;
    },
    [step, steps] as const,
  );
}

const figuresOf = (times: readonly number[]): { median: number; p95: number; longest: number } => {
  const sorted = [...times].sort((one, other) => one - other);
  const at = (share: number): number => Math.round(sorted[Math.floor(share * (sorted.length - 1))] ?? 0);
  return { median: at(0.5), p95: at(0.95), longest: at(1) };
};

const files = await slideFiles();
const server = await startServer();
const browser = await chromium.launch({
  executablePath,
  args: ['--no-sandbox', '--enable-blink-features=ForceEagerMeasureMemory'],
});
try {
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 }, serviceWorkers: 'block' });
  // What tsx wraps functions in, which the page does not have.
  await page.addInitScript('globalThis.__name = (value) => value');
  await page.goto(`${server.url}/?slide=none`);
  await putSlides(page, files);
  const start = Date.now();
  await page.getByRole('button', { name: 'Open folder…' }).first().click();
  await page.getByText(`${slides} slides`).waitFor({ timeout: 120_000 });
  await page.getByTestId('slide-name').getByText('case 1.tif').waitFor();
  const openMs = Date.now() - start;
  const identified = async (): Promise<number> =>
    page.evaluate(
      () =>
        new Promise<number>((done, fail) => {
          const opening = indexedDB.open('dualscope.projects');
          opening.onerror = () => fail(new Error('No database.'));
          opening.onsuccess = () => {
            const all = opening.result.transaction('slides').objectStore('slides').getAll();
            all.onsuccess = () => {
              opening.result.close();
              const records = all.result as { readonly slide: { readonly fingerprint: string | null } }[];
              done(records.filter(({ slide }) => slide.fingerprint !== null).length);
            };
          };
        }),
    );
  console.error(`opened after ${openMs} ms`);
  const whileReading = figuresOf(await time(page, 'scroll'));
  while ((await identified()) < slides) await page.waitForTimeout(500);
  const readMs = Date.now() - start;
  console.error(`all read after ${readMs} ms`);
  const scroll = figuresOf(await time(page, 'scroll'));
  const next = figuresOf(await time(page, 'next'));
  const mark = figuresOf(await time(page, 'mark'));
  const bytes = await page.evaluate(
    async () =>
      (
        await (
          performance as unknown as { measureUserAgentSpecificMemory(): Promise<{ bytes: number }> }
        ).measureUserAgentSpecificMemory()
      ).bytes,
  );
  const figures = {
    slides,
    openMs,
    readMs,
    whileReading,
    scroll,
    next,
    mark,
    heapMB: Math.round(bytes / 1e6),
    load: loadavg()[0],
    browser: browser.version(),
  };
  if (values.json) console.log(JSON.stringify(figures));
  else console.table({ 'scroll while reading': whileReading, scroll, next, mark });
  if (!values.json) console.log(figures);
} finally {
  await browser.close();
  server.stop();
}
