/**
 * Segments the slides of a project one after the other, without showing them: the reader goes on with another slide. What the
 * reader segments goes first. Results are kept as those of any run; the project keeps their summary.
 */
import type { ErrorReport } from '../../base/error-report.ts';
import type { ProjectSlide, SlideFailure } from '../../project/project.ts';
import type { SegmentClient } from '../../worker/segment-client.ts';
import { overlapOf } from '../../worker/segment-client.ts';
import { formatCount } from '../format.ts';
import type { ClassMapStore } from '../overlay/class-map-store.ts';
import { logEntry, reportOf } from '../session/error-log.ts';
import { mismatchesOf, refusalOf } from '../models/model-refusal.ts';
import type { LayerContent } from '../session/layer-content.ts';
import type { ModelEnd, RunPlan, SegmentSession } from '../session/segment-session.ts';
import type { SlideSession } from '../session/slide-session.ts';
import { recallMpp } from '../session/user-mpp.ts';
import { browserStorage } from '../state/browser-storage.ts';
import { hiddenSlide } from '../state/slide-changes.ts';
import { currentMpp, modelTitle, shownModels } from '../state/state.ts';
import type { ModelEntry, OpenSlide } from '../state/state.ts';
import type { AppStore } from '../state/store.ts';
import type { FiguresSession } from '../truth/figures-session.ts';
import { projectSlideKey } from './project-state.ts';
import type { ProjectState } from './project-state.ts';
import type { ProjectSession } from './project-session.ts';
import { identityOf } from './project-thumbnails.ts';
import { disagreementOf, summarise } from './slide-summary.ts';

export interface QueueParts {
  readonly store: AppStore;
  readonly slides: SlideSession;
  readonly segmentation: SegmentSession;
  readonly project: ProjectSession;
  readonly classMaps: ClassMapStore;
  readonly figures: FiguresSession;
  readonly client: SegmentClient;
}

/** `stopped`: the user has cancelled. `again`: it let another run go first. */
type SlideEnd = 'done' | 'stopped' | 'again';

export class ProjectQueue {
  readonly #parts: QueueParts;
  #isWorking = false;

  constructor(parts: QueueParts) {
    this.#parts = parts;
    parts.segmentation.onModelEnd((slide, plan, end) => this.#keepResult(slide, plan, end));
    // Slides of a project that was closed stay queued, for when it is opened again.
    parts.store.subscribe(
      ({ project }) => project?.id,
      () => {
        if (this.#isWorking && parts.store.getState().run?.background !== undefined)
          parts.segmentation.cancel();
      },
    );
  }

  /** Queues all slides that have no result of the models in the panes, and begins. */
  async segmentAll(): Promise<void> {
    const { store, project } = this.#parts;
    const state = store.getState();
    const models = shownModels(state).map(({ id }) => id);
    if (state.project === null || models.length === 0) return;
    await project.setModels(models);
    const { slides, found } = state.project;
    const wanted = slides.filter(
      ({ id, results }) => found.has(id) && models.some((model) => results[model] === undefined),
    );
    project.change(...wanted.map(({ id }) => [id, { kind: 'queued', queued: true }] as const));
    await this.resume();
  }

  /** Goes on with the slides that are queued. */
  async resume(): Promise<void> {
    const { store, segmentation } = this.#parts;
    const { run, project } = store.getState();
    if (project === null) return;
    this.#set({ queue: 'running' });
    if (run?.background !== undefined && run.phase === 'paused') segmentation.togglePause();
    if (this.#isWorking) return;
    this.#isWorking = true;
    try {
      await this.#alone(project.id, () => this.#work(project.id));
    } finally {
      this.#isWorking = false;
      this.#set({ queue: 'idle', running: null });
    }
  }

  pause(): void {
    const { store, segmentation } = this.#parts;
    const { run } = store.getState();
    this.#set({ queue: 'paused' });
    if (run?.background !== undefined && run.phase !== 'paused') segmentation.togglePause();
  }

  /** Takes all slides out of the queue. Finished slices and slides stay. */
  cancel(): void {
    const { store, project, segmentation } = this.#parts;
    const { project: state, run } = store.getState();
    const queued = state?.slides.filter((slide) => slide.queued) ?? [];
    project.change(...queued.map(({ id }) => [id, { kind: 'queued', queued: false }] as const));
    this.#set({ queue: 'idle' });
    if (run?.background !== undefined) segmentation.cancel();
  }

  #set(change: Partial<ProjectState>): void {
    const { store } = this.#parts;
    const { project } = store.getState();
    if (project !== null) store.dispatch({ type: 'project-change', id: project.id, change });
  }

  /** One tab at a time works on a project. */
  async #alone(projectId: string, work: () => Promise<void>): Promise<void> {
    // Typed as always there, but absent where the page is not served securely.
    const locks = navigator.locks as LockManager | undefined;
    if (locks === undefined) return work();
    await locks.request(`dualscope.project.${projectId}`, { ifAvailable: true }, async (lock) => {
      if (lock !== null) return work();
      this.#say('Another tab segments this project.', 'Its results appear here as they finish.');
    });
  }

  async #work(projectId: string): Promise<void> {
    for (;;) {
      await this.#untilFree(projectId);
      const next = this.#next(projectId);
      if (next === null) return;
      this.#set({ running: next.id });
      const end = await this.#segment(next);
      this.#set({ running: null });
      if (end === 'stopped') return this.#stopped(projectId);
    }
  }

  /** Waits until nothing else runs and the queue is not paused. */
  async #untilFree(projectId: string): Promise<void> {
    const { store, segmentation } = this.#parts;
    await segmentation.idle();
    const isPaused = (): boolean => {
      const { project } = store.getState();
      return project?.id === projectId && project.queue === 'paused';
    };
    while (isPaused()) {
      await new Promise<void>((resolve) => {
        const stop = store.subscribe(isPaused, () => {
          stop();
          resolve();
        });
      });
      await segmentation.idle();
    }
  }

  #next(projectId: string): ProjectSlide | null {
    const { project } = this.#parts.store.getState();
    if (project?.id !== projectId || project.queue !== 'running') return null;
    return project.slides.find(({ id, queued }) => queued && project.found.has(id)) ?? null;
  }

  async #segment(slide: ProjectSlide): Promise<SlideEnd> {
    const { store, slides, project } = this.#parts;
    const state = store.getState();
    const choice = state.project === null ? null : project.choiceOf(state.project.id, slide);
    if (choice === null) return this.#failed(slide, notThere);
    // The open one as it is: its resolution may have been entered.
    if (state.slide?.choice.key === choice.key) return this.#run(slide, state.slide);
    try {
      const { slideId, metadata } = await slides.client.open(choice.input);
      try {
        project.change([slide.id, { kind: 'identified', identity: identityOf(metadata) }]);
        const userMpp = recallMpp(browserStorage(), metadata.fingerprint);
        return await this.#run(slide, hiddenSlide({ slideId, choice, metadata, userMpp }));
      } finally {
        void slides.client.close(slideId);
      }
    } catch (error) {
      return this.#failed(slide, reportOf(error, slide.name));
    }
  }

  async #run(slide: ProjectSlide, open: OpenSlide): Promise<SlideEnd> {
    const { store, segmentation, project, classMaps } = this.#parts;
    if (currentMpp(open) === null) return this.#failed(slide, noResolution);
    const state = { ...store.getState(), slide: open };
    const wanted = project.settings.models;
    const models = (state.models ?? []).filter(({ id }) => wanted.includes(id));
    const usable = models.filter((model) => refusalOf(state, model) === null);
    if (models.length < wanted.length) return this.#failed(slide, noModel);
    const [refused] = models.flatMap((model) => refusalOf(state, model) ?? []);
    if (usable.length === 0) return this.#failed(slide, refusedFailure(refused?.problem ?? ''));
    const { preferences } = state;
    const plan: RunPlan = {
      extent: 'whole',
      request: {
        area: null,
        polygon: null,
        overlap: overlapOf(preferences.quality),
        symmetries: preferences.symmetries,
        glass: preferences.skipGlass ? 'skip' : 'include',
        keep: preferences.keepResults,
      },
    };
    const { models: ends, yielded } = await segmentation.runAll(open, usable, plan, { background: true });
    const isShown = store.getState().slide?.metadata.fingerprint === open.metadata.fingerprint;
    if (preferences.keepResults && !isShown) {
      // They are read back when the slide is opened.
      for (const model of usable) classMaps.of(open.metadata.fingerprint, currentMpp(open), model.id).clear();
    }
    if (yielded) return 'again';
    const [error] = ends.flatMap((end) => end.error ?? []);
    if (error !== undefined) return this.#failed(slide, failureOf(error));
    if (ends.some(({ summary }) => summary === null || summary.cancelled)) return 'stopped';
    if (refused !== undefined) return this.#failed(slide, refusedFailure(refused.problem));
    project.change([slide.id, { kind: 'queued', queued: false }]);
    return 'done';
  }

  /** The queue goes on with the next slide. */
  #failed({ id }: ProjectSlide, { problem, remedy }: SlideFailure): SlideEnd {
    this.#parts.project.change([id, { kind: 'failed', failure: { problem, remedy } }]);
    return 'done';
  }

  #stopped(projectId: string): void {
    const { project } = this.#parts.store.getState();
    if (project?.id !== projectId) return;
    const left = project.slides.filter(({ queued }) => queued).length;
    this.cancel();
    if (left === 0) return;
    const slides = `${formatCount(left)} ${left === 1 ? 'slide' : 'slides'}`;
    this.#say(`Queue cancelled: ${slides} not segmented.`, '“Segment all” goes on with the finished slices.');
  }

  /** Keeps the summary of a run over a whole slide of the project, whoever started it. */
  async #keepResult(open: OpenSlide, { request }: RunPlan, { model, summary }: ModelEnd): Promise<void> {
    const { store, project, figures, client } = this.#parts;
    const slide = this.#slideOf(open);
    const mpp = currentMpp(open);
    const isWhole = request.area === null && (request.polygon ?? null) === null;
    if (slide === null || mpp === null || !isWhole || summary === null || summary.cancelled) return;
    const content = this.#contentOf(open, model);
    try {
      const tissue = await client
        .tissue({ slide: open.choice.input, modelUrl: model.url, area: null, mpp: open.userMpp })
        .catch(() => null);
      const subject = { slide: open.metadata, mpp, tissue };
      const result = await summarise(figures, content, subject, summary.broken);
      project.change([slide.id, { kind: 'result', modelId: model.id, result }]);
      const disagreements: number[] = [];
      for (const other of store.getState().models ?? []) {
        const isOther = other.id !== model.id && project.slide(slide.id)?.results[other.id] !== undefined;
        const against = isOther ? this.#contentOf(open, other) : null;
        if (against === null || against.map.size === 0) continue;
        const share = await disagreementOf(content, against, subject);
        if (share !== null) disagreements.push(share);
      }
      if (disagreements.length > 0) {
        const disagreement = Math.max(...disagreements);
        project.change([slide.id, { kind: 'disagreement', disagreement }]);
      }
    } catch (error) {
      const { problem, remedy } = reportOf(error, slide.name);
      project.change([slide.id, { kind: 'failed', failure: { problem, remedy } }]);
    }
  }

  #slideOf({ choice }: OpenSlide): ProjectSlide | null {
    const { project } = this.#parts.store.getState();
    return project?.slides.find(({ id }) => projectSlideKey(project.id, id) === choice.key) ?? null;
  }

  #contentOf(open: OpenSlide, model: ModelEntry): LayerContent {
    const { store, classMaps } = this.#parts;
    return {
      title: modelTitle(model),
      overridden: model.overridden === true,
      mismatches: mismatchesOf({ ...store.getState(), slide: open }, model),
      classes: model.manifest.classes,
      map: classMaps.of(open.metadata.fingerprint, currentMpp(open), model.id),
    };
  }

  #say(problem: string, remedy: string): void {
    const { store } = this.#parts;
    const report = { code: 'project', file: store.getState().project?.title ?? '', problem, remedy };
    store.dispatch({ type: 'log', entry: logEntry('info', report, null) });
  }
}

const failureOf = ({ problem, remedy }: ErrorReport): SlideFailure => ({ problem, remedy });

const notThere: SlideFailure = {
  problem: 'The file is not in the folder.',
  remedy: 'Choose the folder that holds it.',
};
const noResolution: SlideFailure = {
  problem: 'The file states no µm per pixel.',
  remedy: 'Open the slide, set its resolution, and segment again.',
};
const noModel: SlideFailure = {
  problem: 'A model of the queue is not loaded.',
  remedy: 'Open the model, or choose others and press “Segment all”.',
};

function refusedFailure(problem: string): SlideFailure {
  return { problem: `Not segmented: ${problem}`, remedy: 'Open the slide to use the model anyway.' };
}
