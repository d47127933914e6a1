/** Who holds a lock, and whether that process still lives. */
import { randomBytes } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { hostname } from 'node:os';

/** Whoever holds a lock, as its file says. */
export interface Owner {
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

/** A lock that is someone else's. */
export interface Taken {
  /** null while its file can't be read. */
  readonly owner: Owner | null;
  /** Milliseconds since the last sign of life, by the file system's clock. */
  readonly silentMs: number;
  /** Changes with every sign of life. */
  readonly mark: string;
}

/** @param isUnchanged whether its holder has been seen to be silent for `staleMs`. */
export function isDead({ owner, silentMs }: Taken, staleMs: number, isUnchanged: boolean): boolean {
  if (owner !== null && owner.machine === thisMachine) {
    const started = startOf(owner.pid);
    if (started === ended) return true;
    // Alive, and the same process as then.
    if (started !== null && owner.started !== null) return started !== owner.started;
  }
  return silentMs > staleMs || isUnchanged;
}

/** The holder, for messages. */
export function ownerText({ owner, silentMs }: Taken): string {
  if (owner === null) return 'Another process';
  const life = silentMs < 1000 ? 'just now' : `${String(Math.round(silentMs / 1000))} s ago`;
  return `Process ${String(owner.pid)} on ${owner.host} (since ${owner.since}, last sign of life ${life})`;
}

/** The holder whose file this is; null if it is gone. @param now the file system's time. */
export async function takenBy(file: string, now: number): Promise<Taken | null> {
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
export async function readOwner(file: string): Promise<Owner | null> {
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

/** This process as the owner of one more lock. */
export function thisOwner(): Owner {
  const started = startOf(process.pid);
  return {
    pid: process.pid,
    host: hostname(),
    machine: thisMachine,
    started: started === ended ? null : started,
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

/** What `startOf` says of a process that has ended; no start reads like that. */
const ended = 'ended';

/** When a process of this machine started, in the system's own words; null where it does not say, `ended` after its end. */
function startOf(pid: number): string | null {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return ended;
  }
  try {
    const text = readFileSync(`/proc/${String(pid)}/stat`, 'utf8');
    // The name of the program, in brackets, may contain anything.
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    // A zombie has ended, though its parent has not asked for its exit code.
    return fields[0] === 'Z' || fields[0] === 'X' ? ended : (fields[19] ?? null);
  } catch {
    return null;
  }
}
