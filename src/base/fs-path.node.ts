/** Paths for Node's file system, which takes bytes where a name is not UTF-8. */
import { readdir } from 'node:fs/promises';
import { bytesOfPath, isUtf8Path, textOfPath } from './path-bytes.ts';

/** What to hand to `node:fs` for a path as `textOfPath` gives it. */
export function fsPath(path: string): string | Buffer {
  // Windows has no bytes in its names, only code units.
  return process.platform === 'win32' || isUtf8Path(path) ? path : Buffer.from(bytesOfPath(path));
}

/** The names in a folder, each as `textOfPath` gives it. @throws NodeJS.ErrnoException */
export async function namesIn(folder: string): Promise<string[]> {
  if (process.platform === 'win32') return readdir(folder);
  return (await readdir(fsPath(folder), { encoding: 'buffer' })).map(textOfPath);
}
