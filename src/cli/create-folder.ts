/** The folder that a command writes to. */
import { makeFolder } from '../base/make-folder.node.ts';
import { CommandError } from './command.ts';

/**
 * Creates a folder for what a command writes.
 * @param option that names another one.
 * @throws CommandError when a file is in the way, or it can't be created there.
 */
export async function createFolder(path: string, option = '--out'): Promise<void> {
  try {
    await makeFolder(path);
  } catch (error) {
    const { code = 'unknown error' } = error as NodeJS.ErrnoException;
    throw new CommandError(`${path}: The folder can't be created (${code}). Give another ${option}.`);
  }
}
