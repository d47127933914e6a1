/**
 * Frames per second while a slide with its overlay is panned and zoomed, in one pane and in four, on the built app.
 *
 *   npx tsx bench/frames/run.ts [--dist FOLDER]... [--rounds N] [--seconds N] [--json]
 *
 * With several builds, they take turns, so that a busy machine slows all of them alike. The overlay is a ground truth of
 * many shapes: no network runs. Frames are driven and timed within the page.
 */
import { parseArgs } from 'node:util';
import { resolve } from 'node:path';
import { loadavg } from 'node:os';
import { chromium, type Browser, type Page } from '@playwright/test';
import { findChromium, whatToInstall } from '../../scripts/chromium.mjs';
import { createStaticServer, listen } from '../../scripts/static-server.mjs';
import { manyShapes } from './shapes.ts';

const { values } = parseArgs({
  options: {
    dist: { type: 'string', multiple: true, default: ['dist'] },
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '3' },
    json: { type: 'boolean', default: false },
  },
});

export interface FrameTimes {
  readonly fps: number;
  /** Milliseconds. */
  readonly longest: number;
  readonly p95: number;
}

type Motion = 'pan' | 'zoom';

/** Presses keys in the page for a while and times its frames. */
function drive(page: Page, motion: Motion, seconds: number): Promise<FrameTimes> {
  return page.evaluate(
    async ([kind, duration]) => {
      const keys =
        kind === 'pan' ? ['ArrowRight', 'ArrowDown', 'ArrowLeft', 'ArrowUp'] : ['+', '+', '-', '-'];
      const gaps: number[] = [];
      const start = performance.now();
      let last = start;
      let pressed = 0;
      await new Promise<void>((done) => {
        const frame = (): void => {
          const now = performance.now();
          gaps.push(now - last);
          last = now;
          const turn = Math.floor((now - start) / 120);
          if (turn >= pressed) {
            const key = keys[Math.floor(pressed / 4) % keys.length]!;
            pressed = turn + 1;
            window.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true }));
          }
          if (now - start < duration * 1000) requestAnimationFrame(frame);
          else done();
        };
        requestAnimationFrame(frame);
      });
      gaps.sort((one, other) => one - other);
      return {
        fps: (1000 * gaps.length) / (last - start),
        longest: gaps.at(-1) ?? 0,
        p95: gaps[Math.floor(0.95 * gaps.length)] ?? 0,
      };
    },
    [motion, seconds] as const,
  );
}

async function measure(browser: Browser, url: string, seconds: number): Promise<Record<string, FrameTimes>> {
  const page = await browser.newPage({ viewport: { width: 1600, height: 1000 } });
  // tsx calls it for every named function, also in those that the page gets.
  await page.addInitScript('globalThis.__name = (named) => named');
  await page.goto(`${url}/?slide=slides/phantom-1.tif&model=nano-single`);
  await page.getByTestId('slide-name').waitFor();
  await page.evaluate(
    (text) => {
      const dataTransfer = new DataTransfer();
      dataTransfer.items.add(new File([text], 'shapes.geojson'));
      document.body.dispatchEvent(new DragEvent('drop', { dataTransfer, bubbles: true, cancelable: true }));
    },
    manyShapes(16_000, 14_000),
  );
  await page.waitForFunction(() => (window.dualscope?.slices('truth').length ?? 0) > 0, undefined, {
    timeout: 60_000,
  });
  await page.evaluate(() => {
    for (const input of document.querySelectorAll('input, select, button')) (input as HTMLElement).blur();
  });
  const results: Record<string, FrameTimes> = {};
  const layerOf = async (testId: string): Promise<void> => {
    await page.getByTestId(testId).selectOption('truth');
  };
  await layerOf('layer-select');
  for (const panes of [1, 4] as const) {
    if (panes === 4) {
      await page.keyboard.press('Alt+4');
      for (const pane of ['A', 'B', 'C', 'D']) await layerOf(`pane-title-${pane}`);
    }
    await page.evaluate(() => (document.activeElement as HTMLElement | null)?.blur());
    for (const [zoom, key] of [
      ['5×', '3'],
      ['20×', '5'],
    ] as const) {
      await page.keyboard.press('0');
      await page.keyboard.press(key);
      await page.waitForTimeout(2500);
      for (const motion of ['pan', 'zoom'] as const) {
        results[`${panes} ${panes === 1 ? 'pane' : 'panes'}, ${zoom}, ${motion}`] = await drive(
          page,
          motion,
          seconds,
        );
        await page.waitForTimeout(1000);
      }
    }
  }
  await page.close();
  return results;
}

const executablePath = findChromium();
if (executablePath === null) throw new Error(whatToInstall);
const builds = await Promise.all(
  values.dist.map(async (dist) => {
    const server = createStaticServer({ folder: resolve(dist) });
    return { dist, url: `http://localhost:${await listen(server, 0, 1)}`, server };
  }),
);
const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
const all: Record<string, Record<string, FrameTimes[]>> = {};
try {
  for (let round = 0; round < Number(values.rounds); round++) {
    for (const { dist, url } of builds) {
      for (const [name, times] of Object.entries(await measure(browser, url, Number(values.seconds)))) {
        ((all[name] ??= {})[dist] ??= []).push(times);
      }
    }
  }
} finally {
  await browser.close();
  for (const { server } of builds) server.close();
}
const median = (numbers: number[]): number =>
  numbers.sort((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? 0;
if (values.json) console.log(JSON.stringify(all));
else {
  console.log(
    `load ${loadavg()[0]?.toFixed(1)}; medians: frames per second, 95 % of frames within, longest frame`,
  );
  for (const [name, byDist] of Object.entries(all)) {
    const texts = Object.entries(byDist).map(
      ([dist, times]) =>
        `${dist}: ${median(times.map((each) => each.fps)).toFixed(0)} fps, ${median(times.map((each) => each.p95)).toFixed(0)} ms, ${median(times.map((each) => each.longest)).toFixed(0)} ms`,
    );
    console.log(`${name}: ${texts.join(' | ')}`);
  }
}
