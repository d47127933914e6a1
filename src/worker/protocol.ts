/**
 * What the page may ask of the two workers, as plain types: the slide worker reads and decodes tiles for
 * viewing, the segmentation worker runs the engine. Everything here is structured-cloneable.
 */
import type { ErrorReport } from '../base/error-report.ts';
import type { Level0Rect, SlideMetadata, SlideMpp } from '../slide/slide.ts';
import type { GoldenResult } from '../runtime/golden-check.ts';
import type { NamedFile } from './model-folders.ts';
import type { ModelManifest } from '../runtime/manifest.ts';
import type { PeakMemory, RunStatistics, StageTimes } from '../segment/run-report.ts';
import type { TissueMask } from '../segment/tissue.ts';
import type { StorageUse, StoredRun } from './stored-run.ts';

export type SlideInput =
  { readonly kind: 'file'; readonly files: readonly File[] } | { readonly kind: 'url'; readonly url: string };

export type BackendName = 'webgpu' | 'webgl' | 'wasm' | 'cpu';

export interface BackendReport {
  readonly name: BackendName;
  /** Adapter or processor, for example `Apple M2` or `SwiftShader`, or `2 threads, SIMD`. */
  readonly device: string;
  /** A sentence: why this backend and not a faster one. */
  readonly reason: string;
}

/** One finished slice, placed at `rect`; maps are `size × size`, `rect` may reach over the slide's border. */
export interface SliceResult {
  readonly index: number;
  readonly rect: Level0Rect;
  readonly size: number;
  readonly classes: Uint8Array<ArrayBuffer>;
  readonly confidence: Uint8Array<ArrayBuffer>;
}

export type SegmentEvent =
  | {
      readonly kind: 'planned';
      readonly slices: number;
      readonly regions: number;
      /** Slices of the area that are glass and are left out. */
      readonly skipped?: number;
    }
  | {
      readonly kind: 'slice';
      readonly result: SliceResult;
      readonly done: number;
      readonly total: number;
      /** Slices per second over the last ten seconds. */
      readonly rate: number;
      readonly etaSeconds: number;
    }
  /** A slice is done, but its place waits for the slices that overlap it. */
  | {
      readonly kind: 'progress';
      readonly done: number;
      readonly total: number;
      readonly rate: number;
      readonly etaSeconds: number;
    }
  | { readonly kind: 'broken-slice'; readonly index: number; readonly error: ErrorReport }
  /** Something the user should know; the run goes on. */
  | { readonly kind: 'notice'; readonly error: ErrorReport }
  /** How the run is doing, at most twice a second. */
  | { readonly kind: 'statistics'; readonly statistics: RunStatistics }
  /** The run goes on with another backend, or with the same one started anew. */
  | { readonly kind: 'backend'; readonly report: BackendReport };

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

/** Where the time of a run went. */
export type StageReport = StageTimes;

export interface SegmentSummary {
  /** Slices finished, without broken ones. */
  readonly slices: number;
  /** Of these, slices that had been kept earlier and were not computed. */
  readonly restored: number;
  /** Slices left out as glass. */
  readonly skipped: number;
  readonly broken: number;
  readonly regionsEncoded: number;
  readonly seconds: number;
  readonly cancelled: boolean;
  /** tf.memory().numTensors before and after the run: equal, or tensors leak. */
  readonly tensorsBefore: number;
  readonly tensorsAfter: number;
  readonly stages: StageTimes;
  /** null where memory is not measured. */
  readonly memory: PeakMemory | null;
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
  initialise(wanted: BackendName | null): Promise<BackendReport>;
  manifest(modelUrl: string): Promise<ModelManifest>;
  /** Makes a folder from disk a model, by an address of its own that ends in a slash. */
  addModelFiles(modelUrl: string, files: readonly NamedFile[]): Promise<void>;
  /** Runs the model's golden test tensors on the backend. */
  checkModel(modelUrl: string): Promise<GoldenResult>;
  /** Progress events are SegmentEvent. Aborting stops within a slice and resolves with `cancelled`. */
  segment(request: SegmentRequest): Promise<SegmentSummary>;
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
