import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { withSlideLock } from './slide-lock.ts';

const folder = mkdtempSync(join(tmpdir(), 'dualscope-lock-'));
afterAll(() => rmSync(folder, { recursive: true }));
const times = { touchMs: 10, pollMs: 5, staleMs: 100 };

it('admits one job at a time and names the holder', async () => {
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
      { ...times, staleMs: 60_000 },
    );
  await Promise.all([job(0), job(1), job(2)]);
  expect(order.sort()).toEqual([0, 1, 2]);
  expect(holders.every((holder) => holder.includes(hostname()))).toBe(true);
  expect(existsSync(path)).toBe(false);
});

it('releases the lock when the work fails', async () => {
  const path = join(folder, 'two');
  await expect(withSlideLock(path, () => Promise.reject(new Error('broken')))).rejects.toThrow('broken');
  expect(existsSync(path)).toBe(false);
});

it('takes over a lock that another machine has stopped touching', async () => {
  const path = join(folder, 'three');
  writeFileSync(path, 'process 1 on some-other-machine');
  const holders: string[] = [];
  expect(
    await withSlideLock(
      path,
      async () => 'done',
      (holder) => holders.push(holder),
      times,
    ),
  ).toBe('done');
  expect(holders).toEqual(['process 1 on some-other-machine']);
});

it('takes over at once if the holder was a local process that has ended', async () => {
  const path = join(folder, 'four');
  // Beyond the largest process id of Linux.
  writeFileSync(path, `process 4194305 on ${hostname()}`);
  const holders: string[] = [];
  await withSlideLock(
    path,
    async () => undefined,
    (holder) => holders.push(holder),
    { ...times, staleMs: 60_000 },
  );
  expect(holders).toEqual([]);
});
