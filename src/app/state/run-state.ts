/** State of the segmentation run, with one or more models, and outcome of the last one. Pure. */
import type { PeakMemory, RunStatistics } from '../../segment/run-progress.ts';
import type { SegmentEvent, SegmentSummary, StageTimes } from '../../segment/run-progress.ts';

/** `area` is the area drawn last. */
export type Extent = 'visible' | 'whole' | 'area';

/** Progress of one model. */
export interface ModelRun {
  readonly modelId: string;
  readonly done: number;
  /** 0 until its slices are planned. */
  readonly total: number;
  /** Slices per second. */
  readonly rate: number;
  readonly etaSeconds: number;
  readonly broken: number;
  /** Background slices skipped. */
  readonly skipped: number;
  /** null until the first slices are done. */
  readonly statistics: RunStatistics | null;
  readonly ended: boolean;
  /** null while running, and if it failed or was cancelled before the first slice. */
  readonly summary: SegmentSummary | null;
}

export interface RunState {
  readonly extent: Extent;
  /** Title of the slide if another one may be shown; absent for a run on the open slide. */
  readonly background?: string;
  readonly phase: 'preparing' | 'running' | 'paused' | 'cancelling';
  /** In starting order. They alternate on the backend slice by slice. */
  readonly models: readonly ModelRun[];
}

/** Outcome of one model in a finished run. */
export interface ModelOutcome {
  readonly modelId: string;
  readonly slices: number;
  readonly seconds: number;
  readonly restored: number;
  readonly stages: StageTimes;
  /** null if memory was not measured. */
  readonly memory: PeakMemory | null;
}

/** Outcome of the last run, for the status bar. */
export interface RunOutcome {
  readonly extent: Extent;
  readonly cancelled: boolean;
  /** Of all models together. */
  readonly slices: number;
  /** Of the slowest model. */
  readonly seconds: number;
  /** Slices reused from earlier runs. */
  readonly restored: number;
  /** Background slices skipped. */
  readonly skipped: number;
  /** Slices that could not be read. */
  readonly broken: number;
  readonly models: readonly ModelOutcome[];
}

export interface Runs {
  readonly run: RunState | null;
  readonly lastRun: RunOutcome | null;
  /** Number of the slide of a run that ended because its worker did, and that can be resumed; null without one. */
  readonly stoppedOn: number | null;
}

export type RunAction =
  /** Starts a run, or adds a model to the run in progress. */
  | {
      readonly type: 'run-started';
      readonly modelId: string;
      readonly extent: Extent;
      readonly background?: string;
    }
  | { readonly type: 'run-event'; readonly modelId: string; readonly event: SegmentEvent }
  | { readonly type: 'run-paused'; readonly paused: boolean }
  | { readonly type: 'run-cancelling' }
  /** The run in progress on this slide will end before its time, and can be resumed. */
  | { readonly type: 'run-stopped'; readonly slideId: number }
  /** The run ends with its last model. */
  | { readonly type: 'run-ended'; readonly modelId: string; readonly summary: SegmentSummary | null };

export function reduceRun(runs: Runs, action: RunAction): Runs {
  const { run } = runs;
  switch (action.type) {
    case 'run-started': {
      const model = newModelRun(action.modelId);
      if (run === null) {
        const { extent, background } = action;
        const started: RunState = {
          extent,
          phase: 'preparing',
          models: [model],
          ...(background !== undefined && { background }),
        };
        return { run: started, lastRun: null, stoppedOn: null };
      }
      const isKnown = run.models.some(({ modelId }) => modelId === action.modelId);
      const models = isKnown
        ? run.models.map((each) => (each.modelId === action.modelId ? model : each))
        : [...run.models, model];
      return { ...runs, run: { ...run, models } };
    }
    case 'run-event': {
      if (run === null) return runs;
      const models = run.models.map((model) =>
        model.modelId === action.modelId && !model.ended ? afterEvent(model, action.event) : model,
      );
      // Slices already being segmented still arrive while the run is paused.
      const phase = run.phase === 'preparing' ? 'running' : run.phase;
      return { ...runs, run: { ...run, phase, models } };
    }
    case 'run-paused':
      if (run === null || run.phase === 'cancelling') return runs;
      return { ...runs, run: { ...run, phase: action.paused ? 'paused' : 'running' } };
    case 'run-cancelling':
      return run === null ? runs : { ...runs, run: { ...run, phase: 'cancelling' } };
    case 'run-stopped':
      return { ...runs, stoppedOn: action.slideId };
    case 'run-ended': {
      if (run === null) return runs;
      const { summary } = action;
      const models = run.models.map((model) =>
        model.modelId === action.modelId ? { ...model, ended: true, summary } : model,
      );
      if (models.some(({ ended }) => !ended)) return { ...runs, run: { ...run, models } };
      // What happened to a slide that is not shown stands in the list of slides.
      const lastRun = run.background === undefined ? outcomeOf({ ...run, models }) : null;
      return { ...runs, run: null, lastRun };
    }
  }
}

function newModelRun(modelId: string): ModelRun {
  return {
    modelId,
    done: 0,
    total: 0,
    rate: 0,
    etaSeconds: 0,
    broken: 0,
    skipped: 0,
    statistics: null,
    ended: false,
    summary: null,
  };
}

function afterEvent(model: ModelRun, event: SegmentEvent): ModelRun {
  switch (event.kind) {
    case 'planned':
      return { ...model, total: event.slices, skipped: event.skipped ?? 0 };
    case 'slice':
    case 'progress': {
      const { done, total, rate, etaSeconds } = event;
      return { ...model, done, total, rate, etaSeconds };
    }
    case 'broken-slice':
      return { ...model, broken: model.broken + 1 };
    case 'statistics':
      return { ...model, statistics: event.statistics };
    case 'fit':
    case 'notice':
    case 'backend':
      return model;
  }
}

/** null if no model has a summary. */
function outcomeOf({ extent, models }: RunState): RunOutcome | null {
  const known = models.flatMap(({ modelId, summary }) => (summary === null ? [] : [{ modelId, summary }]));
  if (known.length === 0) return null;
  const summaries = known.map(({ summary }) => summary);
  return {
    extent,
    cancelled: summaries.some(({ cancelled }) => cancelled),
    slices: sum(summaries.map(({ slices }) => slices)),
    seconds: Math.max(...summaries.map(({ seconds }) => seconds)),
    restored: sum(summaries.map(({ restored }) => restored)),
    skipped: sum(summaries.map(({ skipped }) => skipped)),
    broken: sum(summaries.map(({ broken }) => broken)),
    models: known.map(({ modelId, summary: { slices, seconds, restored, stages, memory } }) => ({
      modelId,
      slices,
      seconds,
      restored,
      stages,
      memory,
    })),
  };
}

/** Progress of all models of a run together. */
export function wholeProgress({
  models,
}: RunState): Pick<ModelRun, 'done' | 'total' | 'rate' | 'etaSeconds' | 'broken' | 'skipped'> {
  const running = models.filter(({ ended }) => !ended);
  return {
    done: sum(models.map(({ done }) => done)),
    total: sum(models.map(({ total }) => total)),
    rate: sum(running.map(({ rate }) => rate)),
    etaSeconds: Math.max(0, ...running.map(({ etaSeconds }) => etaSeconds)),
    broken: sum(models.map(({ broken }) => broken)),
    skipped: sum(models.map(({ skipped }) => skipped)),
  };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
