/**
 * The interface between the page and its two main workers. The slide worker reads and decodes tiles for viewing; the
 * segmentation worker runs networks. All types are structured-cloneable.
 */
import type { ChannelMeasure, ChannelView } from '../slide/channels/channel-view.ts';
import type { Level0Rect, SlideMetadata, SlideMpp } from '../slide/slide.ts';
import type { ErrorReport } from '../base/error-report.ts';
import type { TileQuality } from '../slide/view-pyramid.ts';
import { urlName } from '../slide/range-client.ts';
import type { GoldenResult } from '../runtime/golden-check.ts';
import type { ModelManifest } from '../runtime/manifest.ts';
import type { BackendChoice, BackendName } from '../runtime/backend.ts';
import type { SegmentSummary } from '../segment/run-progress.ts';
import type { TissueMask } from '../segment/tissue.ts';
import type { StainMethods } from './stain-protocol.ts';
import type { StainLook } from '../stain/stain-view.ts';
import type { StorageUse, StoredRun } from './storage-protocol.ts';

/** A file of a model folder, and its name there. */
export type NamedFile = readonly [name: string, file: Blob];

/**
 * A file that the user chose and its place: its path below the chosen folder, or its name. It travels beside the file,
 * because a copy of a `File` in another thread has no `webkitRelativePath`.
 */
export interface ChosenFile {
  readonly file: File;
  readonly path: string;
}

export type SlideInput =
  | { readonly kind: 'file'; readonly files: readonly ChosenFile[] }
  | {
      readonly kind: 'url';
      readonly url: string;
      /** Bearer token for the slide's server. The page adds it on the way to its workers (`BearerTokens`), and has it nowhere else. */
      readonly token?: string;
    };

export type { BackendChoice as BackendReport, BackendName } from '../runtime/backend.ts';
export type { SegmentEvent, SegmentSummary } from '../segment/run-progress.ts';

export interface SegmentRequest {
  readonly slide: SlideInput;
  /** URL of the model's folder, ending in a slash. */
  readonly modelUrl: string;
  /** Area to segment in level-0 pixels; null for the whole slide. */
  readonly area: Level0Rect | null;
  /** Entered by the user; null to use the slide's. */
  readonly mpp: SlideMpp | null;
  /** Overlap of neighbouring slices as a share of their side, 0 (default) to 0.5. Avoids seams, but adds slices. */
  readonly overlap?: number;
  /** Segment only slices that intersect this polygon, level-0 pixels; replaces `area`. */
  readonly polygon?: readonly (readonly [x: number, y: number])[] | null;
  /** Skips background slices, or includes them after those with tissue (default). */
  readonly glass?: 'skip' | 'include';
  /** Saves slices and reuses saved ones. False by default. */
  readonly keep?: boolean;
  /** Averages over the eight orientations of each slice, in eight times the time. False by default. */
  readonly symmetries?: boolean;
  /** Leaves the context out, with a model trained to do without (`contextDropout` in its manifest). False by default. */
  readonly withoutContext?: boolean;
  /** Uses a model that fails its check. Its slices are never mixed with those of sound runs. False by default. */
  readonly force?: boolean;
  /**
   * Whether to `refuse` tissue that is unlike what the model was trained on: the run then ends before its first slice with
   * WorkerError `unlike-training`. By default it is used.
   */
  readonly unlike?: 'refuse' | 'use';
}

/** The cost of a run, estimated before it starts. */
export interface SegmentEstimate {
  /** Background slices that would be skipped at the first quality. */
  readonly skipped: number;
  readonly qualities: readonly {
    readonly overlap: number;
    readonly slices: number;
    /** Multiply-accumulates relative to the first quality. */
    readonly price: number;
  }[];
}

/** Slices restored from storage. */
export interface RestoreSummary {
  readonly slices: number;
  /** The run that was interrupted when the page closed; null if none was. */
  readonly interrupted: StoredRun | null;
}

/** `tf.memory().numTensors` before and after a run. A difference is a leak. */
export interface TensorCounts {
  readonly tensorsBefore: number;
  readonly tensorsAfter: number;
}

/** Colours of displayed tiles: as stored in the file, or converted to sRGB with its ICC profile. */
export type TileColours = 'stored' | 'srgb';

/** How displayed tiles look. */
export interface TileLook {
  readonly colours: TileColours;
  /** Of a slide with separate channels; null for the default view, and for all other slides. */
  readonly channels: ChannelView | null;
  /** One stain instead of the slide's colours; always of the colours as stored. Absent or null for the slide itself. */
  readonly stain?: StainLook | null;
}

/** How the overview of a slide without small levels gets on; progress of `SlideWorkerApi.buildOverview`. */
export interface OverviewReport {
  /** Tiles that are in the picture, of all that it needs. */
  readonly done: number;
  readonly total: number;
  /** Tiles among them that could not be read, and why the first of them could not. */
  readonly broken: number;
  readonly problem: ErrorReport | null;
}

/** Methods of the slide worker. Levels are those of `viewLevels` (src/slide/view-levels.ts). */
export interface SlideWorkerApi extends StainMethods {
  open(input: SlideInput): Promise<{ readonly slideId: number; readonly metadata: SlideMetadata }>;
  /**
   * null for a missing tile; for a level that the file lacks, null where `quality` can't be had. The bitmap is
   * transferred.
   */
  tile(
    slideId: number,
    level: number,
    column: number,
    row: number,
    look: TileLook,
    quality: TileQuality,
  ): Promise<ImageBitmap | null>;
  associatedImage(slideId: number, name: string): Promise<ImageBitmap>;
  /**
   * Reads the overview of a slide without small levels, until it is complete or the call is aborted. Progress events
   * are OverviewReport; after each, overview tiles have changed.
   */
  buildOverview(slideId: number, channels: ChannelView | null): Promise<void>;
  /** Measures a channel, counted from 0. */
  measureChannel(slideId: number, channel: number): Promise<ChannelMeasure>;
  /** See `slideHasDarkBackground`. */
  hasDarkBackground(slideId: number): Promise<boolean | null>;
  /** What is on the screen, level-0 pixels; the overview reads it first. */
  setView(slideId: number, view: Level0Rect | null): Promise<void>;
  close(slideId: number): Promise<void>;
}

/** Methods of the segmentation worker. */
export interface SegmentWorkerApi {
  /** @param wanted from `?backend=`, else null for the best one. */
  initialise(wanted: BackendName | null): Promise<BackendChoice>;
  manifest(modelUrl: string): Promise<ModelManifest>;
  /** Registers a folder from disk as a model, under a made-up URL that ends in a slash. */
  addModelFiles(modelUrl: string, files: readonly NamedFile[]): Promise<void>;
  /** Runs the model's golden test tensors on the backend. @throws ModelError when the model can't run at all. */
  checkModel(modelUrl: string): Promise<GoldenResult>;
  /** Progress events are SegmentEvent. An abort stops within one slice and resolves with `cancelled`. */
  segment(request: SegmentRequest): Promise<SegmentSummary & TensorCounts>;
  /** The visible rectangle, level-0 pixels. Its slices are computed first. */
  setView(view: Level0Rect | null): Promise<void>;
  /** Pauses or resumes all runs. Slices in progress are finished. */
  setPaused(paused: boolean): Promise<void>;
  /** Tissue of a slide at the resolution that the model's grid needs; null if it can't be detected. */
  tissue(request: SegmentRequest): Promise<TissueMask | null>;
  /** The cost of `request` at each overlap. */
  estimate(request: SegmentRequest, overlaps: readonly number[]): Promise<SegmentEstimate>;
  /** Restores saved slices of a slide and model. Progress events are SegmentEvent. */
  restore(request: SegmentRequest): Promise<RestoreSummary>;
  storageUse(): Promise<StorageUse>;
  deleteStored(): Promise<void>;
}

/** The input with an absolute URL. Called in the page, because workers have another base URL. */
export function absoluteInput(input: SlideInput): SlideInput {
  return input.kind === 'url' ? { kind: 'url', url: absoluteUrl(input.url) } : input;
}

/** The input's name for messages. */
export function titleOfInput(input: SlideInput): string {
  return input.kind === 'url' ? urlName(input.url) : (input.files[0]?.file.name ?? '');
}

/** `url` resolved against the page's URL. */
export function absoluteUrl(url: string): string {
  return new URL(url, document.baseURI).href;
}
