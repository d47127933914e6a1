/** Where the engine's events go: slices to the class maps, what the user should know into the log. */
import type { SegmentEvent } from '../../worker/protocol.ts';
import type { ErrorReport } from '../../base/error-report.ts';
import type { ClassMapStore } from '../overlay/class-map-store.ts';
import type { ModelEntry, OpenSlide } from '../state/state.ts';
import type { AppStore } from '../state/store.ts';
import { logEntry } from './error-log.ts';

/** Progress moves this often, in milliseconds: slices finish far faster than anybody reads. */
const progressInterval = 100;

export class EngineEvents {
  readonly #store: AppStore;
  readonly #maps: ClassMapStore;
  /** Codes of storage problems that the user knows of. */
  readonly #told = new Set<string>();
  /** Of the run that is on, by model; others' late progress is dropped. */
  readonly #progress = new Map<string, object>();

  constructor(store: AppStore, maps: ClassMapStore) {
    this.#store = store;
    this.#maps = maps;
  }

  /** @param ofRun whether the events move the progress of the run that is on. */
  listener(slide: OpenSlide, model: ModelEntry, ofRun: boolean): (event: SegmentEvent) => void {
    const map = this.#maps.of(slide.metadata.fingerprint, slide.userMpp ?? slide.metadata.mpp, model.id);
    const move = ofRun ? this.#mover(model.id) : () => undefined;
    return (event) => {
      if (event.kind === 'slice') map.add(event.result, slide.metadata);
      if (event.kind === 'broken-slice' || event.kind === 'notice') this.warn(event.error);
      if (event.kind === 'backend') this.#store.dispatch({ type: 'backend-ready', report: event.report });
      move(event);
    };
  }

  /** Tells the state of the run's events; of progress, only the latest of a while. */
  #mover(modelId: string): (event: SegmentEvent) => void {
    const own = {};
    this.#progress.set(modelId, own);
    let latest: SegmentEvent | null = null;
    let timer: number | undefined;
    const tell = (): void => {
      timer = undefined;
      if (latest !== null && this.#progress.get(modelId) === own) {
        this.#store.dispatch({ type: 'run-event', modelId, event: latest });
      }
      latest = null;
    };
    return (event) => {
      if (event.kind === 'slice' || event.kind === 'progress') {
        latest = event;
        timer ??= window.setTimeout(tell, progressInterval);
        return;
      }
      this.#store.dispatch({ type: 'run-event', modelId, event });
    };
  }

  /** What is wrong with storage is told once: it would be the same for every run. */
  warn(report: ErrorReport): void {
    if (report.code.startsWith('storage-')) {
      if (this.#told.has(report.code)) return;
      this.#told.add(report.code);
    }
    this.#store.dispatch({ type: 'log', entry: logEntry('warning', report, null) });
  }
}
