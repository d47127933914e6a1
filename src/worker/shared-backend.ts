/** The one backend that all runs share: started when it is first needed, and anew when it is lost. */
import { FairTurns } from '../segment/fair-turns.ts';
import type { ModelLease } from './model-cache.ts';
import { ModelCache } from './model-cache.ts';
import type { BackendName } from './protocol.ts';
import type { SegmentPlatform, StartedBackend } from './segment-platform.ts';

export class SharedBackend {
  readonly #platform: SegmentPlatform;
  readonly #models: ModelCache;
  #starting: Promise<StartedBackend> | null = null;
  #turns: FairTurns | null = null;

  constructor(platform: SegmentPlatform) {
    this.#platform = platform;
    this.#models = new ModelCache((url) => platform.loadModel(url));
  }

  /**
   * The backend that runs; the wanted one is started where none does.
   * @param failed not to be chosen any more.
   * @throws ModelError `backend` when it can't be started; a later call tries again.
   */
  start(wanted: BackendName | null, failed: readonly BackendName[] = []): Promise<StartedBackend> {
    if (this.#starting !== null) return this.#starting;
    const starting = this.#platform.startBackend(wanted, failed);
    this.#starting = starting;
    // A backend that failed or was lost is started anew by the next call.
    starting.then(
      ({ lost }) => void lost.then(() => this.forget(starting)),
      () => this.forget(starting),
    );
    return starting;
  }

  /** Has the next call start anew. Does nothing when `starting` is not the present one any more. */
  forget(starting: Promise<StartedBackend>): void {
    if (this.#starting !== starting) return;
    this.#starting = null;
    this.#models.clear();
    this.#turns = null;
  }

  /** A model on this backend. @throws ModelError when it can't be loaded. */
  lease(modelUrl: string): Promise<ModelLease> {
    return this.#models.lease(modelUrl);
  }

  /** Where runs take their turns on the backend. @param inFlight slices at a time, of the run that comes first. */
  turns(inFlight: number): FairTurns {
    this.#turns ??= new FairTurns(inFlight);
    return this.#turns;
  }
}
