/** Opens a page of this folder in a headless Chromium. Vite serves it, cross-origin isolated like the app. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { chromium, type Page } from '@playwright/test';
import { createServer } from 'vite';
import { findChromium, whatToInstall } from '../scripts/chromium.mjs';

const root = resolve(import.meta.dirname, '..');

export interface BenchPage {
  readonly page: Page;
  /** The browser's version. */
  readonly browser: string;
  /** URL at which Vite serves a local file. */
  readonly urlOf: (path: string) => string;
}

/**
 * Serves and opens `bench/<name>/index.html`, waits until it sets `window.measure`, and passes it to `visit`. Closes
 * server and browser at the end.
 * @throws Error when no Chromium is found.
 */
export async function withBenchPage<T>(name: string, visit: (bench: BenchPage) => Promise<T>): Promise<T> {
  const executablePath = findChromium();
  if (executablePath === null) throw new Error(whatToInstall);
  // Its own cache, because another server of this checkout may be running.
  const cacheDir = await mkdtemp(join(tmpdir(), 'dualscope-bench-vite-'));
  const server = await createServer({
    root,
    cacheDir,
    configFile: join(root, 'vite.config.ts'),
    logLevel: 'error',
    server: { port: 0, fs: { strict: false }, watch: null },
    optimizeDeps: {
      entries: [`bench/${name}/page.ts`, 'src/worker/*-worker.ts'],
      exclude: ['onnxruntime-web'],
    },
  });
  await server.listen();
  const address = server.resolvedUrls?.local[0] ?? '';
  const browser = await chromium.launch({
    executablePath,
    args: [
      '--no-sandbox',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      // Measures memory at once, not some time later.
      '--enable-blink-features=ForceEagerMeasureMemory',
    ],
  });
  try {
    const page = await browser.newPage();
    page.on('pageerror', (error) => console.error(error.message));
    await page.goto(`${address}bench/${name}/index.html`, { timeout: 300_000, waitUntil: 'commit' });
    await page.waitForFunction(() => 'measure' in window, undefined, { timeout: 300_000 });
    return await visit({
      page,
      browser: browser.version(),
      urlOf: (path) => `${address}@fs${resolve(path)}`,
    });
  } finally {
    await browser.close();
    await server.close();
    await rm(cacheDir, { recursive: true, force: true });
  }
}
