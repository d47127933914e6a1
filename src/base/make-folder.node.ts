/**
 * Creates folders. Node's own recursive `mkdir` never ends where the system says that the folder of a name is not there,
 * though it is, as in /proc.
 */
import { mkdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';

/**
 * Creates a folder, and those that it is in; one that exists is left as it is.
 * @throws NodeJS.ErrnoException when a file is in the way (`EEXIST`, `ENOTDIR`), or the system refuses.
 */
export async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path);
    return;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ENOENT' || dirname(path) === path) {
      // What the system says of a folder that exists depends on whether it could be written.
      if (await isFolder(path)) return;
      throw error;
    }
  }
  await makeFolder(dirname(path));
  await mkdir(path).catch(async (error: unknown) => {
    // Another process may have been faster.
    if (!(await isFolder(path))) throw error;
  });
}

async function isFolder(path: string): Promise<boolean> {
  return (await stat(path).catch(() => null))?.isDirectory() === true;
}
