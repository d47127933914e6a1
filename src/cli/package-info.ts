/** The installed package: its folder (models, demo slides) and its version. */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** The folder of package.json, both for the sources and for the build. */
export const packageFolder = findPackage(import.meta.dirname);

/** The version that `--version` prints and model cards record. @throws Error when package.json can't be read. */
export async function codeVersion(): Promise<string> {
  const text = await readFile(join(packageFolder, 'package.json'), 'utf8');
  return (JSON.parse(text) as { readonly version: string }).version;
}

function findPackage(start: string): string {
  for (let folder = start; ; folder = dirname(folder)) {
    if (existsSync(join(folder, 'package.json'))) return folder;
    if (folder === dirname(folder)) throw new Error(`No package.json found above ${start}.`);
  }
}
