/**
 * How long a local slide takes from being chosen in the browser's dialog to its first tissue on the screen, and to a view that
 * no longer changes, in the built app:
 *
 *     npm run build && npx tsx bench/first-paint/run.ts [SLIDE…]
 *
 * Without slides: one of every format from the tests' data, the larger ones of the shared data, and those in
 * $LARGE (made by `scripts/golden/large_slides.py FOLDER`). ONLY=text leaves out those whose name does not have it. Prints one
 * JSON object of milliseconds per slide; the median of ROUNDS (3), each in a new page.
 */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { availableParallelism, loadavg } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { chromium, type Browser } from '@playwright/test';
import { findOrInstallChromium, whatToInstall } from '../../scripts/chromium.mjs';
import { startServer } from '../app-server.ts';
import { watchPaint, type Painted } from './watch-paint.ts';

const root = resolve(import.meta.dirname, '../..');
const golden = (path: string): string => join(root, 'src/slide/golden', path);
const shared = (path: string): string => join(root, '../shared/data/slides', path);

/** Small ones of each format; a folder stands for a slide of several files. */
const small = [
  join(root, 'public/slides/CMU-1-Small-Region.svs'),
  shared('aperio-imagescope/A9K0_1.svs'),
  shared('dicom-cmu1'),
  shared('dicom-gcp/jpeg.dicom'),
  shared('ome/qupath-cells.ome.tif'),
  golden('makers/leica-areas.scn'),
  golden('makers/ventana.bif'),
  golden('makers/philips.tiff'),
  golden('trestle/overlaps.tif'),
  golden('qptiff/fluorescence.qptiff'),
  golden('czi/brightfield.czi'),
  golden('czi/fluorescence.czi'),
  golden('channels/six-channels.ome.tif'),
  golden('variants/jpeg-ycbcr.tif'),
];

function everySlide(): string[] {
  const large = process.env.LARGE;
  if (large === undefined) return small.filter((path) => existsSync(path));
  // A .mrxs is opened with its folder, which has the same name.
  const names = readdirSync(large).filter((name) => name !== 'pyramid.mrxs');
  return [...small.filter((path) => existsSync(path)), ...names.map((name) => join(large, name))];
}

const chosen = process.argv.slice(2);
const only = process.env.ONLY ?? '';
const rounds = Number(process.env.ROUNDS ?? 3);
const slides = (chosen.length > 0 ? chosen : everySlide()).filter((path) => path.includes(only));

/** Opens a slide in a page of its own. */
async function paint(browser: Browser, url: string, path: string): Promise<Painted> {
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
  try {
    page.on('pageerror', (error) => console.error(error.message));
    // tsx names functions by a helper that the page lacks.
    await page.addInitScript(`globalThis.__name = (one) => one; (${watchPaint.toString()})();`);
    await page.goto(`${url}?slide=none`);
    await page.getByTestId('backend').waitFor({ timeout: 120_000 });
    const isFolder = statSync(path).isDirectory();
    const chooser = page.waitForEvent('filechooser');
    await page
      .getByRole('button', { name: isFolder ? 'Open folder…' : 'Open slide…' })
      .first()
      .click();
    await (await chooser).setFiles(path);
    const handle = await page.waitForFunction(() => window.painted?.() ?? null, undefined, {
      timeout: 120_000,
      polling: 200,
    });
    return (await handle.jsonValue())!;
  } finally {
    await page.close();
  }
}

const median = (values: readonly number[]): number =>
  Math.round(values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN);

const executablePath = findOrInstallChromium();
if (executablePath === null) throw new Error(whatToInstall);
const server = await startServer();
const browser = await chromium.launch({
  executablePath,
  args: ['--no-sandbox', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
});
const figures: Record<string, unknown> = {
  browser: browser.version(),
  processors: availableParallelism(),
  loadBefore: Number(loadavg()[0]!.toFixed(2)),
};
try {
  // The first page compiles the workers' programs.
  await paint(browser, server.url, small[0]!);
  for (const path of slides) {
    const name = basename(path);
    try {
      const results: Painted[] = [];
      for (let round = 0; round < rounds; round++) results.push(await paint(browser, server.url, path));
      figures[name] = {
        first: median(results.map(({ first }) => first)),
        full: median(results.map(({ full }) => full)),
      };
    } catch (error) {
      figures[name] = error instanceof Error ? error.message.split('\n')[0] : String(error);
    }
    console.error(name, JSON.stringify(figures[name]));
  }
  figures.loadAfter = Number(loadavg()[0]!.toFixed(2));
  console.log(JSON.stringify(figures, null, 2));
} finally {
  await browser.close();
  server.stop();
}
