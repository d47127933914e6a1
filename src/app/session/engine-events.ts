/** Distributes the engine's events: slices to class maps, problems to the log, progress to the state. */
import type { SegmentEvent } from '../../worker/protocol.ts';
import type { ErrorReport } from '../../base/error-report.ts';
import { fitWarning, isUnlikeTraining, type TissueFit } from '../../base/tissue-fit.ts';
import { passId } from '../context/context-pass.ts';
import type { ClassMapStore, LiveClassMap } from '../overlay/class-map-store.ts';
import { modelTitle, type ModelEntry, type OpenSlide } from '../state/state.ts';
import type { AppStore } from '../state/store.ts';
import { logEntry } from './error-log.ts';

/** Milliseconds between progress updates. Slices finish far faster than anyone can read. */
const progressInterval = 100;

export class EngineEvents {
  readonly #store: AppStore;
  readonly #maps: ClassMapStore;
  /** Codes of storage problems already reported. */
  readonly #reported = new Set<string>();
  /** Current run of each model id; late progress of earlier runs is dropped. */
  readonly #progress = new Map<string, object>();

  constructor(store: AppStore, maps: ClassMapStore) {
    this.#store = store;
    this.#maps = maps;
  }

  /** @param ofRun whether the events update the progress of the current run */
  listener(slide: OpenSlide, model: ModelEntry, ofRun: boolean): (event: SegmentEvent) => void {
    const map = this.#maps.of(slide.metadata.fingerprint, slide.userMpp ?? slide.metadata.mpp, passId(model));
    const report = ofRun ? this.#progressOf(passId(model)) : () => undefined;
    return (event) => {
      if (event.kind === 'slice') map.add(event.result, slide.metadata);
      if (event.kind === 'fit') this.#setFit(map, event.fit, slide, model);
      if (event.kind === 'broken-slice' || event.kind === 'notice') this.warn(event.error);
      if (event.kind === 'backend') this.#store.dispatch({ type: 'backend-ready', report: event.report });
      report(event);
    };
  }

  /** Shown with the map from now on. The log keeps it; the status bar goes on with the run. */
  #setFit(map: LiveClassMap, fit: TissueFit, slide: OpenSlide, model: ModelEntry): void {
    const isKnown = map.fit !== null && isUnlikeTraining(map.fit);
    map.setFit(fit);
    const warning = fitWarning(fit, modelTitle(model));
    if (warning === null || isKnown) return;
    const report = { code: 'unlike-training', file: slide.metadata.name, problem: warning, remedy: '' };
    this.#store.dispatch({ type: 'log', entry: logEntry('info', report, null) });
  }

  /** Forwards the events of a run to the state; of progress events, only the latest in each interval. */
  #progressOf(modelId: string): (event: SegmentEvent) => void {
    const own = {};
    this.#progress.set(modelId, own);
    let latest: SegmentEvent | null = null;
    let timer: number | undefined;
    const flush = (): void => {
      timer = undefined;
      if (latest !== null && this.#progress.get(modelId) === own) {
        this.#store.dispatch({ type: 'run-event', modelId, event: latest });
      }
      latest = null;
    };
    return (event) => {
      if (event.kind === 'slice' || event.kind === 'progress') {
        latest = event;
        timer ??= window.setTimeout(flush, progressInterval);
        return;
      }
      this.#store.dispatch({ type: 'run-event', modelId, event });
    };
  }

  /** Logs a warning. Storage problems are logged once, because they recur in every run. */
  warn(report: ErrorReport): void {
    if (report.code.startsWith('storage-')) {
      if (this.#reported.has(report.code)) return;
      this.#reported.add(report.code);
    }
    this.#store.dispatch({ type: 'log', entry: logEntry('warning', report, null) });
  }
}
