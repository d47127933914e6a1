/** The bytes of a file on disk, in Node. */
import { open, type FileHandle } from 'node:fs/promises';
import { basename } from 'node:path';
import { abortReason } from '../base/abort.ts';
import { fsPath } from '../base/fs-path.node.ts';
import { SlideError, type ByteSource } from './slide.ts';

export interface PathByteSource extends ByteSource {
  close(): Promise<void>;
}

/**
 * Opens a file for reading.
 * @param path as `textOfPath` gives it where it is not UTF-8
 * @throws SlideError `not-found` when the file does not exist, is not readable or is a directory.
 */
export async function pathByteSource(path: string): Promise<PathByteSource> {
  const name = basename(path);
  let handle: FileHandle;
  try {
    handle = await open(fsPath(path), 'r');
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    throw new SlideError(
      'not-found',
      name,
      code === 'ENOENT' ? 'The file does not exist.' : `The file cannot be opened (${code ?? 'unknown'}).`,
      'Check the path.',
      { cause },
    );
  }
  const stat = await handle.stat();
  if (!stat.isFile()) {
    await handle.close();
    throw new SlideError('not-found', name, 'This is not a file.', 'Give the path of the slide file.');
  }
  return {
    name,
    size: stat.size,
    async read(offset, length, signal) {
      if (signal?.aborted) throw abortReason(signal);
      const wanted = Math.max(0, Math.min(length, stat.size - offset));
      const bytes = new Uint8Array(wanted);
      let filled = 0;
      while (filled < wanted) {
        const { bytesRead } = await handle.read(bytes, filled, wanted - filled, offset + filled);
        if (bytesRead === 0) break;
        filled += bytesRead;
      }
      return filled === wanted ? bytes : bytes.slice(0, filled);
    },
    close: () => handle.close(),
  };
}
