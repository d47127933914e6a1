import { readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import type { ReadFile } from './model-files.ts';
import { ModelError } from './manifest.ts';

/** Reads a model's files from a folder, such as `models/nano-attention`. */
export function fromFolder(folder: string): ReadFile {
  return async (name, budget) => {
    const file = path.join(folder, name);
    try {
      const found = await stat(file);
      // Anything else may never end.
      if (!found.isFile()) throw new Error('Not a file.');
      budget?.take(found.size, file);
      return new Uint8Array(await readFile(file));
    } catch (error) {
      if (error instanceof ModelError) throw error;
      throw new ModelError(
        'not-found',
        file,
        'The file cannot be read.',
        'Check the folder; `dualscope train` writes one per model.',
        { cause: error },
      );
    }
  };
}
