/** Clicks and keys at random: nothing may throw, whatever a reader does. */
import { expect, test } from '@playwright/test';
import { openBySlideAddress } from './fixtures/workbench.ts';

/** DUALSCOPE_RANDOM_SECONDS asks for more or less. */
const seconds = Number(process.env.DUALSCOPE_RANDOM_SECONDS ?? 30);
const seed = Number(process.env.DUALSCOPE_RANDOM_SEED ?? 7);

const keys = [
  ...'cfohswdnmbr0123456789+-,.[]?',
  ...['Escape', 'Enter', 'Tab', 'Shift+Tab', 'Space', 'Backspace', 'Delete', 'Home', 'End'],
  ...['ArrowLeft', 'ArrowRight', 'ArrowUp', 'ArrowDown', 'Shift+ArrowLeft', 'PageDown'],
  ...['Alt+1', 'Alt+2', 'Alt+4', 'Control+Alt+s', 'Control+k', 'Control+g', 'Control+z', 'Control+y'],
  ...['Shift+W', 'Shift+N', 'Shift+S', 'Shift+T', 'Shift+R', 'Shift+M', 'Shift+F', 'Shift+G', 'Shift+A'],
  ...['Alt+R', 'Alt+P', 'Alt+T'],
];

/** Numbers from 0 to 1 that are the same in every run: mulberry32. */
function randomNumbers(from: number): () => number {
  let state = from;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

test(`${seconds} s of random clicks and keys throw nothing`, async ({ page }) => {
  test.setTimeout((seconds + 120) * 1000);
  const thrown: string[] = [];
  page.on('pageerror', (error) => thrown.push(error.stack ?? error.message));
  page.on('console', (message) => {
    if (message.type() === 'error') thrown.push(message.text());
  });
  page.on('dialog', (dialog) => {
    thrown.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  await openBySlideAddress(page, 'slides/phantom-1.tif');
  await expect(page.getByTestId('backend')).toBeVisible();

  const random = randomNumbers(seed);
  const pick = <T>(list: readonly T[]): T => list[Math.floor(random() * list.length)]!;
  const { width, height } = page.viewportSize()!;
  const done: string[] = [];
  const end = Date.now() + seconds * 1000;
  while (Date.now() < end && thrown.length === 0) {
    const dice = random();
    if (dice < 0.45) {
      const key = pick(keys);
      done.push(key);
      await page.keyboard.press(key);
    } else if (dice < 0.85) {
      const [x, y] = [Math.floor(random() * width), Math.floor(random() * height)];
      done.push(`click ${x},${y}`);
      await page.mouse.click(x, y);
    } else if (dice < 0.93) {
      const [x, y] = [300 + random() * 600, 100 + random() * 600];
      done.push('drag');
      await page.mouse.move(x, y);
      await page.mouse.down();
      await page.mouse.move(x + (random() - 0.5) * 300, y + (random() - 0.5) * 300, { steps: 3 });
      await page.mouse.up();
    } else {
      done.push('wheel');
      await page.mouse.wheel(0, (random() - 0.5) * 600);
    }
  }
  expect(thrown, `after ${done.slice(-12).join(' · ')}`).toEqual([]);
  expect(done.length).toBeGreaterThan(20);
  // The page still answers.
  await page.keyboard.press('Escape');
  await page.keyboard.press('Escape');
  await expect(page.getByTestId('status-bar')).toBeVisible();
});
