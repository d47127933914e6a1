/** What the segmentation worker's methods need of their platform; tests bring their own. */
import type { ReadFile } from '../runtime/load-model.ts';
import type { ModelManifest } from '../runtime/manifest.ts';
import type { MemoryUse } from '../runtime/memory-use.ts';
import type { NetworkPlatform } from '../segment/network.ts';
import type { SliceReader } from '../segment/slice-reader.ts';
import type { NamedFile } from './model-folders.ts';
import type { SlideInput } from './protocol.ts';
import type { SlideHandle } from './reader-client.ts';
import type { StorageWorkerApi } from './storage-protocol.ts';

/** Models are called by their URL. */
export interface SegmentPlatform extends NetworkPlatform {
  /** Tensors that live on the backend. */
  numTensors(): number;
  /** Memory in use; absent where it is not measured. */
  readonly memoryUse?: () => MemoryUse;
  readManifest(modelUrl: string): Promise<ModelManifest>;
  /** Reads files of a model; absent where models are never checked. */
  readonly modelFile?: (modelUrl: string) => ReadFile;
  readonly addModelFiles?: (modelUrl: string, files: readonly NamedFile[]) => void;
  /** @throws SlideError when the input is no slide or can't be read. */
  openSlide(input: SlideInput): Promise<SlideHandle>;
  reader(slide: SlideHandle): SliceReader;
  /** Where finished slices are kept; absent where nothing is to be kept. */
  readonly storage?: StorageWorkerApi;
}
