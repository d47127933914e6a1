/**
 * What the page may ask of its two main workers, as plain types: the slide worker reads and decodes tiles for viewing, the
 * segmentation worker runs networks. Everything here is structured-cloneable.
 */
import type { Level0Rect, SlideMetadata, SlideMpp } from '../slide/slide.ts';
import type { GoldenResult } from '../runtime/golden-check.ts';
import type { NamedFile } from './model-folders.ts';
import type { ModelManifest } from '../runtime/manifest.ts';
import type { BackendChoice, BackendName } from '../runtime/backend.ts';
import type { SegmentSummary } from '../segment/run-progress.ts';
import type { TissueMask } from '../segment/tissue.ts';
import type { StorageUse, StoredRun } from './storage-protocol.ts';

export type SlideInput =
  { readonly kind: 'file'; readonly files: readonly File[] } | { readonly kind: 'url'; readonly url: string };

export type { BackendChoice as BackendReport, BackendName } from '../runtime/backend.ts';
export type { SegmentEvent, SegmentSummary } from '../segment/run-progress.ts';

export interface SegmentRequest {
  readonly slide: SlideInput;
  /** URL of the model's folder, ending in a slash. */
  readonly modelUrl: string;
  /** Area to segment in level-0 pixels; null for the whole slide. */
  readonly area: Level0Rect | null;
  /** Given by the user where the slide has none; null to use the slide's own. */
  readonly mpp: SlideMpp | null;
  /** Share of a slice's side in common with its neighbour, 0 (default) to 0.5: no seams, more slices. */
  readonly overlap?: number;
  /** Only slices that meet this polygon, level-0 pixels; `area` is then ignored. */
  readonly polygon?: readonly (readonly [x: number, y: number])[] | null;
  /** Whether slices without tissue are left out; `include` by default, tissue first. */
  readonly glass?: 'skip' | 'include';
  /** Whether slices are kept for later, and those kept earlier are used. False by default. */
  readonly keep?: boolean;
}

/** What a run would take, before it is begun. */
export interface SegmentEstimate {
  /** Slices that would be left out as glass; of the first quality. */
  readonly skipped: number;
  readonly qualities: readonly {
    readonly overlap: number;
    readonly slices: number;
    /** Multiply-accumulates against the first quality's. */
    readonly price: number;
  }[];
}

/** Slices of an earlier visit. */
export interface RestoreSummary {
  readonly slices: number;
  /** The run that was in the middle when the page went away; null when none was. */
  readonly interrupted: StoredRun | null;
}

/** `tf.memory().numTensors` before and after a run: equal, or tensors leak. */
export interface TensorCounts {
  readonly tensorsBefore: number;
  readonly tensorsAfter: number;
}

/** Colours of tiles for the eye: as the file has them, or converted to sRGB by its ICC profile. */
export type TileColours = 'stored' | 'srgb';

/** Methods of the slide worker. */
export interface SlideWorkerApi {
  open(input: SlideInput): Promise<{ readonly slideId: number; readonly metadata: SlideMetadata }>;
  /** null for a tile that the slide does not hold. The bitmap is transferred. */
  tile(
    slideId: number,
    level: number,
    column: number,
    row: number,
    colours: TileColours,
  ): Promise<ImageBitmap | null>;
  associatedImage(slideId: number, name: string): Promise<ImageBitmap>;
  close(slideId: number): Promise<void>;
}

/** Methods of the segmentation worker. */
export interface SegmentWorkerApi {
  /** @param wanted from `?backend=`, else null for the best one. */
  initialise(wanted: BackendName | null): Promise<BackendChoice>;
  manifest(modelUrl: string): Promise<ModelManifest>;
  /** Makes a folder from disk a model, by an address of its own that ends in a slash. */
  addModelFiles(modelUrl: string, files: readonly NamedFile[]): Promise<void>;
  /** Runs the model's golden test tensors on the backend. */
  checkModel(modelUrl: string): Promise<GoldenResult>;
  /** Progress events are SegmentEvent. Aborting stops within a slice and resolves with `cancelled`. */
  segment(request: SegmentRequest): Promise<SegmentSummary & TensorCounts>;
  /** The visible rectangle, level-0 pixels: its slices come first from now on. */
  setView(view: Level0Rect | null): Promise<void>;
  /** Holds all runs, or lets them go on. Slices in work are finished. */
  setPaused(paused: boolean): Promise<void>;
  /** Tissue of a slide, as far as the grid of the model needs it; null where it can't be told. */
  tissue(request: SegmentRequest): Promise<TissueMask | null>;
  /** What `request` would take at each of the overlaps. */
  estimate(request: SegmentRequest, overlaps: readonly number[]): Promise<SegmentEstimate>;
  /** Shows what earlier visits have kept of a slide and model. Progress events are SegmentEvent. */
  restore(request: SegmentRequest): Promise<RestoreSummary>;
  storageUse(): Promise<StorageUse>;
  deleteStored(): Promise<void>;
}
