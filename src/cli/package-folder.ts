/** Where this package is: its models, demo slides and package.json. */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** The folder of package.json, whether this runs from sources or from the build. */
export const packageFolder = findPackage(import.meta.dirname);

function findPackage(start: string): string {
  for (let folder = start; ; folder = dirname(folder)) {
    if (existsSync(join(folder, 'package.json'))) return folder;
    if (folder === dirname(folder)) throw new Error(`No package.json was found above ${start}.`);
  }
}
