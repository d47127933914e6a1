/** The bytes of a file on disk, in Node. */
import type { BigIntStats } from 'node:fs';
import { open, stat, type FileHandle } from 'node:fs/promises';
import { basename } from 'node:path';
import { abortReason } from '../base/abort.ts';
import { fsPath } from '../base/fs-path.node.ts';
import { SlideError, type ByteSource } from './slide.ts';

export interface PathByteSource extends ByteSource {
  close(): Promise<void>;
}

/**
 * Opens a file for reading. Everything that is read comes from the file as it was then: every read is followed by a
 * look at the path's size and time, so that pixels of two files are never mixed.
 * @param path as `textOfPath` gives it where it is not UTF-8
 * @throws SlideError `not-found` when the file does not exist, is not readable or is a directory. Reads throw `changed`
 * when it was moved, deleted, replaced or written to.
 */
export async function pathByteSource(path: string): Promise<PathByteSource> {
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
  return {
    name,
    size,
    async read(offset, length, signal) {
      if (signal?.aborted) throw abortReason(signal);
      const wanted = Math.max(0, Math.min(length, size - offset));
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
      // After the read: what was written during it counts.
      await checkUnchanged();
      return filled === wanted ? bytes : bytes.slice(0, filled);
    },
    close: () => handle.close(),
  };
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
 * @throws SlideError as `pathByteSource` for the first that cannot be opened; the others are closed again.
 */
export async function pathByteSources(paths: readonly string[]): Promise<PathByteSource[]> {
  const opened = await Promise.allSettled(paths.map(pathByteSource));
  const sources = opened.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : []));
  const failed = opened.find((one) => one.status === 'rejected');
  if (failed === undefined) return sources;
  await Promise.allSettled(sources.map((source) => source.close()));
  throw failed.reason;
}

function unreadable(name: string, cause: unknown, remedy: string): SlideError {
  const code = (cause as NodeJS.ErrnoException).code;
  const problem =
    code === 'ENOENT' ? 'The file does not exist.' : `The file cannot be read (${code ?? 'unknown'}).`;
  return new SlideError('not-found', name, problem, remedy, { cause });
}
