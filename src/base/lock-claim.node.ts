/** An attempt to hold a lock: the numbered files in its folder. `output-lock.node.ts` says how they make a lock. */
import { link, lstat, mkdir, open, readdir, rm, rmdir, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isDead, readOwner, takenBy, thisOwner, type Owner, type Taken } from './lock-owner.node.ts';

/** An attempt to hold a lock, and then the holder's file. */
export class LockClaim {
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
