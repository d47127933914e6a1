/** Model folders that the user opened from disk, each under a made-up URL. */
import { fromUrl } from '../runtime/model-files.ts';
import type { ReadFile } from '../runtime/model-files.ts';
import { ModelError } from '../runtime/manifest.ts';
import type { NamedFile } from './protocol.ts';

/** The name of a model's folder, for messages. */
export function folderName(modelUrl: string): string {
  const name = new URL(modelUrl).pathname.split('/').filter(Boolean).at(-1) ?? modelUrl;
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}

export class ModelFolders {
  readonly #folders = new Map<string, ReadonlyMap<string, Blob>>();

  /** @param modelUrl a URL used for no other model, ending in a slash. */
  add(modelUrl: string, files: readonly NamedFile[]): void {
    this.#folders.set(modelUrl, new Map(files));
  }

  /** Reads files of a model, from an opened folder or else from its server. */
  readFile(modelUrl: string): ReadFile {
    const folder = this.#folders.get(modelUrl);
    if (folder === undefined) return fromUrl(modelUrl);
    const id = folderName(modelUrl);
    return async (name, budget) => {
      const file = folder.get(name);
      if (file === undefined) {
        throw new ModelError(
          'not-found',
          `${id}/${name}`,
          'The folder does not contain this file.',
          'Choose the folder that contains manifest.json, the graph and its weights.',
        );
      }
      budget?.take(file.size, `${id}/${name}`);
      return new Uint8Array(await file.arrayBuffer());
    };
  }
}
