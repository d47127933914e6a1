/** Segmentation runs: one at a time, with one or more models. Finished slices stay, even if the run fails or is cancelled. */
import type { Level0Rect } from '../../slide/slide.ts';
import type { ErrorReport, WorkerError } from '../../base/error-report.ts';
import type { SegmentRequest, SegmentSummary } from '../../worker/protocol.ts';
import type { SegmentClient } from '../../worker/segment-client.ts';
import { isLostWorker, overlapOf } from '../../worker/segment-client.ts';
import { passById, passId } from '../context/context-pass.ts';
import { overrideAction } from '../state/reducer.ts';
import { isAllowedMisfit, refusalOf } from '../models/model-refusal.ts';
import { currentMpp, shownModels } from '../state/state.ts';
import type { Extent, ModelEntry, OpenSlide } from '../state/state.ts';
import type { AppStore } from '../state/store.ts';
import type { EngineEvents } from './engine-events.ts';
import { logEntry, reportOf } from './error-log.ts';
import { isAbort } from '../../base/abort.ts';

/** Shown with the message of a run that ended with its worker. */
const resumeCommand = 'segment.resume';

/** Milliseconds between view updates sent to the worker. */
const viewInterval = 150;

/** Parameters of a run, without slide and model. */
export interface RunPlan {
  readonly extent: Extent;
  readonly request: Omit<SegmentRequest, 'slide' | 'modelUrl' | 'mpp'>;
}

/** How a model's part of a run has ended: with a summary, with an error, or cancelled before its first slice. */
export interface ModelEnd {
  readonly model: ModelEntry;
  readonly summary: SegmentSummary | null;
  readonly error: ErrorReport | null;
}

export interface RunEnd {
  readonly models: readonly ModelEnd[];
  /** Whether it was cancelled to let a run of the reader's go first. */
  readonly yielded: boolean;
}

export interface RunOptions {
  /** Whether the slide is segmented without being shown. Such a run lets every other go first. */
  readonly background?: boolean;
}

/** Called with the results of a model that has finished what was planned, before the run ends. */
export type EndListener = (slide: OpenSlide, plan: RunPlan, end: ModelEnd) => Promise<void> | void;

/** Models running together alternate on the backend slice by slice and share decoded tiles. */
interface CurrentRun {
  readonly controller: AbortController;
  readonly slide: OpenSlide;
  readonly plan: RunPlan;
  readonly background: boolean;
  /** Resolves when it is no longer the current one. */
  readonly over: Promise<void>;
  readonly endOver: () => void;
  readonly ends: ModelEnd[];
  yielded: boolean;
  /** By `passId`, including finished ones. */
  readonly jobs: Map<string, Promise<void>>;
  /** Slices done, by `passId`. */
  readonly done: Map<string, number>;
  /** Slices done in all, when a worker was lost last. */
  doneAtLoss: number;
  /** The last loss of a worker, and whether the run goes on in another. */
  loss: { readonly error: unknown; readonly goesOn: boolean } | null;
}

/** A run that ended with its worker. */
interface StoppedRun {
  readonly slide: OpenSlide;
  readonly plan: RunPlan;
  readonly models: string[];
}

export class SegmentSession {
  readonly #store: AppStore;
  readonly #client: SegmentClient;
  readonly #events: EngineEvents;
  readonly #visibleArea: () => Level0Rect | null;
  #run: CurrentRun | null = null;
  #stopped: StoppedRun | null = null;
  /** What was last asked of models that are refused; null if they have not been asked since. */
  #refusedAsk: { readonly slideId: number; readonly extent: Extent; readonly models: Set<string> } | null =
    null;
  #awaitingMpp: Extent | null = null;
  #viewTimer: number | null = null;
  readonly #endListeners: EndListener[] = [];

  /** @param visibleArea returns what the active pane shows of the slide */
  constructor(
    store: AppStore,
    client: SegmentClient,
    events: EngineEvents,
    visibleArea: () => Level0Rect | null,
  ) {
    this.#store = store;
    this.#client = client;
    this.#events = events;
    this.#visibleArea = visibleArea;
    // Forget the request if the user dismisses the question.
    store.subscribe(
      ({ dialog, slide }) => dialog === 'mpp' || slide?.calibration != null,
      (asking) => {
        if (!asking) this.#awaitingMpp = null;
      },
    );
  }

  /** The run waits for what the listener does with its results. */
  onModelEnd(listener: EndListener): void {
    this.#endListeners.push(listener);
  }

  /** Resolves when nothing runs. */
  async idle(): Promise<void> {
    while (this.#run !== null) await this.#run.over;
  }

  /** What to segment once the user has entered the µm per pixel that `segment` asked for; null if it did not ask. */
  get awaitingMpp(): Extent | null {
    return this.#awaitingMpp;
  }

  /**
   * Segments with all models together, the active pane's first in each round. Asks for the resolution first if the
   * slide has none. While models or the first view of the slide are loading it waits for them, unless another slide
   * is opened meanwhile. Models that are shown but not in a run on the same extent join it.
   * @param chosen defaults to the models of all panes
   */
  async segment(extent: Extent, chosen?: readonly ModelEntry[]): Promise<void> {
    const asked = this.#store.getState().slide;
    await this.#modelsLoaded();
    if (asked === null || !this.#isOpen(asked)) return;
    const visible = extent === 'visible' ? await this.#shownArea(asked) : null;
    const state = this.#store.getState();
    const { slide } = state;
    const models = chosen ?? shownModels(state);
    const isBusy = state.run !== null && state.run.background === undefined;
    if (isBusy && state.run?.extent === extent && chosen === undefined) {
      this.enqueue(models.filter(({ id }) => state.run?.models.every(({ modelId }) => modelId !== id)));
      return;
    }
    if (slide?.slideId !== asked.slideId || models.length === 0 || isBusy) return;
    this.#refusedAsk = null;
    const usable = models.filter((model) => !this.#refused(model, extent));
    if (usable.length === 0) return;
    if (currentMpp(slide) === null) {
      this.#awaitingMpp = extent;
      this.#store.dispatch({ type: 'dialog', dialog: 'mpp' });
      return;
    }
    if (extent === 'visible' && visible === null) return;
    if (extent === 'area' && slide.area === null) return;
    await this.runAll(slide, usable, {
      extent,
      request: {
        area: visible,
        polygon: extent === 'area' ? slide.area : null,
        overlap: overlapOf(state.preferences.quality),
        symmetries: state.preferences.symmetries,
        glass: state.preferences.skipGlass ? 'skip' : 'include',
        keep: state.preferences.keepResults,
      },
    });
  }

  #isOpen({ slideId }: OpenSlide): boolean {
    return this.#store.getState().slide?.slideId === slideId;
  }

  /** What the active pane shows, once it shows something; null if the slide is closed before. */
  async #shownArea(slide: OpenSlide): Promise<Level0Rect | null> {
    for (;;) {
      if (!this.#isOpen(slide)) return null;
      const area = this.#visibleArea();
      if (area !== null) return area;
      await new Promise((resolve) => setTimeout(resolve, viewInterval));
    }
  }

  #modelsLoaded(): Promise<void> {
    return new Promise((done) => {
      if (this.#store.getState().models !== null) return done();
      const stop = this.#store.subscribe(
        ({ models }) => models !== null,
        () => {
          stop();
          done();
        },
      );
    });
  }

  /**
   * Runs the models together according to `plan`. If a run is in progress they join it, except models already in it.
   * Resolves when the whole run has ended; for models that join, at once.
   */
  async runAll(
    slide: OpenSlide,
    models: readonly ModelEntry[],
    plan: RunPlan,
    { background = false }: RunOptions = {},
  ): Promise<RunEnd> {
    if (!background && this.#run?.background === true) await this.#stopBackground(this.#run);
    const current = this.#run ?? newRun(slide, plan, background);
    const isNew = this.#run === null;
    if (isNew) this.#stopped = null;
    this.#run = current;
    for (const model of models) this.#join(current, slide, model, plan);
    if (!isNew) return { models: [], yielded: false };
    // More models may join in the meantime.
    for (let known = 0; known < current.jobs.size;) {
      known = current.jobs.size;
      await Promise.all(current.jobs.values());
    }
    this.#run = null;
    this.#pause(false);
    current.endOver();
    return { models: current.ends, yielded: current.yielded };
  }

  /** Its finished slices stay. */
  async #stopBackground(run: CurrentRun): Promise<void> {
    run.yielded = true;
    this.cancel();
    await run.over;
  }

  #join(run: CurrentRun, slide: OpenSlide, model: ModelEntry, plan: RunPlan): void {
    if (run.controller.signal.aborted || run.jobs.has(passId(model))) return;
    run.jobs.set(passId(model), this.#segment(run, slide, model, plan));
  }

  /** Segments with one model, in several workers if one is lost. */
  async #segment(run: CurrentRun, slide: OpenSlide, model: ModelEntry, plan: RunPlan): Promise<void> {
    const modelId = passId(model);
    for (;;) {
      this.#store.dispatch({
        type: 'run-started',
        modelId,
        extent: plan.extent,
        ...(run.background && { background: slide.choice.title }),
      });
      try {
        const summary = await this.#attempt(run, slide, model, plan);
        const end = { model, summary, error: null };
        run.ends.push(end);
        for (const listener of this.#endListeners) await listener(slide, plan, end);
        this.#store.dispatch({ type: 'run-ended', modelId, summary });
        return;
      } catch (error) {
        const isLost = isLostWorker(error) && !run.controller.signal.aborted;
        if (isLost && this.#goesOn(run, error)) continue;
        if (isLost && !run.background) this.#offerResume(slide, model, plan);
        this.#store.dispatch({ type: 'run-ended', modelId, summary: null });
        const isCancelled = isAbort(error) || (!isLost && isLostWorker(error));
        run.ends.push({
          model,
          summary: null,
          error: isCancelled ? null : reportOf(error, slide.metadata.name),
        });
        if (!isLost && !run.background) this.#failed(error, slide, model, plan);
        return;
      }
    }
  }

  #attempt(run: CurrentRun, slide: OpenSlide, model: ModelEntry, plan: RunPlan): Promise<SegmentSummary> {
    const { signal } = run.controller;
    const listener = this.#events.listener(slide, model, true);
    void this.#client.setView(this.#shownPart(slide));
    return this.#client.segment(
      {
        ...plan.request,
        slide: slide.choice.input,
        modelUrl: model.url,
        mpp: slide.userMpp,
        force: model.overridden === true,
        withoutContext: model.withoutContext === true,
        unlike: this.#asksMisfit(slide, model) ? 'refuse' : 'use',
      },
      {
        signal,
        onEvent: (event) => {
          if (event.kind === 'slice' || event.kind === 'progress') run.done.set(passId(model), event.done);
          listener(event);
        },
      },
    );
  }

  #failed(error: unknown, slide: OpenSlide, model: ModelEntry, plan: RunPlan): void {
    // Cancelled before the first slice, or when the worker was lost.
    if (isAbort(error) || isLostWorker(error)) return;
    const report = reportOf(error, slide.metadata.name);
    if (report.code === 'failed-check') {
      this.#store.dispatch({
        type: 'model-check',
        modelId: model.id,
        check: { kind: 'failed', error: report },
      });
      this.#refused(model, plan.extent);
      return;
    }
    if (report.code === 'unlike-training') {
      const { problem } = report;
      if (!this.#isOpen(slide)) return;
      this.#store.dispatch({ type: 'measured-misfit', modelId: model.id, problem });
      this.#refused(model, plan.extent);
      return;
    }
    this.#store.dispatch({
      type: 'log',
      entry: logEntry('error', report, `segment.${plan.extent}`),
    });
  }

  /**
   * Whether a run whose worker was lost goes on in another by itself, which is then said: only if it got further than at
   * the last loss, so that it ends. All models of a run are told the same.
   */
  #goesOn(run: CurrentRun, error: WorkerError): boolean {
    if (run.loss?.error === error) return run.loss.goesOn;
    const done = [...run.done.values()].reduce((sum, each) => sum + each, 0);
    const goesOn = done > run.doneAtLoss;
    run.loss = { error, goesOn };
    run.doneAtLoss = done;
    run.done.clear();
    const { keep } = run.plan.request;
    const consequence = keep === true ? 'It goes on with the saved slices.' : 'It starts over.';
    const remedy = goesOn ? consequence : 'Finished slices stay.';
    const report = {
      code: 'run-stopped',
      file: run.slide.metadata.name,
      problem: error.report.problem,
      remedy,
    };
    const entry = logEntry(goesOn ? 'warning' : 'error', report, goesOn ? null : resumeCommand);
    this.#store.dispatch({ type: 'log', entry });
    return goesOn;
  }

  #offerResume(slide: OpenSlide, model: ModelEntry, plan: RunPlan): void {
    this.#stopped ??= { slide, plan, models: [] };
    this.#stopped.models.push(passId(model));
    this.#store.dispatch({ type: 'run-stopped', slideId: slide.slideId });
  }

  /** Continues the run that ended with its worker, on the same area with the same models. */
  async resume(): Promise<void> {
    const { slide: open, models, run, notice } = this.#store.getState();
    const stopped = this.#stopped;
    if (
      stopped === null ||
      (run !== null && run.background === undefined) ||
      open?.slideId !== stopped.slide.slideId
    )
      return;
    if (notice?.commandId === resumeCommand) this.#store.dispatch({ type: 'dismiss-notice' });
    const wanted = stopped.models.flatMap((id) => passById(models, id) ?? []);
    // As it is now: its resolution may have been entered since.
    await this.runAll(open, wanted, stopped.plan);
  }

  /** What the active pane shows of the slide; null if it shows another one. */
  #shownPart({ metadata }: OpenSlide): Level0Rect | null {
    const { slide } = this.#store.getState();
    return slide?.metadata.fingerprint === metadata.fingerprint ? this.#visibleArea() : null;
  }

  #asksMisfit(slide: OpenSlide, model: ModelEntry): boolean {
    const state = { ...this.#store.getState(), slide };
    return state.preferences.askMisfit && !isAllowedMisfit(state, model);
  }

  /** Uses a refused model all the same, at once for what was last asked of it. */
  useAnyway(model: ModelEntry): void {
    const state = this.#store.getState();
    const refusal = refusalOf(state, model);
    if (refusal?.overridable !== true) return;
    this.#store.dispatch(overrideAction(refusal, model.id));
    const asked = this.#refusedAsk;
    if (asked === null || asked.slideId !== state.slide?.slideId || !asked.models.delete(model.id)) return;
    const current = this.#store.getState().models?.find(({ id }) => id === model.id);
    if (current === undefined) return;
    if (this.#run?.background !== false) void this.segment(asked.extent, [current]);
    else this.enqueue([current]);
  }

  /** Whether the model is refused, which is then said, with the way to use it all the same. */
  #refused(model: ModelEntry, extent: Extent): boolean {
    const state = this.#store.getState();
    const refusal = refusalOf(state, model);
    if (refusal === null) return false;
    if (state.slide !== null) {
      const { slideId } = state.slide;
      if (this.#refusedAsk?.slideId !== slideId || this.#refusedAsk.extent !== extent) {
        this.#refusedAsk = { slideId, extent, models: new Set() };
      }
      this.#refusedAsk.models.add(model.id);
    }
    const { problem, overridable } = refusal;
    const report = {
      code: 'refused-model',
      file: model.manifest.title,
      // First what it means: the status bar cuts long reasons, which the Models panel has in full.
      problem: `Nothing was segmented. ${problem}`,
      remedy: '',
    };
    const entry = logEntry('error', report, overridable ? 'model.override' : null);
    this.#store.dispatch({ type: 'log', entry });
    return true;
  }

  /** Pauses or resumes the run. */
  togglePause(): void {
    const { run } = this.#store.getState();
    if (run !== null) this.#pause(run.phase !== 'paused');
  }

  #pause(paused: boolean): void {
    void this.#client.setPaused(paused);
    this.#store.dispatch({ type: 'run-paused', paused });
  }

  /** Adds models to the run in progress, on the same area of the same slide. Does nothing without a run. */
  enqueue(models: readonly ModelEntry[]): void {
    const run = this.#run;
    if (run?.background === true) return;
    const usable = models.filter((model) => !this.#refused(model, run?.plan.extent ?? 'visible'));
    if (run !== null) void this.runAll(run.slide, usable, run.plan);
  }

  cancel(): void {
    if (this.#run === null) return;
    this.#store.dispatch({ type: 'run-cancelling' });
    this.#run.controller.abort();
    void this.#client.setPaused(false);
  }

  /** Call when the view has moved: slices in view are segmented first. */
  viewMoved(): void {
    if (this.#run === null || this.#viewTimer !== null) return;
    this.#viewTimer = window.setTimeout(() => {
      this.#viewTimer = null;
      if (this.#run !== null) void this.#client.setView(this.#shownPart(this.#run.slide));
    }, viewInterval);
  }
}

function newRun(slide: OpenSlide, plan: RunPlan, background: boolean): CurrentRun {
  let endOver = (): void => undefined;
  const over = new Promise<void>((resolve) => (endOver = resolve));
  return {
    background,
    over,
    endOver,
    ends: [],
    yielded: false,
    controller: new AbortController(),
    slide,
    plan,
    jobs: new Map(),
    done: new Map(),
    doneAtLoss: 0,
    loss: null,
  };
}
