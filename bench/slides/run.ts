/**
 * Compares tiles per second of our reader in Chromium with other readers: of TIFF with geotiff.js and geotiff-tilesource in the
 * same page; of MRXS with OpenSlide, of CZI with pylibCZIrw, of DICOM with wsidicom, one after the other in the same run.
 *
 *     npx tsx bench/slides/run.ts [SLIDE…]
 *
 * A slide of several files is given as its folder. Prints one JSON object of named figures; ratios are ours over the other's.
 * CHROMIUM=/path selects another browser than Playwright's, TILES=40 reads fewer tiles per slide, PYTHON=/path is a Python that
 * has the other readers (python3). LARGE=FOLDER takes made slides of scripts/golden/large_slides.py without arguments.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { availableParallelism, loadavg } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { chromium } from '@playwright/test';
import { createServer } from 'vite';
import type { Rates, SlideFile } from './page.ts';

/** Number of tiles to read per slide. */
const MOST_TILES = Number(process.env.TILES ?? 130);

const root = resolve(import.meta.dirname, '../..');
const slides = process.argv.slice(2);
if (slides.length === 0) {
  slides.push(join(root, 'public/slides/CMU-1-Small-Region.svs'));
  const real = join(root, '../shared/data/slides/dicom-cmu1');
  if (existsSync(real)) slides.push(real);
  const made = ['pyramid', 'pyramid.czi', 'pyramid-zstd.czi', 'pyramid-dicom'];
  if (process.env.LARGE !== undefined) slides.push(...made.map((name) => join(process.env.LARGE!, name)));
}

/** All files of a slide, with a function that gives each its address. */
function filesOf(slide: string, urlOf: (path: string) => string): SlideFile[] {
  if (!statSync(slide).isDirectory()) return [{ url: urlOf(slide), path: basename(slide) }];
  return readdirSync(slide).map((name) => ({
    url: urlOf(join(slide, name)),
    path: `${basename(slide)}/${name}`,
  }));
}

interface Peer {
  readonly reader: string;
  readonly one: number;
  readonly pool: number;
}

/** The same tiles by a reader of Python; a reason where there is none. */
function peerOf(slide: string, rates: Rates): Peer | string {
  const python = process.env.PYTHON ?? 'python3';
  const { firstTile, tileSize, columns, tiles } = rates;
  const places = [...firstTile, ...tileSize, columns, tiles].map(String);
  const peer = join(import.meta.dirname, 'peer.py');
  const { status, stdout, stderr } = spawnSync(python, [peer, slide, ...places], { encoding: 'utf8' });
  if (status === 0) return JSON.parse(stdout) as Peer;
  return (stderr ?? '').trim().split('\n').at(-1) ?? `${python} did not start.`;
}

const server = await createServer({
  root,
  configFile: join(root, 'vite.config.ts'),
  logLevel: 'error',
  // Files that change during the run must not reload the page.
  server: { port: 0, fs: { strict: false }, hmr: false, watch: null },
  optimizeDeps: {
    entries: ['bench/slides/page.ts'],
    include: ['geotiff', 'openseadragon'],
    // Its workers are files next to it.
    exclude: ['geotiff-tilesource'],
  },
});
await server.listen();
const address = server.resolvedUrls?.local[0] ?? '';
const executablePath =
  process.env.CHROMIUM ?? (existsSync('/usr/bin/chromium') ? '/usr/bin/chromium' : undefined);
const browser = await chromium.launch({
  ...(executablePath === undefined ? {} : { executablePath }),
  args: ['--no-sandbox', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
});
try {
  const page = await browser.newPage();
  page.on('pageerror', (error) => console.error(error.message));
  // Vite bundles imports on the first request.
  await page.goto(`${address}bench/slides/index.html`, { timeout: 240_000 });
  await page.waitForFunction(() => 'measure' in window, undefined, { timeout: 240_000 });
  const figures: Record<string, unknown> = {
    browser: browser.version(),
    processors: availableParallelism(),
    loadBefore: Number(loadavg()[0]!.toFixed(2)),
  };
  for (const slide of slides) {
    const files = filesOf(slide, (path) => `${address}@fs${resolve(path)}`);
    const rates = await page.evaluate(
      ([all, most]) =>
        (
          window as unknown as { measure: (files: readonly SlideFile[], most: number) => Promise<Rates> }
        ).measure(all, most),
      [files, MOST_TILES] as const,
    );
    const name = basename(slide);
    for (const [key, value] of Object.entries(rates)) {
      figures[`${name} ${key}`] = typeof value === 'number' ? Number(value.toFixed(1)) : value;
    }
    for (const other of ['geotiff', 'geotiffPool', 'tileSource'] as const) {
      const theirs = rates[other];
      if (theirs !== null) figures[`${name} times ${other}`] = Number((rates.ours / theirs).toFixed(2));
    }
    const peer = peerOf(slide, rates);
    if (typeof peer === 'string') figures[`${name} peer`] = peer;
    else {
      for (const [key, theirs] of [
        [peer.reader, peer.one],
        [`${peer.reader} in threads`, peer.pool],
      ] as const) {
        figures[`${name} ${key}`] = Number(theirs.toFixed(1));
        figures[`${name} times ${key}`] = Number((rates.ours / theirs).toFixed(2));
      }
    }
  }
  figures.loadAfter = Number(loadavg()[0]!.toFixed(2));
  console.log(JSON.stringify(figures, null, 2));
} finally {
  await browser.close();
  await server.close();
}
