/**
 * Uses the built app as a reader does, over and over: opens a slide, segments, compares, closes. Prints after each round
 * what the browser holds then, and at the end how much it grew.
 *
 *     npx tsx bench/soak/run.ts [--rounds 1000] [--minutes 60] [--model nano-single]
 *
 * Ends after the given rounds or minutes, whichever is first. Exit code 1 if something grows.
 */
import { parseArgs } from 'node:util';
import { chromium } from '@playwright/test';
import type { CDPSession, Page } from '@playwright/test';
import { findOrInstallChromium, whatToInstall } from '../../scripts/chromium.mjs';
import { startServer } from '../app-server.ts';
import { processTreeBytes } from './process-memory.ts';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '1000' },
    minutes: { type: 'string', default: '60' },
    model: { type: 'string', default: 'nano-single' },
  },
});
const maxRounds = Number(values.rounds);
const maxMinutes = Number(values.minutes);

/** What the browser holds after a round, with nothing open. */
interface Reading {
  readonly round: number;
  readonly seconds: number;
  /** Of the page, after garbage collection. */
  readonly heapMB: number;
  /** Of page and workers together. */
  readonly pageMB: number;
  readonly nodes: number;
  readonly listeners: number;
  readonly workers: number;
  /** Of all processes of the browser; null where the system does not tell. */
  readonly processMB: number | null;
}

/** Growth from the middle third of the rounds to the last that counts as a leak. */
const limits = { heapMB: 1.1, pageMB: 1.15, nodes: 1.02, listeners: 1.02, workers: 1, processMB: 1.15 };

const endedRuns = (page: Page): Promise<number> => page.evaluate(() => window.dualscope?.endedRuns() ?? 0);

/** Does something that starts a run, and waits for its end. */
async function afterRun(page: Page, start: () => Promise<void>): Promise<void> {
  const before = await endedRuns(page);
  await start();
  await page.waitForFunction((count) => (window.dualscope?.endedRuns() ?? 0) > count, before, {
    timeout: 600_000,
  });
}

async function oneRound(page: Page, round: number): Promise<void> {
  const slides = page.getByTestId('demo-slides').first().getByRole('button');
  await slides.nth(round % (await slides.count())).click();
  await page.waitForFunction(() => window.dualscope?.transform() != null, undefined, { timeout: 60_000 });
  await page.keyboard.press('4');
  await page.waitForTimeout(800);
  await afterRun(page, () => page.keyboard.press('s'));
  await afterRun(page, () => page.keyboard.press('Alt+2'));
  for (const key of ['w', 'w', 'Alt+1', '0']) {
    await page.keyboard.press(key);
    await page.waitForTimeout(300);
  }
  await page.keyboard.press('Control+k');
  await page.keyboard.type('Close slide');
  await page.keyboard.press('Enter');
  await page.getByTestId('start-page').waitFor();
  await page.waitForTimeout(500);
}

async function read(
  page: Page,
  cdp: CDPSession,
  browser: CDPSession,
): Promise<Omit<Reading, 'round' | 'seconds'>> {
  for (let times = 0; times < 3; times++) await cdp.send('HeapProfiler.collectGarbage');
  const { nodes, jsEventListeners } = await cdp.send('Memory.getDOMCounters');
  const { usedSize } = await cdp.send('Runtime.getHeapUsage');
  const { targetInfos } = await browser.send('Target.getTargets');
  const pageBytes = await page.evaluate(async () => {
    const measuring = performance as Performance & {
      measureUserAgentSpecificMemory(): Promise<{ readonly bytes: number }>;
    };
    return (await measuring.measureUserAgentSpecificMemory()).bytes;
  });
  const { processInfo } = await browser.send('SystemInfo.getProcessInfo');
  const main = processInfo.find(({ type }) => type === 'browser');
  const processBytes = main === undefined ? null : processTreeBytes(main.id);
  return {
    heapMB: toMB(usedSize),
    pageMB: toMB(pageBytes),
    nodes,
    listeners: jsEventListeners,
    workers: targetInfos.filter(({ type }) => type === 'worker').length,
    processMB: processBytes === null ? null : toMB(processBytes),
  };
}

function toMB(bytes: number): number {
  return Math.round(bytes / 1e5) / 10;
}

/** Mean of the last third over the mean of the middle third; 1 if there are too few rounds. */
function growth(numbers: readonly number[]): number {
  const third = Math.floor(numbers.length / 3);
  if (third === 0) return 1;
  const mean = (list: readonly number[]): number => list.reduce((sum, each) => sum + each, 0) / list.length;
  return mean(numbers.slice(-third)) / mean(numbers.slice(third, 2 * third));
}

const executablePath = findOrInstallChromium();
if (executablePath === null) throw new Error(whatToInstall);
const server = await startServer();
const browser = await chromium.launch({
  executablePath,
  args: [
    ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
    // Measures memory at once, not some time later.
    '--enable-blink-features=ForceEagerMeasureMemory',
  ],
});
const readings: Reading[] = [];
try {
  const context = await browser.newContext({
    viewport: { width: 1280, height: 800 },
    serviceWorkers: 'block',
  });
  // Every round computes: nothing is kept from the one before.
  const preferences = JSON.stringify({
    quality: 'fast',
    skipGlass: false,
    keepResults: false,
    askMisfit: false,
  });
  await context.addInitScript((text) => localStorage.setItem('dualscope.preferences', text), preferences);
  const page = await context.newPage();
  page.on('pageerror', (error) => console.error(error.message));
  await page.goto(`${server.url}?slide=none&model=${values.model}`);
  await page.getByTestId('backend').waitFor({ timeout: 120_000 });
  const cdp = await context.newCDPSession(page);
  const browserCdp = await browser.newBrowserCDPSession();
  await cdp.send('HeapProfiler.enable');
  const start = performance.now();
  const minutes = (): number => (performance.now() - start) / 60_000;
  for (let round = 1; round <= maxRounds && minutes() < maxMinutes; round++) {
    const roundStart = performance.now();
    await oneRound(page, round);
    const seconds = Math.round((performance.now() - roundStart) / 100) / 10;
    const reading = { round, seconds, ...(await read(page, cdp, browserCdp)) };
    readings.push(reading);
    console.log(JSON.stringify(reading));
  }
} finally {
  await browser.close();
  server.stop();
}

const names = ['heapMB', 'pageMB', 'nodes', 'listeners', 'workers', 'processMB'] as const;
const grown = Object.fromEntries(
  names.map((name) => [name, Number(growth(readings.map((each) => each[name] ?? 0)).toFixed(3))]),
);
const leaks = names.filter((name) => (grown[name] ?? 1) > limits[name]);
console.log(JSON.stringify({ rounds: readings.length, lastOverMiddle: grown, leaks }));
process.exitCode = leaks.length > 0 ? 1 : 0;
