/**
 * One job at a time per slide. A run that was killed leaves jobs behind in the cluster's queue; those of the next run
 * must not write into the same files, and find the work done when their turn comes.
 *
 * The lock is a file that its holder touches. A lock that nobody touches for a while is dead, whatever the clocks of the
 * machines say: what counts is how long the waiting job has seen no change.
 */
import { open, readFile, rename, rm, stat, utimes } from 'node:fs/promises';
import { hostname } from 'node:os';

export interface LockTimes {
  /** Milliseconds between two touches, between two looks, and without a touch until a lock is dead. */
  readonly touchMs: number;
  readonly lookMs: number;
  readonly deadMs: number;
}

/** A slice on a slow core can keep a process busy for many seconds. */
const usualTimes: LockTimes = { touchMs: 10_000, lookMs: 2_000, deadMs: 180_000 };

/** Runs `work` while holding the lock at `path`; waits for it first. @param onWait told once, with who holds it. */
export async function withSlideLock<T>(
  path: string,
  work: () => Promise<T>,
  onWait: (holder: string) => void = () => undefined,
  times: LockTimes = usualTimes,
): Promise<T> {
  await acquire(path, onWait, times);
  const touch = setInterval(() => {
    const now = new Date();
    // Gone when somebody has cleared the folder: no reason to stop.
    utimes(path, now, now).catch(() => undefined);
  }, times.touchMs);
  try {
    return await work();
  } finally {
    clearInterval(touch);
    await rm(path, { force: true });
  }
}

async function acquire(path: string, onWait: (holder: string) => void, times: LockTimes): Promise<void> {
  let seen = { mark: '', since: performance.now() };
  for (let looks = 0; !(await create(path)); looks++) {
    const now = await look(path);
    if (now === null) continue;
    if (now.mark !== seen.mark) seen = { mark: now.mark, since: performance.now() };
    if (isDeadHere(now.holder) || performance.now() - seen.since > times.deadMs) {
      await takeAway(path, now.mark);
      continue;
    }
    if (looks === 0) onWait(now.holder);
    await new Promise((resolve) => setTimeout(resolve, times.lookMs));
  }
}

/** @returns false when somebody else holds it. */
async function create(path: string): Promise<boolean> {
  try {
    const file = await open(path, 'wx');
    await file.writeFile(`process ${process.pid} on ${hostname()}`);
    await file.close();
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/** Who holds it, and a mark that changes with every touch; null when it has just been given back. */
async function look(path: string): Promise<{ holder: string; mark: string } | null> {
  try {
    const { mtimeMs, ino } = await stat(path);
    return { holder: await readFile(path, 'utf8'), mark: `${ino} ${mtimeMs}` };
  } catch {
    return null;
  }
}

/** Whether the holder was a process of this machine that is no more. */
function isDeadHere(holder: string): boolean {
  const [, pid, host] = /^process (\d+) on (.+)$/.exec(holder) ?? [];
  if (pid === undefined || host !== hostname()) return false;
  try {
    process.kill(Number(pid), 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
}

/** Removes a dead lock; by renaming, so that of several that try one succeeds, and never one that is alive again. */
async function takeAway(path: string, mark: string): Promise<void> {
  if ((await look(path))?.mark !== mark) return;
  const aside = `${path}.${process.pid}.dead`;
  await rename(path, aside).catch(() => undefined);
  await rm(aside, { force: true });
}
