/** The bytes of a file on disk, in Node. */
import type { BigIntStats } from 'node:fs';
import { open, stat, type FileHandle } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { abortReason } from '../base/abort.ts';
import { fsPath } from '../base/fs-path.node.ts';
import { SlideError, type ByteSource } from './slide.ts';

export interface PathByteSource extends ByteSource {
  close(): Promise<void>;
}

/** Most files of a slide that are held open; those of larger sets are opened for each read. */
const maxHeld = 256;

export interface PathByteSourceOptions {
  /** See `ByteSource`; by default the name. */
  readonly place?: string;
  /** Holds the file open (default), or opens it for each read. */
  readonly held?: boolean;
}

/**
 * Opens a file for reading. Everything that is read comes from the file as it was then: every read is followed by a
 * look at the path's size and time, so that pixels of two files are never mixed.
 * @param path as `textOfPath` gives it where it is not UTF-8
 * @throws SlideError `not-found` when the file does not exist, is not readable or is a directory. Reads throw `changed`
 * when it was moved, deleted, replaced or written to.
 */
export async function pathByteSource(
  path: string,
  { place, held = true }: PathByteSourceOptions = {},
): Promise<PathByteSource> {
  const name = basename(path);
  let handle: FileHandle;
  try {
    handle = await open(fsPath(path), 'r');
  } catch (cause) {
    throw unreadable(name, cause, 'Check the path.');
  }
  const opened = await handle.stat({ bigint: true });
  if (!opened.isFile()) {
    await handle.close();
    throw new SlideError('not-found', name, 'This is not a file.', 'Give the path of the slide file.');
  }
  const size = Number(opened.size);
  const checkUnchanged = async (): Promise<void> => {
    const now = await stat(fsPath(path), { bigint: true }).catch(() => null);
    if (now === null) throw changed(name, 'The file was moved or deleted while it was read.');
    if (!isSame(now, opened)) throw changed(name, 'The file was changed or replaced while it was read.');
  };
  if (!held) await handle.close();
  return {
    name,
    path: place ?? name,
    size,
    async read(offset, length, signal) {
      if (signal?.aborted) throw abortReason(signal);
      const wanted = Math.max(0, Math.min(length, size - offset));
      const again = held ? null : await reopened(path);
      let bytes: Uint8Array<ArrayBuffer>;
      try {
        bytes = await bytesAt(again ?? handle, offset, wanted, name);
      } finally {
        await again?.close();
      }
      // After the read: what was written during it counts.
      await checkUnchanged();
      return bytes;
    },
    async beside(other) {
      const there = join(dirname(path), other);
      const info = await stat(fsPath(there)).catch(() => null);
      return info?.isFile() === true ? pathByteSource(there) : null;
    },
    close: () => (held ? handle.close() : Promise.resolve()),
  };
}

/** @throws SlideError `changed` for a file that is gone. */
function reopened(path: string): Promise<FileHandle> {
  return open(fsPath(path), 'r').catch(() => {
    throw changed(basename(path), 'The file was moved or deleted while it was read.');
  });
}

/** Fewer bytes than wanted only at the end of the file. */
async function bytesAt(
  handle: FileHandle,
  offset: number,
  wanted: number,
  name: string,
): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(wanted);
  let filled = 0;
  while (filled < wanted) {
    const { bytesRead } = await handle
      .read(bytes, filled, wanted - filled, offset + filled)
      .catch((cause: unknown) => {
        throw unreadable(name, cause, 'Check the disk or the network drive, and open the file again.');
      });
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return filled === wanted ? bytes : bytes.slice(0, filled);
}

/** Not by inode, which some network file systems make up anew. */
const isSame = (one: BigIntStats, other: BigIntStats): boolean =>
  one.size === other.size && one.mtimeNs === other.mtimeNs;

function changed(name: string, problem: string): SlideError {
  return new SlideError(
    'changed',
    name,
    problem,
    'Put the file back as it was and run the command again, or start over with the new one.',
  );
}

/**
 * Opens several files, all or none.
 * @param files paths, or paths with the files' places within what the user chose.
 * @throws SlideError as `pathByteSource` for the first that cannot be opened; the others are closed again.
 */
export async function pathByteSources(files: readonly (string | PlacedFile)[]): Promise<PathByteSource[]> {
  const held = files.length <= maxHeld;
  const sources: PathByteSource[] = [];
  // In parts: a process may have only so many files open at once.
  for (let from = 0; from < files.length; from += maxHeld) {
    const opened = await Promise.allSettled(
      files
        .slice(from, from + maxHeld)
        .map((file) =>
          typeof file === 'string'
            ? pathByteSource(file, { held })
            : pathByteSource(file.path, { place: file.place, held }),
        ),
    );
    for (const one of opened) if (one.status === 'fulfilled') sources.push(one.value);
    const failed = opened.find((one) => one.status === 'rejected');
    if (failed === undefined) continue;
    await Promise.allSettled(sources.map((source) => source.close()));
    throw failed.reason;
  }
  return sources;
}

/** A file on disk and its place, see `ByteSource`. */
export interface PlacedFile {
  readonly path: string;
  readonly place: string;
}

function unreadable(name: string, cause: unknown, remedy: string): SlideError {
  const code = (cause as NodeJS.ErrnoException).code;
  const problem =
    code === 'ENOENT' ? 'The file does not exist.' : `The file cannot be read (${code ?? 'unknown'}).`;
  return new SlideError('not-found', name, problem, remedy, { cause });
}
