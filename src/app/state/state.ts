/** What the interface shows, as plain data. Slides, class maps and the viewer live outside of it. */
import type { BackendReport, SlideInput, TileColours } from '../../worker/protocol.ts';
import type { ErrorReport } from '../../base/error-report.ts';
import type { GoldenResult } from '../../runtime/golden-check.ts';
import type { Speeds } from '../models/model-speed.ts';
import { firstKnown, specimenOf, unknownSpecimen } from '../models/specimen.ts';
import type { Specimen } from '../models/specimen.ts';
import type { ModelManifest } from '../../runtime/manifest.ts';
import type { SlideMetadata, SlideMpp } from '../../slide/slide.ts';
import type { Bookmark } from '../navigate/bookmarks.ts';
import type { Measurement } from '../navigate/measure.ts';
import type { Point } from '../viewer/affine.ts';
import type { OverlayPreferences, Preferences } from './preferences.ts';
import type { RunOutcome, RunState } from './run-state.ts';
import { initialAnnotate } from '../annotate/annotate-state.ts';
import type { AnnotateState } from '../annotate/annotate-state.ts';

export type { ClassStyle, Corner, LeftPanel, Preferences, Surround, Theme } from './preferences.ts';
export type { Extent } from './run-state.ts';
/** Corners, level-0 pixels. */
export type Polygon = readonly (readonly [x: number, y: number])[];
export type AreaShape = 'rectangle' | 'polygon';
/** How the views of several panes move: together, together with the offset that they have, or each by itself. */
export type LinkMode = 'linked' | 'offset' | 'free';
export type PaneCount = 1 | 2 | 4;
export type DialogName =
  'palette' | 'help' | 'mpp' | 'go-to' | 'own-model' | 'labels' | 'report' | 'session' | 'delete-results';

/** What is drawn over the tissue. */
export type LayerChoice =
  { readonly kind: 'model'; readonly id: string } | { readonly kind: 'truth' } | { readonly kind: 'none' };

/** Panes with a layer each, or two layers in a single pane: beside a divider, or where they differ. */
export type CompareView = 'panes' | 'swipe' | 'difference';

export interface CompareState {
  readonly view: CompareView;
  /** Lies over the first pane's own layer in swipe and difference. */
  readonly second: LayerChoice;
  readonly divider: {
    /** Place of the divider, share of the pane from left or top. */
    readonly share: number;
    readonly direction: 'vertical' | 'horizontal';
  };
}

/** An entry of slides/index.json. */
export interface DemoSlide {
  /** Relative to slides/. */
  readonly file: string;
  readonly title: string;
  readonly description: string;
  readonly synthetic: boolean;
  readonly licence: string;
  readonly organ?: string | undefined;
  readonly stain?: string | undefined;
  /** File of its ground truth, relative to slides/. */
  readonly truth?: string | undefined;
}

/** A slide that can be opened again with one click, because the page still holds its files or address. */
export interface SlideChoice {
  readonly key: string;
  readonly title: string;
  readonly input: SlideInput;
}

/**
 * The open slide and everything that belongs to it. Another slide replaces it as a whole once it has opened, so a slide
 * that fails to open leaves it untouched.
 */
export interface OpenSlide {
  /** Number under which the worker holds the slide. */
  readonly slideId: number;
  readonly choice: SlideChoice;
  readonly metadata: SlideMetadata;
  /** Given by the user; overrides the file's own. */
  readonly userMpp: SlideMpp | null;
  /** Former values of `userMpp` in this visit, oldest first: the undo history. */
  readonly earlierMpp: readonly (SlideMpp | null)[];
  /** The area drawn last; null while there is none. */
  readonly area: Polygon | null;
  /** An area that is being drawn. */
  readonly drawing: AreaDrawing | null;
  /** null while nothing is measured. */
  readonly measure: Measurement | null;
  /** null while no known length is being drawn. */
  readonly calibration: KnownLengthDrawing | null;
  readonly bookmarks: readonly Bookmark[];
  /** Annotations and ground truth. */
  readonly annotate: AnnotateState;
}

/** A length of known size that is being drawn, to derive the µm per pixel from it. */
export interface KnownLengthDrawing {
  /** The ends of the length, level-0 pixels; none, one or both. */
  readonly points: readonly Point[];
}

export interface ModelEntry {
  readonly id: string;
  /** URL of the model's folder, ending in a slash. */
  readonly url: string;
  readonly manifest: ModelManifest;
}

export type BackendState =
  | { readonly kind: 'waiting' }
  | { readonly kind: 'starting' }
  | { readonly kind: 'ready'; readonly report: BackendReport }
  | { readonly kind: 'failed'; readonly error: ErrorReport };

/** An area that is being drawn. */
export interface AreaDrawing {
  readonly shape: AreaShape;
  /** Level-0 pixels; of a rectangle two opposite corners. */
  readonly points: readonly Point[];
}

/** What a model's golden test tensors gave on the current backend. */
export type ModelCheck =
  | { readonly kind: 'running' }
  | { readonly kind: 'done'; readonly result: GoldenResult }
  | { readonly kind: 'failed'; readonly error: ErrorReport };

/** How a pane's layer is drawn. */
export interface OverlaySettings extends OverlayPreferences {
  readonly visible: boolean;
  /** Confidence is drawn in place of classes. */
  readonly confidence: boolean;
  /** Pixels with a lower confidence, 0 to 1, are not drawn. */
  readonly minConfidence: number;
  /** Class values that are switched off. */
  readonly hiddenClasses: readonly number[];
}

export interface PaneState {
  readonly id: string;
  readonly layer: LayerChoice;
  readonly overlay: OverlaySettings;
}

export type LogLevel = 'error' | 'warning' | 'info';

export interface LogEntry {
  readonly id: number;
  /** Milliseconds since 1970. */
  readonly time: number;
  readonly level: LogLevel;
  /** The file or model it is about; may be empty. */
  readonly subject: string;
  readonly problem: string;
  readonly remedy: string;
  /** A command that helps, by id. */
  readonly commandId: string | null;
}

export interface AppState {
  readonly preferences: Preferences;
  readonly demos: readonly DemoSlide[];
  /** Slides opened in this visit, latest first. */
  readonly opened: readonly SlideChoice[];
  /** null while no slide is open. */
  readonly slide: OpenSlide | null;
  /** Title of the slide that is being opened; null while none is. `slide` stays until it has opened. */
  readonly opening: string | null;
  /** Organ and stain as the user has said, by the slide's fingerprint. */
  readonly specimens: Readonly<Record<string, Specimen>>;
  /** null while loading. */
  readonly models: readonly ModelEntry[] | null;
  /** By model id. */
  readonly modelChecks: Readonly<Record<string, ModelCheck>>;
  /** Measured on this device. */
  readonly speeds: Speeds;
  readonly backend: BackendState;
  readonly run: RunState | null;
  /** Whether glass is shaded. */
  readonly tissueShown: boolean;
  readonly lastRun: RunOutcome | null;
  readonly panes: readonly PaneState[];
  readonly activePane: string;
  /** Whether a layer was chosen by the reader, a session or the address, and not put there as a default. */
  readonly layerChosen: boolean;
  readonly link: LinkMode;
  readonly compare: CompareState;
  readonly log: readonly LogEntry[];
  readonly logOpen: boolean;
  /** The log entry that the status bar shows, until dismissed. */
  readonly notice: LogEntry | null;
  readonly dialog: DialogName | null;
}

/** The resolution to work with: the user's, else the file's, else null. */
export function currentMpp(slide: OpenSlide | null): SlideMpp | null {
  return slide === null ? null : (slide.userMpp ?? slide.metadata.mpp);
}

/** Whether a slide is open, or the first one is being opened. */
export function hasSlide({ slide, opening }: AppState): boolean {
  return slide !== null || opening !== null;
}

/** Annotations and ground truth of the open slide; without a slide there are none. */
export function annotateOf({ slide }: Pick<AppState, 'slide'>): AnnotateState {
  return slide?.annotate ?? initialAnnotate;
}

/** Organ and stain of the open slide: the user's word, else the list of demo slides', else the file's. */
export function currentSpecimen({ slide, specimens, demos }: AppState): Specimen {
  if (slide === null) return unknownSpecimen;
  const { choice, metadata } = slide;
  const { input } = choice;
  const demo = demos.find(({ file }) => input.kind === 'url' && input.url === `slides/${file}`);
  return firstKnown(
    specimens[metadata.fingerprint] ?? unknownSpecimen,
    { organ: demo?.organ ?? null, stain: demo?.stain ?? null },
    specimenOf(metadata.properties),
  );
}

/** Whether the open slide has a colour profile that changes what is seen. */
export function hasOwnColours(slide: OpenSlide | null): boolean {
  return slide?.metadata.icc?.srgb === false;
}

/** The colours that tiles are to be shown in. */
export function tileColours(state: AppState): TileColours {
  return state.preferences.colourProfile && hasOwnColours(state.slide) ? 'srgb' : 'stored';
}

export function activePaneOf(state: AppState): PaneState {
  const pane = state.panes.find((candidate) => candidate.id === state.activePane) ?? state.panes[0];
  if (pane === undefined) throw new Error('There is always at least one pane.');
  return pane;
}

/** The model of the active pane, or null when it has none or the list is still loading. */
export function activeModel(state: AppState): ModelEntry | null {
  return modelOf(state, activePaneOf(state).layer);
}

/** The models that the panes show, the active pane's first, each once. */
export function shownModels(state: AppState): ModelEntry[] {
  const active = activePaneOf(state);
  const layers = [active, ...state.panes].map((pane) => pane.layer);
  if (state.compare.view !== 'panes') layers.push(state.compare.second);
  return [...new Set(layers.flatMap((layer) => modelOf(state, layer) ?? []))];
}

/** The model of a layer; null for other layers, and while the list is loading. */
export function modelOf({ models }: Pick<AppState, 'models'>, layer: LayerChoice): ModelEntry | null {
  return layer.kind === 'model' ? (models?.find((model) => model.id === layer.id) ?? null) : null;
}

/** A layer as text, for `value`s and addresses: `model:nano-add`, `truth` or `none`. */
export function layerText(layer: LayerChoice): string {
  return layer.kind === 'model' ? `model:${layer.id}` : layer.kind;
}

/** The layer that `layerText` wrote; no layer for anything else. */
export function parseLayer(text: string): LayerChoice {
  if (text.startsWith('model:')) return { kind: 'model', id: text.slice('model:'.length) };
  return { kind: text === 'truth' ? 'truth' : 'none' };
}
