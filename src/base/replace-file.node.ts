/**
 * Files that appear complete or not at all. Data goes to a new file with a random name next to the target, is flushed to the
 * disk, and only then takes the target's name. The new file is created exclusively and never through a link, so that a
 * planted one can't redirect it.
 */
import { createHash, randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { lstat, mkdir, open, readdir, rename, rm, stat, writeFile, type FileHandle } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/** The end of the name of a file that is being written. */
const partEnding = /\.[0-9a-f]{16}\.part$/;

/** Exclusive, and not through a link; Windows has no such flag, nor such links for ordinary users. */
const createFlags =
  constants.O_RDWR |
  constants.O_CREAT |
  constants.O_EXCL |
  ((constants.O_NOFOLLOW as number | undefined) ?? 0);

/** Length and SHA-256 of a file's content. */
export interface FileDigest {
  readonly bytes: number;
  readonly sha256: string;
}

/** A file while it is written. End it with `commit` or `discard`. */
export class PartFile {
  /** The name that the file gets when it is complete. */
  readonly target: string;
  /** Its name until then. */
  readonly path: string;
  readonly #handle: FileHandle;
  #end = 0;
  #isOpen = true;

  private constructor(target: string, path: string, handle: FileHandle) {
    this.target = target;
    this.path = path;
    this.#handle = handle;
  }

  /** @throws NodeJS.ErrnoException when the folder can't be written. */
  static async create(target: string): Promise<PartFile> {
    const path = `${target}.${randomBytes(8).toString('hex')}.part`;
    return new PartFile(target, path, await open(path, createFlags, 0o666));
  }

  async write(position: number, bytes: Uint8Array): Promise<void> {
    for (let done = 0; done < bytes.length;) {
      const { bytesWritten } = await this.#handle.write(bytes, done, bytes.length - done, position + done);
      done += bytesWritten;
    }
    this.#end = Math.max(this.#end, position + bytes.length);
  }

  /** Writes at the end. */
  append(data: string | Uint8Array): Promise<void> {
    return this.write(this.#end, typeof data === 'string' ? new TextEncoder().encode(data) : data);
  }

  /** Flushes the file to the disk and closes it. It keeps its temporary name. */
  async close(): Promise<void> {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    try {
      await this.#handle.sync();
    } finally {
      await this.#handle.close();
    }
  }

  /** Closes the file and gives it its name, replacing an existing file. */
  async commit(): Promise<void> {
    await this.close();
    await rename(this.path, this.target);
    await syncFolder(dirname(this.target));
  }

  /** Closes and deletes the file. */
  async discard(): Promise<void> {
    await this.close().catch(() => undefined);
    await rm(this.path, { force: true }).catch(() => undefined);
  }
}

/**
 * Writes a file, replacing an existing one. A device or pipe in its place is written to, as a shell would.
 * @throws NodeJS.ErrnoException; the old file is then unchanged.
 */
export async function replaceFile(target: string, data: string | Uint8Array): Promise<void> {
  const found = await stat(target).catch(() => null);
  if (found !== null && !found.isFile() && !found.isDirectory()) return writeFile(target, data);
  await writePart(target, async (part) => part.append(data));
}

/** Writes a file piece by piece, replacing an existing one. @throws any error of `write`; the old file is then unchanged. */
export async function writePart(target: string, write: (part: PartFile) => Promise<void>): Promise<void> {
  const part = await PartFile.create(target);
  try {
    await write(part);
    await part.commit();
  } catch (error) {
    await part.discard();
    throw error;
  }
}

/**
 * Writes a folder of files, replacing an existing folder and all that is in it. A kill at the wrong moment leaves no folder,
 * never half of one. The caller holds the folder's lock.
 */
export async function replaceFolder(
  target: string,
  files: Iterable<readonly [name: string, bytes: Uint8Array]>,
): Promise<void> {
  await removeParts([target]);
  const part = `${target}.${randomBytes(8).toString('hex')}.part`;
  const old = `${target}.${randomBytes(8).toString('hex')}.part`;
  try {
    await mkdir(part);
    for (const [name, bytes] of files) await replaceFile(join(part, name), bytes);
    await rename(target, old).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error;
    });
    await rename(part, target);
    await syncFolder(dirname(target));
  } finally {
    await rm(part, { recursive: true, force: true });
    await rm(old, { recursive: true, force: true });
  }
}

/**
 * Deletes what killed processes left while they wrote these files or folders. Call it only while holding the output's lock, because a
 * living process's unfinished file looks the same.
 */
export async function removeParts(targets: readonly string[]): Promise<void> {
  const wanted = new Map<string, Set<string>>();
  for (const target of targets) {
    const folder = dirname(target);
    wanted.set(folder, (wanted.get(folder) ?? new Set()).add(basename(target)));
  }
  for (const [folder, names] of wanted) {
    for (const name of await readdir(folder).catch((): string[] => [])) {
      if (!partEnding.test(name) || !names.has(name.replace(partEnding, ''))) continue;
      await rm(join(folder, name), { recursive: true, force: true }).catch(() => undefined);
    }
  }
}

/** Whether `part` is the name of an unfinished file of `target`; both without folders. */
export function isPartOf(part: string, target: string): boolean {
  return partEnding.test(part) && part.replace(partEnding, '') === target;
}

/** Digest of a file; null if it is missing, a link or no file. */
export async function digestOf(path: string): Promise<FileDigest | null> {
  const info = await lstat(path).catch(() => null);
  if (info?.isFile() !== true) return null;
  const handle = await open(path, 'r');
  try {
    const hash = createHash('sha256');
    let bytes = 0;
    for await (const chunk of handle.createReadStream({ autoClose: false, highWaterMark: 1 << 20 })) {
      hash.update(chunk as Buffer);
      bytes += (chunk as Buffer).length;
    }
    return { bytes, sha256: hash.digest('hex') };
  } finally {
    await handle.close();
  }
}

/** Makes renames in a folder durable, where the system can. */
export async function syncFolder(folder: string): Promise<void> {
  try {
    const handle = await open(folder, 'r');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch {
    // Windows and some network file systems can't flush folders; the files themselves are flushed.
  }
}
