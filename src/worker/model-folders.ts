/** Folders of models that the reader has opened from disk, by an address that no server answers. */
import { fromUrl } from '../runtime/load-model.ts';
import type { ReadFile } from '../runtime/load-model.ts';
import { ModelError } from '../runtime/manifest.ts';

/** A file of a folder, with its name in it. */
export type NamedFile = readonly [name: string, file: Blob];

/** Descriptions are read and parsed whole: a file beyond this is none. Weights are checked by the manifest's figure. */
const maxJsonBytes = 32e6;
const maxWeightBytes = 2e9;

export class ModelFolders {
  readonly #folders = new Map<string, ReadonlyMap<string, Blob>>();

  /** @param modelUrl an address of its own, ending in a slash. */
  add(modelUrl: string, files: readonly NamedFile[]): void {
    this.#folders.set(modelUrl, new Map(files));
  }

  /** Reads files of a model: of an opened folder, else from its server. */
  readFile(modelUrl: string): ReadFile {
    const folder = this.#folders.get(modelUrl);
    if (folder === undefined) return fromUrl(modelUrl);
    return async (name) => {
      const file = folder.get(name);
      if (file === undefined) {
        throw new ModelError(
          'not-found',
          name,
          'The folder does not hold this file.',
          'Choose the folder that directly holds manifest.json, the graph and its weights.',
        );
      }
      if (file.size > (name.endsWith('.json') ? maxJsonBytes : maxWeightBytes)) {
        throw new ModelError(
          'bad-manifest',
          name,
          'The file is too large for what it claims to be.',
          'Export the model again.',
        );
      }
      return new Uint8Array(await file.arrayBuffer());
    };
  }
}
