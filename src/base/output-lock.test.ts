import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, expect, it } from 'vitest';
import { acquireOutputLock, withOutputLock } from './output-lock.node.ts';

const folder = mkdtempSync(join(tmpdir(), 'dualscope-lock-'));
afterAll(() => rmSync(folder, { recursive: true }));
const times = { touchMs: 10, pollMs: 5, staleMs: 100 };
const patient = { ...times, staleMs: 60_000 };
const nobody = (): void => undefined;

/** Owners as this process writes them, with changes. */
async function ownerWith(change: object): Promise<string> {
  const path = join(folder, 'own');
  const lock = await acquireOutputLock(path);
  const own = JSON.parse(readFileSync(join(path, '1.json'), 'utf8')) as object;
  await lock.release();
  return JSON.stringify({ ...own, ...change });
}

/** A lock that someone else left. */
async function leave(name: string, change: object, silentSeconds = 0): Promise<string> {
  const path = join(folder, name);
  mkdirSync(path, { recursive: true });
  writeFileSync(join(path, '1.json'), await ownerWith({ token: 'f'.repeat(16), ...change }));
  const then = Date.now() / 1000 - silentSeconds;
  utimesSync(join(path, '1.json'), then, then);
  return path;
}

it('admits one job at a time, tells the others who holds it, and leaves nothing behind', async () => {
  const path = join(folder, 'one.lock');
  let inside = 0;
  const holders: string[] = [];
  const order: number[] = [];
  const job = (i: number) =>
    withOutputLock(
      path,
      async () => {
        expect(++inside).toBe(1);
        order.push(i);
        await new Promise((resolve) => setTimeout(resolve, 30));
        inside--;
      },
      { onWait: (holder) => holders.push(holder), times: patient },
    );
  await Promise.all([job(0), job(1), job(2)]);
  expect(order.sort()).toEqual([0, 1, 2]);
  expect(holders.length).toBeGreaterThan(0);
  for (const holder of holders) expect(holder).toContain(`Process ${process.pid} on ${hostname()}`);
  expect(existsSync(path)).toBe(false);
});

it('refuses without waiting, and names the holder and what was locked', async () => {
  const path = join(folder, 'two.lock');
  await withOutputLock(path, async () => {
    const before = readdirSync(path);
    await expect(acquireOutputLock(path)).rejects.toThrow(
      new RegExp(
        `two: Process ${process.pid} on .* \\(since 20.*last sign of life .*\\) is writing here\\. Wait`,
      ),
    );
    expect(readdirSync(path)).toEqual(before);
  });
});

it('releases the lock when the work fails', async () => {
  const path = join(folder, 'three.lock');
  await expect(withOutputLock(path, () => Promise.reject(new Error('broken')))).rejects.toThrow('broken');
  expect(existsSync(path)).toBe(false);
});

it.each<[string, object, number]>([
  ['a process of this machine that has ended', { pid: 4_194_305 }, 0],
  // This process, but as one that started at another time: the id was given away again.
  ['a process whose id belongs to another one now', { started: '1' }, 0],
  ['another machine that is silent', { machine: 'another', host: 'elsewhere' }, 61],
])('takes over at once from %s', async (name, change, silentSeconds) => {
  if (process.platform !== 'linux' && 'started' in change) return;
  const path = await leave(name, change, silentSeconds);
  await withOutputLock(path, async () => expect(readdirSync(path)).toEqual(['2.json']), { times: patient });
  expect(existsSync(path)).toBe(false);
});

it.each([
  ['a living process of this machine, however long it is silent', {}, 3600],
  [
    'another machine that shows signs of life, though a process of the same id is gone here',
    { machine: 'another', pid: 4_194_305 },
    10,
  ],
  // Its clock, or the server's, may be ahead.
  ['another machine whose file is from the future', { machine: 'another' }, -3600],
])('does not take over from %s', async (name, change, silentSeconds) => {
  if (process.platform !== 'linux' && silentSeconds === 3600) return;
  const path = await leave(name, change, silentSeconds);
  await expect(acquireOutputLock(path, { times: patient })).rejects.toThrow('is writing here');
  expect(readdirSync(path)).toEqual(['1.json']);
});

it('takes over from another machine, whatever its clock, once it has been seen silent for long enough', async () => {
  const path = await leave('future', { machine: 'another', host: 'elsewhere' }, -3600);
  const holders: string[] = [];
  await withOutputLock(path, () => Promise.resolve(), { onWait: (holder) => holders.push(holder), times });
  expect(holders).toHaveLength(1);
  expect(holders[0]).toContain('on elsewhere');
});

it.each(['', 'null', '{', '{"pid":-1}', '{"pid":1}'])(
  'waits for a holder that reads %j until it is stale',
  async (content) => {
    const path = join(folder, 'strange.lock');
    mkdirSync(path, { recursive: true });
    writeFileSync(join(path, '7.json'), content);
    await expect(acquireOutputLock(path, { times: patient })).rejects.toThrow(
      'Another process is writing here',
    );
    await withOutputLock(path, async () => expect(readdirSync(path)).toEqual(['8.json']), {
      onWait: nobody,
      times,
    });
  },
);

it('notices that its lock was taken over or deleted', async () => {
  const path = join(folder, 'lost.lock');
  const lock = await acquireOutputLock(path, { times });
  await lock.check();
  rmSync(path, { recursive: true });
  await once(lock.signal, 'abort');
  await expect(lock.check()).rejects.toThrow(/lost: The lock was taken over or deleted/);
  // Releasing a lost lock does not touch that of its new holder.
  const next = await acquireOutputLock(path, { times });
  await lock.release();
  await next.check();
  await next.release();
});

it('explains a file that is in the way', async () => {
  const path = join(folder, 'file.lock');
  writeFileSync(path, '');
  await expect(acquireOutputLock(path)).rejects.toThrow('file.lock: A file is in the way of the lock.');
});

/** `DUALSCOPE_ATTACK=long` runs the counts of docs/security.md. */
const [processes, rounds] = process.env.DUALSCOPE_ATTACK === 'long' ? [6, 500] : [4, 100];

it(`is never held twice by ${processes} processes that take it ${rounds} times each, half of them from dead holders`, async () => {
  const arena = join(folder, 'arena');
  mkdirSync(arena);
  const dead = await ownerWith({ pid: 4_194_305, token: 'd'.repeat(16) });
  const program = join(import.meta.dirname, 'output-lock-contender.node.ts');
  const startAt = String(Date.now() + 3000);
  const counts = await Promise.all(
    Array.from({ length: processes }, async () => {
      const words = ['--import', 'tsx', program, arena, String(rounds), startAt, dead];
      const child = spawn(process.execPath, words, { stdio: ['ignore', 'pipe', 'inherit'] });
      return JSON.parse(await text(child.stdout)) as { rounds: number; double: number };
    }),
  );
  expect(counts).toEqual(Array.from({ length: processes }, () => ({ rounds, double: 0 })));
}, 600_000);
