/**
 * One writer per output. The lock is a folder of numbered files; the file with the highest number is the holder's, and says who
 * that is. A number is taken by exclusive creation, so a lock is never free for two: whoever takes over from a holder that
 * has ended creates the next number, checks that nothing changed meanwhile, and only then removes the old file.
 *
 * A holder on this machine is alive as long as its process is, however long it is silent; a process id that was given to another
 * process does not count. A holder on another machine rewrites its file regularly, and is taken for dead once it has not
 * done so for `staleMs`. Both times come from the file system that holds the lock, so clocks that differ do no harm.
 */
import { LockClaim } from './lock-claim.node.ts';
import { ownerText, type Taken } from './lock-owner.node.ts';

export interface LockTimes {
  /** Milliseconds between signs of life of the holder. */
  readonly touchMs: number;
  /** Milliseconds between checks by whoever waits. */
  readonly pollMs: number;
  /** Milliseconds without a sign of life after which a holder on another machine is taken for dead. */
  readonly staleMs: number;
}

/** Generous, because one slice can block the event loop of a slow core for many seconds. */
const defaultTimes: LockTimes = { touchMs: 10_000, pollMs: 2_000, staleMs: 180_000 };

/** The output is taken. The message names the holder, and what to do. */
export class OutputTakenError extends Error {
  override readonly name = 'OutputTakenError';
}

/** The lock was lost while it was held: another process took it over, or the folder was deleted. */
export class OutputLostError extends Error {
  override readonly name = 'OutputLostError';
}

export interface OutputLock {
  /** Aborts with an `OutputLostError` once the lock is found to be lost. */
  readonly signal: AbortSignal;
  /** @throws OutputLostError unless the lock is still held; call it before results are put in place. */
  check(): Promise<void>;
  release(): Promise<void>;
}

export interface LockOptions {
  /** Waits for the holder, and is told once who that is; by default a lock that is taken is refused. */
  readonly onWait?: (holder: string) => void;
  readonly times?: LockTimes;
}

/** Name of the lock of an output. */
export function lockOf(output: string): string {
  return `${output}.lock`;
}

/**
 * Runs `work` while holding the lock `path`, whose folder must exist.
 * @throws OutputTakenError when another process holds it, unless `onWait` is given; OutputLostError; any error of `work`.
 */
export async function withOutputLock<T>(
  path: string,
  work: (lock: OutputLock) => Promise<T>,
  options: LockOptions = {},
): Promise<T> {
  const lock = await acquireOutputLock(path, options);
  try {
    return await work(lock);
  } finally {
    await lock.release();
  }
}

/** A refusal may come from a claim that is being withdrawn, so it is checked this often, at this interval. */
const refusalChecks = 3;
const refusalPauseMs = 60;

/** Takes the lock at `path`; release it. @throws OutputTakenError when it is taken and `onWait` is absent. */
export async function acquireOutputLock(
  path: string,
  { onWait, times = defaultTimes }: LockOptions = {},
): Promise<OutputLock> {
  const claim = new LockClaim(path);
  try {
    let seen = { mark: '', since: performance.now() };
    let refusals = 0;
    let isTold = false;
    for (;;) {
      const taken = await claim.attempt(times.staleMs, seen);
      if (taken === 'held') return new HeldLock(claim, times.touchMs);
      if (taken === 'changed') {
        await pause(1 + Math.random() * 10);
        continue;
      }
      if (taken.mark !== seen.mark) seen = { mark: taken.mark, since: performance.now() };
      if (onWait === undefined) {
        if (++refusals >= refusalChecks) throw takenError(path, taken);
        await pause(refusalPauseMs);
        continue;
      }
      if (!isTold) onWait(ownerText(taken));
      isTold = true;
      await pause(times.pollMs);
    }
  } catch (error) {
    await claim.withdraw();
    throw error;
  }
}

class HeldLock implements OutputLock {
  readonly #claim: LockClaim;
  readonly #lost = new AbortController();
  readonly #timer: NodeJS.Timeout;
  #touching: Promise<void> = Promise.resolve();

  constructor(claim: LockClaim, touchMs: number) {
    this.#claim = claim;
    this.#timer = setInterval(() => {
      this.#touching = this.#claim.touch().then(
        (isHeld) => {
          if (!isHeld) this.#lose();
        },
        () => undefined,
      );
    }, touchMs);
    this.#timer.unref();
  }

  get signal(): AbortSignal {
    return this.#lost.signal;
  }

  async check(): Promise<void> {
    if (!(await this.#claim.isOurs())) this.#lose();
    this.#lost.signal.throwIfAborted();
  }

  async release(): Promise<void> {
    clearInterval(this.#timer);
    await this.#touching;
    await this.#claim.withdraw();
  }

  #lose(): void {
    if (this.#lost.signal.aborted) return;
    this.#lost.abort(
      new OutputLostError(
        `${outputOf(this.#claim.path)}: The lock was taken over or deleted while this process held it, so nothing more is ` +
          'written. Make sure that no other process writes here, then run the command again.',
      ),
    );
  }
}

function takenError(path: string, taken: Taken): OutputTakenError {
  return new OutputTakenError(
    `${outputOf(path)}: ${ownerText(taken)} is writing here. Wait until it has ended, or choose another output.`,
  );
}

function outputOf(path: string): string {
  return path.replace(/\.lock$/, '');
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
