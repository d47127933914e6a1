import type { SliceInContext } from '../segmenter.ts';
import { loadModel } from '../load-model.ts';
import { ModelError, type ModelManifest } from '../manifest.ts';
import { segmentGolden } from '../golden-check.ts';

/** Runs a model that exists only in memory on its golden inputs. @returns uint8 classes, row by row. */
export async function classesOf(
  manifest: ModelManifest,
  files: ReadonlyMap<string, Uint8Array<ArrayBuffer>>,
  golden: {
    readonly slice: Uint8Array;
    readonly context: Uint8Array | null;
    readonly sliceInContext: SliceInContext | null;
  },
): Promise<Uint8Array<ArrayBuffer>> {
  const readFile = async (name: string): Promise<Uint8Array<ArrayBuffer>> => {
    const data = files.get(name);
    if (data !== undefined) return data;
    throw new ModelError(
      'not-found',
      `${manifest.id}/${name}`,
      'The file was not exported.',
      'Export the model again.',
    );
  };
  const segmenter = await loadModel(manifest.id, readFile);
  try {
    return (await segmentGolden(segmenter, golden)).classes;
  } finally {
    segmenter.dispose();
  }
}
