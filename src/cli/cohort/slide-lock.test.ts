import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { withSlideLock } from './slide-lock.ts';

const folder = mkdtempSync(join(tmpdir(), 'dualscope-lock-'));
afterAll(() => rmSync(folder, { recursive: true }));
const times = { touchMs: 10, lookMs: 5, deadMs: 100 };

it('lets one at a time in, and says who is there', async () => {
  const path = join(folder, 'one');
  let inside = 0;
  const holders: string[] = [];
  const order: number[] = [];
  const job = (i: number) =>
    withSlideLock(
      path,
      async () => {
        expect(++inside).toBe(1);
        order.push(i);
        expect(readFileSync(path, 'utf8')).toContain(`process ${process.pid} on`);
        await new Promise((resolve) => setTimeout(resolve, 30));
        inside--;
      },
      (holder) => holders.push(holder),
      { ...times, deadMs: 60_000 },
    );
  await Promise.all([job(0), job(1), job(2)]);
  expect(order.sort()).toEqual([0, 1, 2]);
  expect(holders.every((holder) => holder.includes(hostname()))).toBe(true);
  expect(existsSync(path)).toBe(false);
});

it('gives the lock back when the work fails', async () => {
  const path = join(folder, 'two');
  await expect(withSlideLock(path, () => Promise.reject(new Error('broken')))).rejects.toThrow('broken');
  expect(existsSync(path)).toBe(false);
});

it('takes over from a machine that touches its lock no more', async () => {
  const path = join(folder, 'three');
  writeFileSync(path, 'process 1 on some-other-machine');
  const told: string[] = [];
  expect(
    await withSlideLock(
      path,
      async () => 'done',
      (holder) => told.push(holder),
      times,
    ),
  ).toBe('done');
  expect(told).toEqual(['process 1 on some-other-machine']);
});

it('takes over at once from a process of this machine that is no more', async () => {
  const path = join(folder, 'four');
  // Beyond the largest process id of Linux.
  writeFileSync(path, `process 4194305 on ${hostname()}`);
  const told: string[] = [];
  await withSlideLock(
    path,
    async () => undefined,
    (holder) => told.push(holder),
    { ...times, deadMs: 60_000 },
  );
  expect(told).toEqual([]);
});
