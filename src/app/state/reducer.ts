/** Every change of the interface's state, as pure functions. */
import type { BackendReport } from '../../worker/protocol.ts';
import type { ErrorReport } from '../../base/error-report.ts';
import type { SlideMetadata, SlideMpp } from '../../slide/slide.ts';
import { initialOverlay } from './preferences.ts';
import type { Speeds } from '../models/model-speed.ts';
import type { Specimen } from '../models/specimen.ts';
import { classKey } from '../overlay/class-palette.ts';
import { initialAnnotate, reduceAnnotate } from '../annotate/annotate-state.ts';
import type { AnnotateAction } from '../annotate/annotate-state.ts';
import type { Bookmark } from '../navigate/bookmarks.ts';
import type { Measurement } from '../navigate/measure.ts';
import { changePane, layOut, plainClass, rememberOverlay } from './panes.ts';
import { reduceRun } from './run-state.ts';
import type { RunAction } from './run-state.ts';
import { layerText } from './state.ts';
import type {
  AppState,
  AreaDrawing,
  Calibration,
  ClassStyle,
  CompareState,
  DemoSlide,
  DialogName,
  Extent,
  Layer,
  LinkMode,
  LogEntry,
  ModelCheck,
  ModelEntry,
  OverlaySettings,
  PaneCount,
  Polygon,
  Preferences,
  SlideChoice,
} from './state.ts';

export type Action =
  | { readonly type: 'preferences'; readonly change: Partial<Preferences> }
  | { readonly type: 'demos'; readonly demos: readonly DemoSlide[] }
  | { readonly type: 'add-model'; readonly model: ModelEntry }
  | { readonly type: 'model-check'; readonly modelId: string; readonly check: ModelCheck }
  | { readonly type: 'speeds'; readonly speeds: Speeds }
  | { readonly type: 'models'; readonly models: readonly ModelEntry[] }
  /** `paneId` absent: the active pane's. `byDefault`: nobody has asked for it. */
  | {
      readonly type: 'choose-layer';
      readonly layer: Layer;
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
  | { readonly type: 'slide-opening'; readonly title: string }
  | {
      readonly type: 'slide-opened';
      readonly slideId: number;
      readonly choice: SlideChoice;
      readonly metadata: SlideMetadata;
      readonly userMpp: SlideMpp | null;
    }
  | { readonly type: 'slide-closed' }
  | { readonly type: 'offer-slides'; readonly choices: readonly SlideChoice[] }
  | { readonly type: 'user-mpp'; readonly mpp: SlideMpp | null }
  | { readonly type: 'undo-mpp' }
  | { readonly type: 'specimens'; readonly specimens: Readonly<Record<string, Specimen>> }
  | { readonly type: 'calibration'; readonly calibration: Calibration | null }
  | { readonly type: 'backend-starting' }
  | { readonly type: 'backend-ready'; readonly report: BackendReport }
  | { readonly type: 'backend-failed'; readonly error: ErrorReport }
  | RunAction
  | { readonly type: 'drawing'; readonly drawing: AreaDrawing | null }
  | { readonly type: 'measure'; readonly measure: Measurement | null }
  | { readonly type: 'bookmarks'; readonly bookmarks: readonly Bookmark[] }
  | { readonly type: 'area'; readonly area: Polygon | null }
  | { readonly type: 'annotate'; readonly action: AnnotateAction }
  | { readonly type: 'tissue-shown'; readonly shown: boolean }
  | { readonly type: 'log'; readonly entry: Omit<LogEntry, 'id'> }
  | { readonly type: 'dismiss-notice' }
  | { readonly type: 'log-open'; readonly open: boolean }
  | { readonly type: 'dialog'; readonly dialog: DialogName | null; readonly segmentAfterMpp?: Extent };

const maxLogEntries = 200;

export function initialState(preferences: Preferences): AppState {
  return {
    preferences,
    demos: [],
    opened: [],
    slide: { kind: 'none' },
    specimens: {},
    models: null,
    modelChecks: {},
    speeds: {},
    backend: { kind: 'waiting' },
    run: null,
    drawing: null,
    annotate: initialAnnotate,
    area: null,
    measure: null,
    bookmarks: [],
    tissueShown: false,
    lastRun: null,
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
    dialog: null,
    segmentAfterMpp: null,
    calibration: null,
  };
}

export function reduce(state: AppState, action: Action): AppState {
  switch (action.type) {
    case 'preferences':
      return { ...state, preferences: { ...state.preferences, ...action.change } };
    case 'demos':
      return { ...state, demos: action.demos };
    case 'models':
      return { ...state, models: action.models };
    case 'add-model':
      return { ...state, models: [...(state.models ?? []), action.model] };
    case 'model-check':
      return { ...state, modelChecks: { ...state.modelChecks, [action.modelId]: action.check } };
    case 'speeds':
      return { ...state, speeds: action.speeds };
    case 'choose-layer':
      // Class values mean something else in another model, so which are hidden does not carry over.
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
      return layOut(state, action.count);
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
      return {
        ...state,
        slide: { kind: 'opening', title: action.title },
        notice: null,
        lastRun: null,
        calibration: null,
        drawing: null,
        measure: null,
        area: null,
      };
    case 'slide-opened': {
      const { slideId, choice, metadata, userMpp } = action;
      const others = state.opened.filter((other) => other.key !== choice.key);
      const known = state.opened.length === others.length ? [choice, ...others] : state.opened;
      const slide = { kind: 'open', slideId, choice, metadata, userMpp, earlierMpp: [] } as const;
      return { ...state, slide, opened: known };
    }
    case 'slide-closed':
      return {
        ...state,
        slide: { kind: 'none' },
        lastRun: null,
        calibration: null,
        drawing: null,
        measure: null,
      };
    case 'offer-slides': {
      const keys = new Set(action.choices.map((choice) => choice.key));
      const others = state.opened.filter((choice) => !keys.has(choice.key));
      return { ...state, opened: [...action.choices, ...others] };
    }
    case 'user-mpp':
      if (state.slide.kind !== 'open') return state;
      return {
        ...state,
        slide: {
          ...state.slide,
          userMpp: action.mpp,
          earlierMpp: [...state.slide.earlierMpp, state.slide.userMpp],
        },
      };
    case 'undo-mpp': {
      const { slide } = state;
      const before = slide.kind === 'open' ? slide.earlierMpp.at(-1) : undefined;
      if (slide.kind !== 'open' || before === undefined) return state;
      return { ...state, slide: { ...slide, userMpp: before, earlierMpp: slide.earlierMpp.slice(0, -1) } };
    }
    case 'specimens':
      return { ...state, specimens: action.specimens };
    case 'calibration':
      if (state.slide.kind !== 'open') return state;
      return { ...state, calibration: action.calibration };
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
    case 'run-ended':
      return { ...state, ...reduceRun(state, action) };
    case 'drawing':
      return { ...state, drawing: action.drawing, measure: action.drawing === null ? state.measure : null };
    case 'measure':
      // One tool at a time.
      return { ...state, measure: action.measure, drawing: action.measure === null ? state.drawing : null };
    case 'bookmarks':
      return { ...state, bookmarks: action.bookmarks };
    case 'area':
      return { ...state, area: action.area, drawing: null };
    case 'annotate': {
      const annotate = reduceAnnotate(state.annotate, action.action);
      return annotate === state.annotate ? state : { ...state, annotate };
    }
    case 'tissue-shown':
      return { ...state, tissueShown: action.shown };
    case 'log': {
      const entry: LogEntry = { ...action.entry, id: (state.log[0]?.id ?? 0) + 1 };
      const log = [entry, ...state.log].slice(0, maxLogEntries);
      return { ...state, log, notice: entry.level === 'info' ? state.notice : entry };
    }
    case 'dismiss-notice':
      return { ...state, notice: null };
    case 'log-open':
      return { ...state, logOpen: action.open };
    case 'dialog':
      return { ...state, dialog: action.dialog, segmentAfterMpp: action.segmentAfterMpp ?? null };
  }
}
