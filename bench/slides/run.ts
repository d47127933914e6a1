/**
 * Compares tiles per second of our reader, geotiff.js and geotiff-tilesource in one run of one Chromium:
 *
 *     npx tsx bench/slides/run.ts [SLIDE…]
 *
 * Prints one JSON object of named figures; ratios are ours over the other's. CHROMIUM=/path selects another browser than
 * Playwright's, TILES=40 reads fewer tiles per slide.
 */
import { existsSync } from 'node:fs';
import { availableParallelism, loadavg } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { chromium } from '@playwright/test';
import { createServer } from 'vite';
import type { Rates } from './page.ts';

/** Number of tiles to read per slide. */
const MOST_TILES = Number(process.env.TILES ?? 130);

const root = resolve(import.meta.dirname, '../..');
const slides = process.argv.slice(2);
if (slides.length === 0) slides.push(join(root, 'public/slides/CMU-1-Small-Region.svs'));

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
    const url = `${address}@fs${resolve(slide)}`;
    const rates = await page.evaluate(
      ([at, most]) =>
        (window as unknown as { measure: (url: string, most: number) => Promise<Rates> }).measure(at, most),
      [url, MOST_TILES] as const,
    );
    const name = basename(slide);
    for (const [key, value] of Object.entries(rates)) {
      figures[`${name} ${key}`] = typeof value === 'number' ? Number(value.toFixed(1)) : value;
    }
    for (const other of ['geotiff', 'geotiffPool', 'tileSource'] as const) {
      const theirs = rates[other];
      if (theirs !== null) figures[`${name} times ${other}`] = Number((rates.ours / theirs).toFixed(2));
    }
  }
  console.log(JSON.stringify(figures, null, 2));
} finally {
  await browser.close();
  await server.close();
}
