/**
 * Browser tests against the built app, as `npm start` serves it. Specs named `*.webgpu.spec.ts` run on
 * WebGPU with Chromium's software adapter, all others on what the app chooses by itself (wasm here). Tests run three at a
 * time where the caller allows it (`--workers=2`); those of `timed` are for a machine that does nothing else.
 * `screens` takes the headless shell where there is one, the rest the whole browser.
 * `visual.spec.ts` compares screenshots with baselines; `firefox.spec.ts` skips unless there is a Firefox.
 */
import { createServer } from 'node:http';
import { defineConfig } from '@playwright/test';
import { findOrInstallChromium, headlessShellOrChromium, whatToInstall } from './scripts/chromium.mjs';
import { listen } from './scripts/static-server.mjs';

const executablePath = findOrInstallChromium();
if (executablePath === null) throw new Error(whatToInstall);

/** A port that is free now. */
async function freePort(): Promise<string> {
  const probe = createServer();
  const port = await listen(probe, 0, 1);
  await new Promise((done) => probe.close(done));
  return String(port);
}

// Playwright reads this file again in each of its processes; the environment is how they agree.
process.env.DUALSCOPE_E2E_SHELL ??= headlessShellOrChromium() ?? executablePath;
process.env.DUALSCOPE_E2E_PORT ??= await freePort();
process.env.DUALSCOPE_E2E_FAULT_PORT ??= await freePort();
const appUrl = `http://localhost:${process.env.DUALSCOPE_E2E_PORT}`;
const faultUrl = `http://localhost:${process.env.DUALSCOPE_E2E_FAULT_PORT}`;

/**
 * What most specs measure: every slice, each by itself, nothing left over from a run before, on any slide, and an overlay
 * that is drawn in full at every zoom.
 */
const plainRuns = {
  quality: 'fast',
  skipGlass: false,
  keepResults: false,
  askMisfit: false,
  thinOverlay: false,
};

/** These look at what is faster: a task and its limit, a pan and the run. */
const timed = ['queue', 'smoothness'].map((name) => `**/${name}.spec.ts`);

/** About inference, storage and memory: in the whole browser, as readers have it. */
const engine = ['full-size', 'memory', 'resume', 'segment', 'storage'].map((name) => `**/${name}.spec.ts`);

const isRoot = process.getuid?.() === 0;
const quiet = [
  ...(isRoot ? ['--no-sandbox'] : []),
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  // Files come from a file input, which specs can fill; the system's own dialog they cannot.
  '--disable-blink-features=FileSystemAccessLocal',
];

/** The same glyphs and colours on every machine. */
const steadyPixels = [
  '--font-render-hinting=none',
  '--disable-lcd-text',
  '--force-color-profile=srgb',
  '--force-device-scale-factor=1',
  '--hide-scrollbars',
];

export default defineConfig({
  testDir: 'e2e',
  outputDir: 'test-results/browser',
  workers: 1,
  // The tests of a file may run at the same time, so that no long file is left over at the end.
  fullyParallel: true,
  forbidOnly: process.env.CI !== undefined,
  timeout: 120_000,
  expect: { timeout: 30_000 },
  reporter: 'list',
  use: {
    baseURL: appUrl,
    headless: true,
    // Specs see what the server gives, not what a visit before has kept; offline.spec.ts alone allows it.
    serviceWorkers: 'block',
    viewport: { width: 1280, height: 800 },
    actionTimeout: 30_000,
    screenshot: 'only-on-failure',
    storageState: {
      cookies: [],
      origins: [
        {
          origin: appUrl,
          localStorage: [{ name: 'dualscope.preferences', value: JSON.stringify(plainRuns) }],
        },
      ],
    },
  },
  projects: [
    // First, because its tests take longest.
    {
      name: 'webgpu',
      testMatch: '**/*.webgpu.spec.ts',
      use: {
        launchOptions: {
          executablePath,
          args: [...quiet, '--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader'],
        },
      },
    },
    {
      name: 'engine',
      testMatch: engine,
      use: { launchOptions: { executablePath, args: quiet } },
    },
    {
      name: 'screens',
      testIgnore: ['**/*.webgpu.spec.ts', '**/visual.spec.ts', '**/firefox.spec.ts', ...engine, ...timed],
      use: { launchOptions: { executablePath: process.env.DUALSCOPE_E2E_SHELL, args: quiet } },
    },
    {
      name: 'visual',
      testMatch: '**/visual.spec.ts',
      // One baseline for all platforms; the spec brings its own font and its own tolerance.
      snapshotPathTemplate: 'e2e/visual/{arg}{ext}',
      use: {
        // The font is a data: URL, which the app's policy forbids.
        bypassCSP: true,
        contextOptions: { reducedMotion: 'reduce' },
        launchOptions: { executablePath, args: [...quiet, ...steadyPixels] },
      },
    },
    // Launches its browser itself.
    { name: 'firefox', testMatch: '**/firefox.spec.ts' },
    {
      name: 'timed',
      testMatch: timed,
      use: { launchOptions: { executablePath, args: quiet } },
    },
  ],
  webServer: [
    {
      command: `node scripts/start.mjs --strict-port --port ${process.env.DUALSCOPE_E2E_PORT} --allow-origin ${faultUrl}`,
      url: `${appUrl}/`,
      // The first start builds the app.
      timeout: 300_000,
    },
    {
      command: `node e2e/fixtures/fault-server.mjs ${process.env.DUALSCOPE_E2E_FAULT_PORT}`,
      url: `${faultUrl}/alive`,
    },
  ],
});
