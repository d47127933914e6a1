/**
 * Tiles per second, ours beside geotiff.js, in one run of one Chromium:
 *
 *     npx tsx bench/slides/run.ts [SLIDE…]
 *
 * Prints one JSON object of named figures. A browser other than Playwright's: CHROMIUM=/usr/bin/chromium.
 */
import { existsSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { chromium } from '@playwright/test';
import { createServer } from 'vite';

const root = resolve(import.meta.dirname, '../..');
const slides = process.argv.slice(2);
if (slides.length === 0) slides.push(join(root, 'public/slides/CMU-1-Small-Region.svs'));

const server = await createServer({
  root,
  configFile: join(root, 'vite.config.ts'),
  logLevel: 'error',
  server: { port: 0, fs: { strict: false } },
  optimizeDeps: { entries: ['bench/slides/page.ts'], include: ['geotiff'] },
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
  await page.goto(`${address}bench/slides/index.html`);
  await page.waitForFunction(() => 'measure' in window, undefined, { timeout: 120_000 });
  const figures: Record<string, number | string | null> = { browser: browser.version() };
  for (const slide of slides) {
    const url = `${address}@fs${resolve(slide)}`;
    const rates = await page.evaluate(
      (at) =>
        (
          window as unknown as { measure: (u: string, n: number) => Promise<Record<string, unknown>> }
        ).measure(at, 200),
      url,
    );
    for (const [key, value] of Object.entries(rates)) {
      const shown =
        typeof value === 'number' ? Number(value.toFixed(1)) : value === null ? null : JSON.stringify(value);
      figures[`${basename(slide)} ${key}`] = shown;
    }
    const { ours, geotiff } = rates as { ours: number; geotiff: number | null };
    if (geotiff !== null) figures[`${basename(slide)} ratio`] = Number((ours / geotiff).toFixed(2));
  }
  console.log(JSON.stringify(figures, null, 2));
} finally {
  await browser.close();
  await server.close();
}
