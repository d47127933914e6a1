/** Every change of the interface's state, as pure functions. */
import type { BackendReport, ErrorReport, SegmentEvent, SegmentSummary } from '../../worker/protocol.ts';
import type { SlideMetadata, SlideMpp } from '../../slide/slide.ts';
import { initialOverlay } from './preferences.ts';
import { activePaneOf } from './state.ts';
import type {
  AppState,
  AreaDrawing,
  Calibration,
  DemoSlide,
  DialogName,
  Extent,
  LinkMode,
  LogEntry,
  ModelEntry,
  OverlaySettings,
  PaneCount,
  PaneState,
  Polygon,
  Preferences,
  SlideChoice,
} from './state.ts';

export type Action =
  | { readonly type: 'preferences'; readonly change: Partial<Preferences> }
  | { readonly type: 'demos'; readonly demos: readonly DemoSlide[] }
  | { readonly type: 'models'; readonly models: readonly ModelEntry[] }
  | { readonly type: 'choose-model'; readonly modelId: string | null; readonly paneId?: string }
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
  | { readonly type: 'calibration'; readonly calibration: Calibration | null }
  | { readonly type: 'backend-starting' }
  | { readonly type: 'backend-ready'; readonly report: BackendReport }
  | { readonly type: 'backend-failed'; readonly error: ErrorReport }
  | { readonly type: 'run-started'; readonly modelId: string; readonly extent: Extent }
  | { readonly type: 'run-event'; readonly event: SegmentEvent }
  | { readonly type: 'run-paused'; readonly paused: boolean }
  | { readonly type: 'run-cancelling' }
  | { readonly type: 'drawing'; readonly drawing: AreaDrawing | null }
  | { readonly type: 'area'; readonly area: Polygon | null }
  | { readonly type: 'tissue-shown'; readonly shown: boolean }
  | { readonly type: 'run-ended'; readonly summary: SegmentSummary | null }
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
    models: null,
    backend: { kind: 'waiting' },
    run: null,
    drawing: null,
    area: null,
    tissueShown: false,
    lastRun: null,
    panes: [{ id: 'A', modelId: null, overlay: initialOverlay(preferences) }],
    activePane: 'A',
    link: 'linked',
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
    case 'choose-model':
      // Class values mean something else in another model, so which are hidden does not carry over.
      return changePane(
        state,
        (pane) =>
          pane.modelId === action.modelId
            ? pane
            : { ...pane, modelId: action.modelId, overlay: { ...pane.overlay, hiddenClasses: [] } },
        action.paneId,
      );
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
      return { ...state, slide: { kind: 'none' }, lastRun: null, calibration: null, drawing: null };
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
      return {
        ...state,
        lastRun: null,
        run: {
          modelId: action.modelId,
          extent: action.extent,
          phase: 'preparing',
          done: 0,
          total: 0,
          rate: 0,
          etaSeconds: 0,
          broken: 0,
          skipped: 0,
        },
      };
    case 'run-event':
      return runEvent(state, action.event);
    case 'run-paused': {
      const { run } = state;
      if (run === null || run.phase === 'cancelling') return state;
      return { ...state, run: { ...run, phase: action.paused ? 'paused' : 'running' } };
    }
    case 'drawing':
      return { ...state, drawing: action.drawing };
    case 'area':
      return { ...state, area: action.area, drawing: null };
    case 'tissue-shown':
      return { ...state, tissueShown: action.shown };
    case 'run-cancelling':
      if (state.run === null) return state;
      return { ...state, run: { ...state.run, phase: 'cancelling' } };
    case 'run-ended': {
      const { run } = state;
      if (run === null) return state;
      const { summary } = action;
      const lastRun =
        summary === null
          ? null
          : {
              modelId: run.modelId,
              extent: run.extent,
              slices: summary.slices,
              seconds: summary.seconds,
              cancelled: summary.cancelled,
              restored: summary.restored,
              skipped: summary.skipped,
              stages: summary.stages,
            };
      return { ...state, run: null, lastRun };
    }
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

function runEvent(state: AppState, event: SegmentEvent): AppState {
  const { run } = state;
  if (run === null) return state;
  // Slices in work when the run was held still come in.
  const phase = run.phase === 'preparing' ? 'running' : run.phase;
  switch (event.kind) {
    case 'planned':
      return { ...state, run: { ...run, phase, total: event.slices, skipped: event.skipped ?? 0 } };
    case 'slice':
    case 'progress': {
      const { done, total, rate, etaSeconds } = event;
      return { ...state, run: { ...run, phase, done, total, rate, etaSeconds } };
    }
    case 'broken-slice':
      return { ...state, run: { ...run, broken: run.broken + 1 } };
    case 'notice':
    case 'backend':
      return state;
  }
}

/** Changes one pane; the active one where `paneId` is absent. */
function changePane(state: AppState, change: (pane: PaneState) => PaneState, paneId?: string): AppState {
  const target = state.panes.find((pane) => pane.id === paneId) ?? activePaneOf(state);
  const next = change(target);
  if (next === target) return state;
  return { ...state, panes: state.panes.map((pane) => (pane === target ? next : pane)) };
}

const paneIds = ['A', 'B', 'C', 'D'] as const;

/** New panes draw as the active one does, and show models that no pane shows yet. */
function layOut(state: AppState, count: PaneCount): AppState {
  if (count === state.panes.length) return state;
  const panes = state.panes.slice(0, count);
  const { overlay } = activePaneOf(state);
  for (const id of paneIds.slice(panes.length, count)) {
    const shown = new Set(panes.map((pane) => pane.modelId));
    const modelId = state.models?.find((model) => !shown.has(model.id))?.id ?? null;
    panes.push({ id, modelId, overlay: { ...overlay, hiddenClasses: [] } });
  }
  const activePane = panes.some((pane) => pane.id === state.activePane) ? state.activePane : 'A';
  return { ...state, panes, activePane };
}

/** What of the overlay is a matter of taste goes into the preferences. */
function rememberOverlay(state: AppState): AppState {
  const { fill, outline, hatch, fillOpacity, outlineOpacity, palette } = activePaneOf(state).overlay;
  return {
    ...state,
    preferences: {
      ...state.preferences,
      overlay: { fill, outline, hatch, fillOpacity, outlineOpacity, palette },
    },
  };
}
