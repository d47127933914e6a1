/** What the segmentation worker's methods need of their platform; tests give their own. */
import type { Watch } from '../runtime/backend-initialise.ts';
import type { ReadFile } from '../runtime/load-model.ts';
import type { NamedFile } from './model-folders.ts';
import type { ModelManifest } from '../runtime/manifest.ts';
import type { MemoryUse } from '../runtime/memory-use.ts';
import type { Segmenter } from '../runtime/segmenter.ts';
import type { SliceReader } from '../segment/read-ahead.ts';
import type { ResultStorage } from './kept-slices.ts';
import type { BackendName, BackendReport, SlideInput } from './protocol.ts';
import type { SlideHandle } from './reader-client.ts';

export interface StartedBackend {
  readonly report: BackendReport;
  /** Resolves, with the reason, when the graphics device is lost. */
  readonly lost: Promise<string>;
  /** Tells whether the device did what it was asked for; where absent, whatever fails throws. */
  readonly watch?: Watch;
}

export interface SegmentPlatform {
  /**
   * @param failed not to be chosen any more.
   * @throws ModelError `backend` when the wanted one, or none at all, can be started.
   */
  startBackend(wanted: BackendName | null, failed: readonly BackendName[]): Promise<StartedBackend>;
  /** Tensors that live on the backend. */
  numTensors(): number;
  /** Memory in use; absent where it is of no interest. */
  readonly memoryUse?: () => MemoryUse;
  readManifest(modelUrl: string): Promise<ModelManifest>;
  loadModel(modelUrl: string): Promise<Segmenter>;
  /** Reads files of a model; absent where models are never checked. */
  readonly modelFile?: (modelUrl: string) => ReadFile;
  readonly addModelFiles?: (modelUrl: string, files: readonly NamedFile[]) => void;
  /** @throws SlideError when the input is no slide or can't be read. */
  openSlide(input: SlideInput): Promise<SlideHandle>;
  reader(slide: SlideHandle): SliceReader;
  /** Where finished slices are kept; absent where nothing is to be kept. */
  readonly storage?: ResultStorage;
}
