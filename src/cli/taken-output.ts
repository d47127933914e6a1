/** Outputs that exist already are replaced only when the user says so. */
import { readdir, stat } from 'node:fs/promises';
import { CommandError } from './command.ts';

/** @throws CommandError when the output exists. */
export async function rejectTaken(out: string): Promise<void> {
  if (!(await isTaken(out))) return;
  throw new CommandError(`${out}: Already exists. Replace it with --overwrite, or choose another --out.`);
}

/** Whether something is there that writing would change: any file, or a folder with files. */
async function isTaken(path: string): Promise<boolean> {
  const info = await stat(path).catch(() => null);
  if (info === null) return false;
  return !info.isDirectory() || (await readdir(path)).length > 0;
}
