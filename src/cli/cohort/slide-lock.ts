/**
 * One job at a time per slide. A killed workflow leaves jobs in the cluster's queue. Jobs of the next workflow wait for
 * them instead of writing to the same files, and then find the work done.
 *
 * The lock is a file that its holder touches regularly. It is stale once a waiting job has seen no touch for `staleMs`.
 * The waiting job measures this on its own clock, so clocks that differ between machines do no harm.
 */
import { open, readFile, rename, rm, stat, utimes } from 'node:fs/promises';
import { hostname } from 'node:os';

export interface LockTimes {
  /** Milliseconds between touches by the holder. */
  readonly touchMs: number;
  /** Milliseconds between checks by a waiting job. */
  readonly pollMs: number;
  /** Milliseconds without a touch after which a lock is stale. */
  readonly staleMs: number;
}

/** Generous, because one slice can block the event loop of a slow core for many seconds. */
const defaultTimes: LockTimes = { touchMs: 10_000, pollMs: 2_000, staleMs: 180_000 };

/**
 * Waits for the lock at `path` and runs `work` while holding it.
 * @param onWait called once with the current holder, if the lock is taken.
 */
export async function withSlideLock<T>(
  path: string,
  work: () => Promise<T>,
  onWait: (holder: string) => void = () => undefined,
  times: LockTimes = defaultTimes,
): Promise<T> {
  await acquire(path, onWait, times);
  const touch = setInterval(() => {
    const now = new Date();
    // Fails if the folder was deleted meanwhile, which is no reason to stop.
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
  for (let attempt = 0; !(await create(path)); attempt++) {
    const now = await readLock(path);
    if (now === null) continue;
    if (now.mark !== seen.mark) seen = { mark: now.mark, since: performance.now() };
    if (isDeadLocally(now.holder) || performance.now() - seen.since > times.staleMs) {
      await removeStale(path, now.mark);
      continue;
    }
    if (attempt === 0) onWait(now.holder);
    await new Promise((resolve) => setTimeout(resolve, times.pollMs));
  }
}

/** @returns false if another job holds the lock. */
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

/** The holder, and a mark that changes with every touch; null if the lock was just released. */
async function readLock(path: string): Promise<{ holder: string; mark: string } | null> {
  try {
    const { mtimeMs, ino } = await stat(path);
    return { holder: await readFile(path, 'utf8'), mark: `${ino} ${mtimeMs}` };
  } catch {
    return null;
  }
}

/** Whether the holder was a process on this machine that has ended. */
function isDeadLocally(holder: string): boolean {
  const [, pid, host] = /^process (\d+) on (.+)$/.exec(holder) ?? [];
  if (pid === undefined || host !== hostname()) return false;
  try {
    process.kill(Number(pid), 0);
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ESRCH';
  }
}

/** Removes a stale lock. It is renamed first, so that only one of several waiting jobs succeeds. */
async function removeStale(path: string, mark: string): Promise<void> {
  if ((await readLock(path))?.mark !== mark) return;
  const aside = `${path}.${process.pid}.stale`;
  await rename(path, aside).catch(() => undefined);
  await rm(aside, { force: true });
}
