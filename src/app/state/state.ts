/** State of the interface, as plain data. Slides, class maps and the viewer are held elsewhere. */
import type { BackendReport, TileColours, TileLook } from '../../worker/protocol.ts';
import type { ErrorReport } from '../../base/error-report.ts';
import type { ChannelView } from '../../slide/channels/channel-view.ts';
import { markedIf } from '../../base/overridden-check.ts';
import type { GoldenResult } from '../../runtime/golden-check.ts';
import type { Speeds } from '../models/model-speed.ts';
import { firstKnown, specimenOf, unknownSpecimen } from '../models/specimen.ts';
import type { Specimen } from '../models/specimen.ts';
import type { ModelManifest } from '../../runtime/manifest.ts';
import type { SlideMetadata, SlideMpp } from '../../slide/slide.ts';
import type { Correction } from '../../objects/correction.ts';
import type { Bookmark } from '../navigate/bookmarks.ts';
import type { Measurement } from '../navigate/measure.ts';
import type { Point } from '../viewer/affine.ts';
import type { OverlayPreferences, Preferences } from './preferences.ts';
import type { RunOutcome, RunState } from './run-state.ts';
import { contextRefusal, withoutContextPass } from '../context/context-pass.ts';
import { votersOf } from '../votes/voters.ts';
import type { DemoSlide, SlideChoice } from './slide-list.ts';
import type { ProjectState } from '../project/project-state.ts';
import { initialAnnotate } from '../annotate/annotate-state.ts';
import type { AnnotateState } from '../annotate/annotate-state.ts';

export type { ClassStyle, Corner, LeftPanel, Preferences, Surround, Theme } from './preferences.ts';
export type { Extent } from './run-state.ts';
export type { DemoSlide, SlideChoice } from './slide-list.ts';
/** Corners, level-0 pixels. */
export type Polygon = readonly (readonly [x: number, y: number])[];
export type AreaShape = 'rectangle' | 'polygon';
/** How panes move: together, together with a constant offset, or independently. */
export type LinkMode = 'linked' | 'offset' | 'free';
export type PaneCount = 1 | 2 | 4;
export type DialogName =
  | 'palette'
  | 'help'
  | 'mpp'
  | 'token'
  | 'go-to'
  | 'own-model'
  | 'labels'
  | 'report'
  | 'session'
  | 'project-results'
  | 'delete-results';

/** Which layer a pane draws over the tissue. */
export type LayerChoice =
  | { readonly kind: 'model'; readonly id: string }
  | { readonly kind: 'truth' }
  /** How many models agree: those with the same classes as the model `like`. */
  | { readonly kind: 'votes'; readonly like: string }
  /** Where the context changed the class that the model `id` gives. */
  | { readonly kind: 'context'; readonly id: string }
  /** A prediction that was opened from a file. */
  | { readonly kind: 'prediction'; readonly id: string }
  | { readonly kind: 'none' };

/** Panes with one layer each, or a single pane that compares two layers: by a divider, or by their difference. */
export type CompareView = 'panes' | 'swipe' | 'difference';

export interface CompareState {
  readonly view: CompareView;
  /** The layer compared with the first pane's in swipe and difference view. */
  readonly second: LayerChoice;
  readonly divider: {
    /** Position of the divider, from left or top, as a share of the pane. */
    readonly share: number;
    readonly direction: 'vertical' | 'horizontal';
  };
}

/**
 * The open slide and all state that belongs to it. It is replaced as a whole once another slide has opened, so a slide
 * that fails to open changes nothing.
 */
export interface OpenSlide {
  /** The worker's number for the slide. */
  readonly slideId: number;
  readonly choice: SlideChoice;
  readonly metadata: SlideMetadata;
  /** Entered by the user; overrides the file's. */
  readonly userMpp: SlideMpp | null;
  /** Undo history of `userMpp`, oldest first. */
  readonly earlierMpp: readonly (SlideMpp | null)[];
  /** The area drawn last, or null. */
  readonly area: Polygon | null;
  /** The area being drawn, or null. */
  readonly drawing: AreaDrawing | null;
  /** The current measurement, or null. */
  readonly measure: Measurement | null;
  /** The known length being drawn, or null. */
  readonly calibration: KnownLengthDrawing | null;
  readonly bookmarks: readonly Bookmark[];
  /** What was said of objects of its class maps. */
  readonly corrections: readonly Correction[];
  /** The line along which an object is being split, level-0 pixels; null if none is drawn. */
  readonly splitting: readonly Point[] | null;
  /** Annotations and ground truth. */
  readonly annotate: AnnotateState;
  /** The overview of a slide without small levels; null where there is nothing to say of it. */
  readonly overview: OverviewState | null;
  /** Which channels are shown and how; null for the slide's own view, and for a slide without channels. */
  readonly channels: ChannelView | null;
  /** Whether the background is dark, as in fluorescence; null until it is known. */
  readonly darkBackground: boolean | null;
}

/**
 * `building`: read in the background, `share` of it by now. `sampled`: made of a few tiles only, because the slide is
 * on a server. `stopped`: reading failed; the log says why.
 */
export type OverviewState =
  | { readonly kind: 'building'; readonly share: number }
  | { readonly kind: 'sampled' }
  | { readonly kind: 'stopped' };

/** A known length being drawn, from which the µm per pixel is derived. */
export interface KnownLengthDrawing {
  /** Its ends so far, level-0 pixels: none, one or both. */
  readonly points: readonly Point[];
}

export interface ModelEntry {
  readonly id: string;
  /** URL of the model's folder, ending in a slash. */
  readonly url: string;
  readonly manifest: ModelManifest;
  /** Whether the user uses it although it fails its check. Everything that it predicts says so. */
  readonly overridden?: boolean;
  /** Of the pass that leaves the context out, see `withoutContextPass`. */
  readonly withoutContext?: true;
}

/** The model's title, with the mark if its check was overridden. */
export function modelTitle({ manifest, overridden = false, withoutContext }: ModelEntry): string {
  return markedIf(
    overridden,
    withoutContext === true ? `${manifest.title}, without context` : manifest.title,
  );
}

export type BackendState =
  | { readonly kind: 'waiting' }
  | { readonly kind: 'starting' }
  | { readonly kind: 'ready'; readonly report: BackendReport }
  | { readonly kind: 'failed'; readonly error: ErrorReport };

/** An area being drawn. */
export interface AreaDrawing {
  readonly shape: AreaShape;
  /** Level-0 pixels; for a rectangle, two opposite corners. */
  readonly points: readonly Point[];
}

/** Result of a model's golden test on the current backend. */
export type ModelCheck =
  | { readonly kind: 'running' }
  | { readonly kind: 'done'; readonly result: GoldenResult }
  | { readonly kind: 'failed'; readonly error: ErrorReport };

/** Overlay settings of a pane. */
export interface OverlaySettings extends OverlayPreferences {
  readonly visible: boolean;
  /** Draw confidence instead of classes. */
  readonly confidence: boolean;
  /** Pixels with a lower confidence, 0 to 1, are not drawn. */
  readonly minConfidence: number;
  /** Class values that are hidden. */
  readonly hiddenClasses: readonly number[];
}

export interface PaneState {
  readonly id: string;
  readonly layer: LayerChoice;
  readonly overlay: OverlaySettings;
}

/** What was removed and can be had back, see `undo/undo-offer.ts`. */
export interface UndoOffer {
  readonly id: number;
  /** What was removed, a sentence. */
  readonly text: string;
}

export type LogLevel = 'error' | 'warning' | 'info';

export interface LogEntry {
  readonly id: number;
  /** Milliseconds since 1970. */
  readonly time: number;
  readonly level: LogLevel;
  /** File or model; may be empty. */
  readonly subject: string;
  readonly problem: string;
  readonly remedy: string;
  /** Id of a command that helps, or null. */
  readonly commandId: string | null;
}

export interface AppState {
  readonly preferences: Preferences;
  readonly demos: readonly DemoSlide[];
  /** Slides opened since the page loaded, latest first. */
  readonly opened: readonly SlideChoice[];
  /** null if no project is open. */
  readonly project: ProjectState | null;
  /** null if no slide is open. */
  readonly slide: OpenSlide | null;
  /** Title of the slide being opened, or null. `slide` stays until it has opened. */
  readonly opening: string | null;
  /** Organ and stain entered by the user, by slide fingerprint. */
  readonly specimens: Readonly<Record<string, Specimen>>;
  /** null while loading. */
  readonly models: readonly ModelEntry[] | null;
  /** By model id. */
  readonly modelChecks: Readonly<Record<string, ModelCheck>>;
  /** Slides and models (`misfitKey`) that the user combines although the model is not for such slides. */
  readonly allowedMisfits: readonly string[];
  /** Why a run stopped before its first slice, a sentence, by `misfitKey`: the tissue is unlike the training data. */
  readonly measuredMisfits: Readonly<Record<string, string>>;
  /** Measured on this device. */
  readonly speeds: Speeds;
  readonly backend: BackendState;
  readonly run: RunState | null;
  /** Whether the background mask is shown. */
  readonly tissueShown: boolean;
  readonly lastRun: RunOutcome | null;
  /** See `Runs.stoppedOn`. */
  readonly stoppedOn: number | null;
  readonly panes: readonly PaneState[];
  readonly activePane: string;
  /** Whether the user, a session file or the URL has chosen a layer. */
  readonly layerChosen: boolean;
  readonly link: LinkMode;
  readonly compare: CompareState;
  readonly log: readonly LogEntry[];
  readonly logOpen: boolean;
  /** Log entry shown in the status bar until dismissed. */
  readonly notice: LogEntry | null;
  /** What was removed last and can be had back; null after a while. */
  readonly undoOffer: UndoOffer | null;
  readonly dialog: DialogName | null;
}

/** The resolution in use: the user's, else the file's, else null. */
export function currentMpp(slide: OpenSlide | null): SlideMpp | null {
  return slide === null ? null : (slide.userMpp ?? slide.metadata.mpp);
}

/** Whether a slide is open or opening. */
export function hasSlide({ slide, opening }: AppState): boolean {
  return slide !== null || opening !== null;
}

/** Annotation state of the open slide; empty without a slide. */
export function annotateOf({ slide }: Pick<AppState, 'slide'>): AnnotateState {
  return slide?.annotate ?? initialAnnotate;
}

/** Organ and stain of the open slide: from the user, else the demo slide list, else the file. */
export function currentSpecimen({
  slide,
  specimens,
  demos,
}: Pick<AppState, 'slide' | 'specimens' | 'demos'>): Specimen {
  if (slide === null) return unknownSpecimen;
  const { choice, metadata } = slide;
  const { input } = choice;
  const demo = demos.find(({ file }) => input.kind === 'url' && input.url === `slides/${file}`);
  return firstKnown(
    specimens[metadata.fingerprint] ?? unknownSpecimen,
    { organ: demo?.organ ?? null, stain: demo?.stain ?? null },
    specimenOf(metadata),
  );
}

/** Whether the open slide has a colour profile other than sRGB. */
export function hasOwnColours(slide: OpenSlide | null): boolean {
  return slide?.metadata.icc?.srgb === false;
}

/** Colours in which tiles are requested. */
export function tileColours(state: AppState): TileColours {
  return state.preferences.colourProfile && hasOwnColours(state.slide) ? 'srgb' : 'stored';
}

/** The channel view that tiles are requested in; null for the slide's own. */
export function channelViewOf({ slide }: Pick<AppState, 'slide'>): ChannelView | null {
  return slide?.channels ?? null;
}

/** How tiles are requested. */
export function tileLook(state: AppState): TileLook {
  return { colours: tileColours(state), channels: channelViewOf(state) };
}

export function activePaneOf(state: AppState): PaneState {
  const pane = state.panes.find((candidate) => candidate.id === state.activePane) ?? state.panes[0];
  if (pane === undefined) throw new Error('There is always at least one pane.');
  return pane;
}

/** The model of the active pane; null if it has none or models are still loading. */
export function activeModel(state: AppState): ModelEntry | null {
  return modelOf(state, activePaneOf(state).layer);
}

/**
 * Models shown in any pane, each once, the active pane's first; those that vote are shown by their votes, and what the
 * context changed by both passes.
 */
export function shownModels(state: AppState): ModelEntry[] {
  const active = activePaneOf(state);
  const layers = [active, ...state.panes].map((pane) => pane.layer);
  if (state.compare.view !== 'panes') layers.push(state.compare.second);
  return [
    ...new Set(
      layers.flatMap((layer) => {
        if (layer.kind === 'votes') return votersOf(state, layer.like);
        const model = modelOf(state, layer);
        if (model === null) return [];
        const passes = layer.kind === 'context' && contextRefusal(model) === null;
        return passes ? [model, withoutContextPass(model)] : [model];
      }),
    ),
  ];
}

/** The model that a layer is of; null for other layers and while models are loading. */
export function modelOf({ models }: Pick<AppState, 'models'>, layer: LayerChoice): ModelEntry | null {
  if (layer.kind !== 'model' && layer.kind !== 'context') return null;
  return models?.find((model) => model.id === layer.id) ?? null;
}

/**
 * A layer as text, for form values and files: `model:nano-add`, `context:nano-add`, `votes:nano-add`, `prediction:nano-add`,
 * `truth` or `none`.
 */
export function layerText(layer: LayerChoice): string {
  if (layer.kind === 'votes') return `votes:${layer.like}`;
  return 'id' in layer ? `${layer.kind}:${layer.id}` : layer.kind;
}

/** Parses the output of `layerText`; anything else is no layer. */
export function parseLayer(text: string): LayerChoice {
  if (text.startsWith('model:')) return { kind: 'model', id: text.slice('model:'.length) };
  if (text.startsWith('context:')) return { kind: 'context', id: text.slice('context:'.length) };
  if (text.startsWith('prediction:')) return { kind: 'prediction', id: text.slice('prediction:'.length) };
  if (text.startsWith('votes:')) return { kind: 'votes', like: text.slice('votes:'.length) };
  return { kind: text === 'truth' ? 'truth' : 'none' };
}
