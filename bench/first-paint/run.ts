/**
 * How long a local slide takes from being chosen in the browser's dialog to its first pixel on the screen, to its first
 * tissue, and to a view that no longer changes, in the built app; and how much processor time the page and its workers take
 * up to the first tissue, which depends less on what else the machine does:
 *
 *     npm run build && npx tsx bench/first-paint/run.ts [SLIDE…]
 *
 * Without slides: one of every format from the tests' data, the larger ones of the shared data, and those in
 * $LARGE (made by `scripts/golden/large_slides.py FOLDER`). ONLY=text leaves out those whose name does not have it. Prints one
 * JSON object of milliseconds per slide; the median of ROUNDS (3), each in a new page. DIST=FOLDER[,FOLDER] takes other builds
 * than dist/, in turns.
 */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { availableParallelism, loadavg } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { chromium, type Browser } from '@playwright/test';
import { findOrInstallChromium, whatToInstall } from '../../scripts/chromium.mjs';
import { createStaticServer, listen } from '../../scripts/static-server.mjs';
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
async function paint(browser: Browser, url: string, path: string): Promise<Painted & { cpu: number }> {
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
  const session = await browser.newBrowserCDPSession();
  const cpuMs = async (): Promise<number> => {
    const { processInfo } = await session.send('SystemInfo.getProcessInfo');
    const renderers = processInfo.filter(({ type }) => type === 'renderer');
    return 1000 * renderers.reduce((sum, { cpuTime }) => sum + cpuTime, 0);
  };
  const marks: Partial<Record<'chosen' | 'tissue', Promise<number>>> = {};
  try {
    await page.exposeFunction('paintMark', (mark: 'chosen' | 'tissue') => {
      marks[mark] ??= cpuMs();
    });
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
    const painted = (await handle.jsonValue())!;
    return { ...painted, cpu: ((await marks.tissue) ?? NaN) - ((await marks.chosen) ?? NaN) };
  } finally {
    await session.detach();
    await page.close();
  }
}

const median = (values: readonly number[]): number =>
  Math.round(values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN);

const executablePath = findOrInstallChromium();
if (executablePath === null) throw new Error(whatToInstall);
/** The builds, each served as `npm start` serves it. */
const builds = await Promise.all(
  (process.env.DIST ?? 'dist').split(',').map(async (folder) => {
    const server = createStaticServer({ folder: resolve(root, folder) });
    return { folder, server, url: `http://localhost:${await listen(server, 0, 1)}/` };
  }),
);
const browser = await chromium.launch({
  executablePath,
  args: [
    '--no-sandbox',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
    // Playwright has no hand on the browser's own picker: files are chosen by an <input> instead.
    '--disable-blink-features=FileSystemAccessLocal',
  ],
});
const figures: Record<string, unknown> = {
  browser: browser.version(),
  processors: availableParallelism(),
  loadBefore: Number(loadavg()[0]!.toFixed(2)),
};
try {
  // The first page of each compiles the workers' programs.
  for (const { url } of builds) await paint(browser, url, small[0]!);
  for (const path of slides) {
    const name = basename(path);
    const results = new Map(builds.map(({ folder }) => [folder, [] as Awaited<ReturnType<typeof paint>>[]]));
    const problems: Record<string, string | undefined> = {};
    for (let round = 0; round < rounds; round++) {
      for (const { folder, url } of builds) {
        try {
          results.get(folder)!.push(await paint(browser, url, path));
        } catch (error) {
          problems[folder] = error instanceof Error ? error.message.split('\n')[0] : String(error);
        }
      }
    }
    for (const [folder, found] of results) {
      const key = builds.length === 1 ? name : `${name} ${folder}`;
      figures[key] =
        problems[folder] ??
        Object.fromEntries(
          (['first', 'tissue', 'full', 'cpu'] as const).map((one) => [
            one,
            median(found.map((painted) => painted[one])),
          ]),
        );
      console.error(key, JSON.stringify(figures[key]));
    }
  }
  figures.loadAfter = Number(loadavg()[0]!.toFixed(2));
  console.log(JSON.stringify(figures, null, 2));
} finally {
  await browser.close();
  for (const { server } of builds) server.close();
}
