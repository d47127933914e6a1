/**
 * One writer per output. The lock is a folder of numbered files; the file with the highest number is the holder's, and says who
 * that is. A number is taken by exclusive creation, so a lock is never free for two: whoever takes over from a holder that
 * has ended creates the next number, checks that nothing changed meanwhile, and only then removes the old file.
 *
 * A holder on this machine is alive as long as its process is, however long it is silent; a process id that was given to another
 * process does not count. A holder on another machine rewrites its file regularly, and is taken for dead once it has not
 * done so for `staleMs`. Both times come from the file system that holds the lock, so clocks that differ do no harm.
 */
import { randomBytes } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { link, lstat, mkdir, open, readdir, readFile, rm, rmdir, stat, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';

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

/** Whoever holds a lock, as its file says. */
interface Owner {
  readonly pid: number;
  readonly host: string;
  /** Identifies the kernel and its process ids; processes of the same machine can be asked about. */
  readonly machine: string;
  /** Start of the process, which tells it from a later one of the same id; null where the system does not say. */
  readonly started: string | null;
  /** When the lock was taken, ISO 8601. */
  readonly since: string;
  readonly token: string;
}

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
  const claim = new Claim(path);
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

/** A lock that is someone else's. */
interface Taken {
  /** null while its file can't be read. */
  readonly owner: Owner | null;
  /** Milliseconds since the last sign of life, by the file system's clock. */
  readonly silentMs: number;
  /** Changes with every sign of life. */
  readonly mark: string;
}

/** An attempt to hold a lock, and then the holder's file. */
class Claim {
  readonly path: string;
  readonly owner: Owner;
  readonly #text: string;
  /** Our owner's text under a name of its own: linked to a number, it appears complete or not at all. */
  readonly #draft: string;
  #file: string | null = null;

  constructor(path: string) {
    this.path = path;
    this.owner = thisOwner();
    this.#text = `${JSON.stringify(this.owner)}\n`;
    this.#draft = join(path, `${this.owner.token}.draft`);
  }

  /** @param seen the last sign of life that this process has seen, and since when. */
  async attempt(
    staleMs: number,
    seen: { readonly mark: string; readonly since: number },
  ): Promise<'held' | 'changed' | Taken> {
    const now = await this.#writeDraft();
    if (now === null) return 'changed';
    const before = await numbersIn(this.path);
    const last = before?.at(-1);
    let old: Taken | null = null;
    if (last !== undefined) {
      old = await takenBy(join(this.path, nameOf(last)), now);
      if (old === null) return 'changed';
      const isUnchanged = old.mark === seen.mark && performance.now() - seen.since > staleMs;
      if (!isDead(old, staleMs, isUnchanged)) return old;
    }
    const number = (last ?? 0) + 1;
    const file = join(this.path, nameOf(number));
    if (!(await this.#create(file))) return 'changed';
    this.#file = file;
    if (!(await this.#isAlone(number, last, old))) {
      await this.withdraw();
      return 'changed';
    }
    for (const each of before ?? []) await rm(join(this.path, nameOf(each)), { force: true });
    await this.#removeDrafts(now);
    return 'held';
  }

  /** Whether the file is still this claim's. */
  async isOurs(): Promise<boolean> {
    if (this.#file === null) return false;
    const owner = await readOwner(this.#file).catch(() => undefined);
    // A file that can't be read for another reason than being gone is no proof of a loss.
    return owner === null ? false : owner === undefined || owner.token === this.owner.token;
  }

  /** A sign of life. @returns false if the file is gone. */
  async touch(): Promise<boolean> {
    if (!(await this.isOurs()) || this.#file === null) return false;
    try {
      const handle = await open(this.#file, 'r+');
      try {
        await handle.write(this.#text, 0);
      } finally {
        await handle.close();
      }
      return true;
    } catch (error) {
      return (error as NodeJS.ErrnoException).code !== 'ENOENT';
    }
  }

  /** Removes what this claim has created. */
  async withdraw(): Promise<void> {
    if (this.#file !== null && (await this.isOurs())) await rm(this.#file, { force: true });
    this.#file = null;
    await rm(this.#draft, { force: true }).catch(() => undefined);
    // Only an empty folder can be removed: another process may have claimed the lock meanwhile.
    await rmdir(this.path).catch(() => undefined);
  }

  /** @returns the file system's time; null if the folder was removed meanwhile. */
  async #writeDraft(): Promise<number | null> {
    await mkdir(this.path).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
    });
    if (!(await lstat(this.path).catch(() => null))?.isDirectory()) {
      if ((await lstat(this.path).catch(() => null)) === null) return null;
      throw new Error(`${this.path}: A file is in the way of the lock. Move it, or choose another output.`);
    }
    try {
      await writeFile(this.#draft, this.#text);
      return (await stat(this.#draft)).mtimeMs;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
      throw error;
    }
  }

  /** @returns false if the number is taken, or the folder was removed. */
  async #create(file: string): Promise<boolean> {
    try {
      await link(this.#draft, file).catch(async (error: NodeJS.ErrnoException) => {
        if (error.code === 'EEXIST' || error.code === 'ENOENT') throw error;
        // A file system without links: the file is empty for a moment, which readers take for a holder that starts.
        await writeFile(file, this.#text, { flag: 'wx' });
      });
      return true;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === 'EEXIST' || code === 'ENOENT') return false;
      throw error;
    }
  }

  /** Whether the claim followed directly on what it was made for: a free lock, or a holder that is dead and still listed. */
  async #isAlone(number: number, last: number | undefined, old: Taken | null): Promise<boolean> {
    const after = await numbersIn(this.path);
    if (after?.at(-1) !== number) return false;
    if (last === undefined) return after.length === 1;
    const still = await readOwner(join(this.path, nameOf(last))).catch(() => null);
    return after.includes(last) && still?.token === old?.owner?.token;
  }

  /** Drafts of processes that were killed while they claimed the lock, and our own. */
  async #removeDrafts(now: number): Promise<void> {
    for (const name of await readdir(this.path).catch((): string[] => [])) {
      if (!name.endsWith('.draft')) continue;
      const file = join(this.path, name);
      const age = now - ((await stat(file).catch(() => null))?.mtimeMs ?? now);
      if (file === this.#draft || age > oldDraftMs) await rm(file, { force: true }).catch(() => undefined);
    }
  }
}

const oldDraftMs = 3_600_000;

class HeldLock implements OutputLock {
  readonly #claim: Claim;
  readonly #lost = new AbortController();
  readonly #timer: NodeJS.Timeout;
  #touching: Promise<void> = Promise.resolve();

  constructor(claim: Claim, touchMs: number) {
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

function isDead({ owner, silentMs }: Taken, staleMs: number, isUnchanged: boolean): boolean {
  if (owner !== null && owner.machine === thisMachine) {
    const started = startOf(owner.pid);
    if (started === 'gone') return true;
    // Alive, and the same process as then.
    if (started !== null && owner.started !== null) return started !== owner.started;
  }
  return silentMs > staleMs || isUnchanged;
}

function takenError(path: string, taken: Taken): OutputTakenError {
  return new OutputTakenError(
    `${outputOf(path)}: ${ownerText(taken)} is writing here. Wait until it has ended, or choose another output.`,
  );
}

function outputOf(path: string): string {
  return path.replace(/\.lock$/, '');
}

function ownerText({ owner, silentMs }: Taken): string {
  if (owner === null) return 'Another process';
  const life = silentMs < 1000 ? 'just now' : `${String(Math.round(silentMs / 1000))} s ago`;
  return `Process ${String(owner.pid)} on ${owner.host} (since ${owner.since}, last sign of life ${life})`;
}

/** The holder whose file this is; null if it is gone. @param now the file system's time. */
async function takenBy(file: string, now: number): Promise<Taken | null> {
  try {
    const { mtimeMs, ino } = await stat(file);
    const owner = await readOwner(file);
    const silentMs = Math.max(0, now - mtimeMs);
    return { owner, silentMs, mark: `${String(ino)} ${String(mtimeMs)} ${owner?.token ?? ''}` };
  } catch {
    return null;
  }
}

/** @returns null if the file is gone or no owner's. @throws any error of reading it, other than that it is gone. */
async function readOwner(file: string): Promise<Owner | null> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
  try {
    const found = JSON.parse(text) as Partial<Owner> | null;
    const { pid, host, machine, started, since, token } = found ?? {};
    const texts = [host, machine, since, token].every((each) => typeof each === 'string');
    if (!texts || !Number.isSafeInteger(pid) || Number(pid) < 1) return null;
    return { ...(found as Owner), started: typeof started === 'string' ? started : null };
  } catch {
    return null;
  }
}

function nameOf(number: number): string {
  return `${String(number)}.json`;
}

/** Numbers in a lock, ascending; null if its folder is gone. */
async function numbersIn(path: string): Promise<number[] | null> {
  const names = await readdir(path).catch(() => null);
  return (
    names
      ?.map((name) => Number(/^([1-9]\d{0,14})\.json$/.exec(name)?.[1]))
      .filter((number) => !Number.isNaN(number))
      .sort((a, b) => a - b) ?? null
  );
}

function thisOwner(): Owner {
  const started = startOf(process.pid);
  return {
    pid: process.pid,
    host: hostname(),
    machine: thisMachine,
    started: started === 'gone' ? null : started,
    since: new Date().toISOString(),
    token: randomBytes(8).toString('hex'),
  };
}

/** Boot and process namespace: containers of one machine share the first, not the second. Elsewhere the host's name. */
const thisMachine = ((): string => {
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    return `${boot} ${readlinkSync('/proc/self/ns/pid')}`;
  } catch {
    return `${process.platform} ${hostname()}`;
  }
})();

/** When a process of this machine started, in the system's own words; null where it does not say, `gone` after its end. */
function startOf(pid: number): string | 'gone' | null {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return 'gone';
  }
  try {
    const text = readFileSync(`/proc/${String(pid)}/stat`, 'utf8');
    // The name of the program, in brackets, may contain anything.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    // A zombie has ended, though its parent has not asked for its exit code.
    return fields[0] === 'Z' || fields[0] === 'X' ? 'gone' : (fields[19] ?? null);
  } catch {
    return null;
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
