/** All actions and how they change the state. Pure. */
import type { BackendReport } from '../../worker/protocol.ts';
import type { ErrorReport } from '../../base/error-report.ts';
import type { ChannelView } from '../../slide/channels/channel-view.ts';
import type { SlideMpp } from '../../slide/slide.ts';
import type { Speeds } from '../models/model-speed.ts';
import type { Specimen } from '../models/specimen.ts';
import { classKey } from '../overlay/class-palette.ts';
import { reduceAnnotate } from '../annotate/annotate-state.ts';
import type { AnnotateAction } from '../annotate/annotate-state.ts';
import type { Correction } from '../../objects/correction.ts';
import type { ProjectState } from '../project/project-state.ts';
import type { Point } from '../viewer/affine.ts';
import type { Bookmark } from '../navigate/bookmarks.ts';
import type { Measurement } from '../navigate/measure.ts';
import { changePane, initialOverlay, setPaneCount, plainClass, rememberOverlay } from './panes.ts';
import { reduceRun } from './run-state.ts';
import type { RunAction } from './run-state.ts';
import { withOffered, withOpened } from './slide-list.ts';
import { misfitKey } from '../models/model-refusal.ts';
import type { Refusal } from '../models/model-refusal.ts';
import { annotateOf, layerText } from './state.ts';
import { changeSlide, changeTool, openedSlide } from './slide-changes.ts';
import type { OpenedSlide } from './slide-changes.ts';
import type {
  AppState,
  AreaDrawing,
  KnownLengthDrawing,
  ClassStyle,
  CompareState,
  DemoSlide,
  DialogName,
  LayerChoice,
  LinkMode,
  LogEntry,
  ModelCheck,
  ModelEntry,
  OverviewState,
  OverlaySettings,
  PaneCount,
  Polygon,
  Preferences,
  SlideChoice,
} from './state.ts';

export type Action =
  | { readonly type: 'preferences'; readonly change: Partial<Preferences> }
  /** null closes it. */
  | { readonly type: 'project'; readonly project: ProjectState | null }
  /** Changes the open project with this id. */
  | { readonly type: 'project-change'; readonly id: string; readonly change: Partial<ProjectState> }
  | { readonly type: 'demos'; readonly demos: readonly DemoSlide[] }
  | { readonly type: 'add-model'; readonly model: ModelEntry }
  | { readonly type: 'model-check'; readonly modelId: string; readonly check: ModelCheck }
  /** Uses a model although it fails its check. */
  | { readonly type: 'override-check'; readonly modelId: string }
  /** Uses a model on the open slide although it is not for such slides. */
  | { readonly type: 'allow-misfit'; readonly modelId: string }
  /** A run has found that the open slide is unlike what the model was trained on: `problem`, a sentence. */
  | { readonly type: 'measured-misfit'; readonly modelId: string; readonly problem: string }
  | { readonly type: 'speeds'; readonly speeds: Speeds }
  | { readonly type: 'models'; readonly models: readonly ModelEntry[] }
  /** Without `paneId`, applies to the active pane. `byDefault` marks a choice that neither user nor URL has made. */
  | {
      readonly type: 'choose-layer';
      readonly layer: LayerChoice;
      readonly paneId?: string;
      readonly byDefault?: boolean;
    }
  | { readonly type: 'compare'; readonly change: Partial<CompareState> }
  | { readonly type: 'class-style'; readonly name: string; readonly change: Partial<ClassStyle> }
  | { readonly type: 'layout'; readonly count: PaneCount }
  | { readonly type: 'activate-pane'; readonly paneId: string }
  | { readonly type: 'link'; readonly link: LinkMode }
  | { readonly type: 'overlay'; readonly change: Partial<OverlaySettings> }
  | { readonly type: 'toggle-class'; readonly value: number }
  /** `title` null: opening has failed or was cancelled. */
  | { readonly type: 'slide-opening'; readonly title: string | null }
  | ({ readonly type: 'slide-opened' } & OpenedSlide)
  | { readonly type: 'slide-closed' }
  | { readonly type: 'overview'; readonly slideId: number; readonly overview: OverviewState | null }
  | { readonly type: 'dark-background'; readonly slideId: number; readonly dark: boolean | null }
  /** null for the slide's own view. */
  | { readonly type: 'channels'; readonly view: ChannelView | null }
  | { readonly type: 'offer-slides'; readonly choices: readonly SlideChoice[] }
  | { readonly type: 'user-mpp'; readonly mpp: SlideMpp | null }
  | { readonly type: 'undo-mpp' }
  | { readonly type: 'specimens'; readonly specimens: Readonly<Record<string, Specimen>> }
  | { readonly type: 'calibration'; readonly calibration: KnownLengthDrawing | null }
  | { readonly type: 'backend-starting' }
  | { readonly type: 'backend-ready'; readonly report: BackendReport }
  | { readonly type: 'backend-failed'; readonly error: ErrorReport }
  | RunAction
  | { readonly type: 'drawing'; readonly drawing: AreaDrawing | null }
  | { readonly type: 'measure'; readonly measure: Measurement | null }
  | { readonly type: 'bookmarks'; readonly bookmarks: readonly Bookmark[] }
  | { readonly type: 'corrections'; readonly corrections: readonly Correction[] }
  | { readonly type: 'splitting'; readonly line: readonly Point[] | null }
  | { readonly type: 'area'; readonly area: Polygon | null }
  | { readonly type: 'annotate'; readonly action: AnnotateAction }
  | { readonly type: 'tissue-shown'; readonly shown: boolean }
  | { readonly type: 'log'; readonly entry: Omit<LogEntry, 'id'> }
  | { readonly type: 'dismiss-notice' }
  | { readonly type: 'undo-offer'; readonly offer: AppState['undoOffer'] }
  | { readonly type: 'log-open'; readonly open: boolean }
  | { readonly type: 'dialog'; readonly dialog: DialogName | null };

const maxLogEntries = 200;

export function initialState(preferences: Preferences): AppState {
  return {
    preferences,
    demos: [],
    opened: [],
    project: null,
    slide: null,
    opening: null,
    specimens: {},
    models: null,
    modelChecks: {},
    allowedMisfits: [],
    measuredMisfits: {},
    speeds: {},
    backend: { kind: 'waiting' },
    run: null,
    tissueShown: false,
    lastRun: null,
    stoppedOn: null,
    panes: [{ id: 'A', layer: { kind: 'none' }, overlay: initialOverlay(preferences) }],
    activePane: 'A',
    layerChosen: false,
    link: 'linked',
    compare: {
      view: 'panes',
      second: { kind: 'none' },
      divider: { share: 0.5, direction: 'vertical' },
    },
    log: [],
    logOpen: false,
    notice: null,
    undoOffer: null,
    dialog: null,
  };
}

export function reduce(state: AppState, action: Action): AppState {
  switch (action.type) {
    case 'preferences':
      return { ...state, preferences: { ...state.preferences, ...action.change } };
    case 'project':
      return { ...state, project: action.project };
    case 'project-change':
      return state.project?.id === action.id
        ? { ...state, project: { ...state.project, ...action.change } }
        : state;
    case 'demos':
      return { ...state, demos: action.demos };
    case 'models':
      return { ...state, models: action.models };
    case 'add-model':
      return { ...state, models: [...(state.models ?? []), action.model] };
    case 'model-check':
      return { ...state, modelChecks: { ...state.modelChecks, [action.modelId]: action.check } };
    case 'override-check':
      return {
        ...state,
        models: (state.models ?? []).map((model) =>
          model.id === action.modelId ? { ...model, overridden: true } : model,
        ),
        notice: withoutRefusal(state.notice),
      };
    case 'allow-misfit':
      return state.slide === null
        ? state
        : {
            ...state,
            allowedMisfits: [...state.allowedMisfits, misfitKey(state.slide.metadata, action.modelId)],
            notice: withoutRefusal(state.notice),
          };
    case 'measured-misfit': {
      if (state.slide === null) return state;
      const key = misfitKey(state.slide.metadata, action.modelId);
      return { ...state, measuredMisfits: { ...state.measuredMisfits, [key]: action.problem } };
    }
    case 'speeds':
      return { ...state, speeds: action.speeds };
    case 'choose-layer':
      // Class values differ between models, so hidden classes do not carry over.
      return changePane(
        { ...state, layerChosen: state.layerChosen || action.byDefault !== true },
        (pane) =>
          layerText(pane.layer) === layerText(action.layer)
            ? pane
            : { ...pane, layer: action.layer, overlay: { ...pane.overlay, hiddenClasses: [] } },
        action.paneId,
      );
    case 'compare':
      return { ...state, compare: { ...state.compare, ...action.change } };
    case 'class-style': {
      const key = classKey(action.name);
      return rememberOverlay(
        changePane(state, (pane) => {
          const { classStyles } = pane.overlay;
          const style = { ...(classStyles[key] ?? plainClass), ...action.change };
          return { ...pane, overlay: { ...pane.overlay, classStyles: { ...classStyles, [key]: style } } };
        }),
      );
    }
    case 'layout':
      return setPaneCount(state, action.count);
    case 'activate-pane':
      if (state.activePane === action.paneId) return state;
      return { ...state, activePane: action.paneId };
    case 'link':
      return { ...state, link: action.link };
    case 'overlay':
      return rememberOverlay(
        changePane(state, (pane) => ({ ...pane, overlay: { ...pane.overlay, ...action.change } })),
      );
    case 'toggle-class':
      return changePane(state, (pane) => {
        const hidden = pane.overlay.hiddenClasses;
        const hiddenClasses = hidden.includes(action.value)
          ? hidden.filter((value) => value !== action.value)
          : [...hidden, action.value].sort((one, other) => one - other);
        return { ...pane, overlay: { ...pane.overlay, hiddenClasses } };
      });
    case 'slide-opening':
      return { ...state, opening: action.title, notice: action.title === null ? state.notice : null };
    case 'slide-opened': {
      const slide = openedSlide(action, annotateOf(state));
      return {
        ...state,
        slide,
        opening: null,
        opened: withOpened(state.opened, action.choice),
        lastRun: null,
      };
    }
    case 'slide-closed':
      return { ...state, slide: null, opening: null, lastRun: null };
    case 'overview':
      return state.slide?.slideId === action.slideId
        ? changeSlide(state, () => ({ overview: action.overview }))
        : state;
    case 'dark-background':
      return state.slide?.slideId === action.slideId
        ? changeSlide(state, () => ({ darkBackground: action.dark }))
        : state;
    case 'channels':
      return changeSlide(state, () => ({ channels: action.view }));
    case 'offer-slides':
      return { ...state, opened: withOffered(state.opened, action.choices) };
    case 'user-mpp':
      return changeSlide(state, ({ userMpp, earlierMpp }) => ({
        userMpp: action.mpp,
        earlierMpp: [...earlierMpp, userMpp],
      }));
    case 'undo-mpp':
      return changeSlide(state, ({ earlierMpp }) => {
        const before = earlierMpp.at(-1);
        return before === undefined ? null : { userMpp: before, earlierMpp: earlierMpp.slice(0, -1) };
      });
    case 'specimens':
      return { ...state, specimens: action.specimens };
    case 'calibration':
      return changeTool(state, 'known-length', () => ({ calibration: action.calibration }));
    case 'backend-starting':
      return { ...state, backend: { kind: 'starting' } };
    case 'backend-ready':
      return { ...state, backend: { kind: 'ready', report: action.report } };
    case 'backend-failed':
      return { ...state, backend: { kind: 'failed', error: action.error } };
    case 'run-started':
    case 'run-event':
    case 'run-paused':
    case 'run-cancelling':
    case 'run-stopped':
    case 'run-ended':
      return { ...state, ...reduceRun(state, action) };
    case 'drawing':
      return changeTool(state, 'area', () => ({ drawing: action.drawing }));
    case 'measure':
      return changeTool(state, 'measure', () => ({ measure: action.measure }));
    case 'bookmarks':
      return changeSlide(state, () => ({ bookmarks: action.bookmarks }));
    case 'corrections':
      return changeSlide(state, () => ({ corrections: action.corrections }));
    case 'splitting':
      return changeTool(state, 'split', () => ({ splitting: action.line }));
    case 'area':
      return changeSlide(state, () => ({ area: action.area, drawing: null }));
    case 'annotate':
      return changeTool(state, 'annotate', (slide) => {
        const annotate = reduceAnnotate(slide.annotate, action.action);
        return annotate === slide.annotate ? null : { annotate };
      });
    case 'tissue-shown':
      return { ...state, tissueShown: action.shown };
    case 'log': {
      const entry: LogEntry = { ...action.entry, id: (state.log[0]?.id ?? 0) + 1 };
      const log = [entry, ...state.log].slice(0, maxLogEntries);
      return { ...state, log, notice: entry.level === 'info' ? state.notice : entry };
    }
    case 'dismiss-notice':
      return { ...state, notice: null };
    case 'undo-offer':
      return { ...state, undoOffer: action.offer };
    case 'log-open':
      return { ...state, logOpen: action.open };
    case 'dialog':
      return { ...state, dialog: action.dialog };
  }
}

/** The notice, unless it is of a refused run: what that said is no longer true. */
function withoutRefusal(notice: LogEntry | null): LogEntry | null {
  return notice?.commandId === 'model.override' ? null : notice;
}

/** The action that uses a refused model all the same. */
export function overrideAction({ kind }: Refusal, modelId: string): Action {
  return kind === 'fit' ? { type: 'allow-misfit', modelId } : { type: 'override-check', modelId };
}
