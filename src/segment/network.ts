/**
 * The network of a run: a guarded segmenter, its batching, and its recovery from failures. App and command line both start
 * networks here, so that none runs unguarded.
 */
import { toErrorReport } from '../base/error-report.ts';
import { FifoSemaphore } from '../base/fifo-semaphore.ts';
import type { BackendChoice, BackendName } from '../runtime/backend.ts';
import type { RunningBackend } from '../runtime/backend-initialise.ts';
import type { LoadOptions } from '../runtime/checked-model.ts';
import { failedCheckError } from '../runtime/golden-check.ts';
import { guardedSegmenter, isWorthRetrying } from '../runtime/guarded-segmenter.ts';
import { withoutContext } from '../runtime/missing-context.ts';
import type { Segmenter } from '../runtime/segmenter.ts';
import { withSymmetries } from '../runtime/symmetric-segmenter.ts';
import { BatchSize } from './batch-size.ts';
import { ModelCache, type ModelLease } from './model-cache.ts';
import type { NetworkEvent } from './run-progress.ts';

/** The engine's interface to a network. */
export interface Network {
  readonly segmenter: Segmenter;
  /** Maximum number of batches in flight. */
  readonly maxInFlight: number;
  readonly batch: BatchSize;
  /** Runs work on the backend, in turn with other runs. */
  turn(work: () => Promise<void>): Promise<void>;
  /**
   * Replaces a failed backend. The properties above then belong to the replacement.
   * @param slicesSince slices finished since the last failure, or since the start.
   * @returns false if no backend is left to try.
   */
  recover(error: unknown, slicesSince: number): Promise<boolean>;
}

/** Maximum duration of a batch, so that a new view is shown soon. */
const longestBatchMs = 200;

export interface BackendLimits {
  readonly maxInFlight: number;
  readonly mostInBatch: number;
  /** Whether larger batches are known to be better; otherwise, the run measures. False by default. */
  readonly largeIsBest?: boolean;
}

/** What the network has to know of a platform's backends. */
export interface BackendKinds<Name extends string> {
  /** Runs everywhere: when it fails, no other backend is tried. */
  readonly lastResort: Name;
  limitsOf(name: Name): BackendLimits;
}

/** After a failure, for safety; and where more gains nothing. */
export const oneAtATime: BackendLimits = { maxInFlight: 1, mostInBatch: 1 };

/**
 * TF.js. A GPU works in parallel with this thread, and one small slice leaves it underused. wasm and cpu compute on this
 * thread.
 */
export const browserBackends: BackendKinds<BackendName> = {
  lastResort: 'cpu',
  limitsOf: (name) =>
    name === 'webgpu' || name === 'webgl' ? { maxInFlight: 2, mostInBatch: 16 } : oneAtATime,
};

/** How a run uses a model. */
export interface NetworkOptions extends LoadOptions {
  /** Asks it about each slice in all eight orientations: more right, and eight times as slow. False by default. */
  readonly symmetries?: boolean;
  /** Leaves the context out, for a model that was trained to do without. False by default. */
  readonly withoutContext?: boolean;
}

/** A segmenter as a network without replacement, for benchmarks and tests. */
export function fixedNetwork(
  segmenter: Segmenter,
  { maxInFlight = 1, mostInBatch = 1, largeIsBest = false }: Partial<BackendLimits> = {},
): Network {
  return {
    segmenter,
    maxInFlight,
    batch: batchOf(segmenter, { mostInBatch, largeIsBest }),
    turn: (work) => work(),
    recover: () => Promise.resolve(false),
  };
}

function batchOf(
  segmenter: Segmenter,
  { mostInBatch, largeIsBest = false }: Omit<BackendLimits, 'maxInFlight'>,
): BatchSize {
  const most = segmenter.segmentBatch === undefined ? 1 : mostInBatch;
  return new BatchSize({ most, longestMs: longestBatchMs, largeIsBest });
}

/** What depends on the platform. */
export interface NetworkPlatform<Name extends string = BackendName> {
  /**
   * @param failed backends to avoid.
   * @throws ModelError `backend` when the wanted backend, or any backend, fails to start.
   */
  startBackend(wanted: Name | null, failed: readonly Name[]): Promise<RunningBackend<Name>>;
  /**
   * Loads a model even if it fails its golden check; whether it may be used is decided here.
   * @param model the model's URL or folder.
   * @param guard for the golden check.
   * @throws ModelError when it can't be used.
   */
  loadModel(model: string, guard: (segmenter: Segmenter) => Segmenter): Promise<Segmenter>;
}

/** The backend that all runs share. Starts on first use, and again after a loss. */
export class NetworkHost<Name extends string = BackendName> {
  readonly kinds: BackendKinds<Name>;
  readonly #platform: NetworkPlatform<Name>;
  readonly #models: ModelCache;
  #starting: Promise<RunningBackend<Name>> | null = null;
  #turns: FifoSemaphore | null = null;

  constructor(platform: NetworkPlatform<Name>, kinds: BackendKinds<Name>) {
    this.kinds = kinds;
    this.#platform = platform;
    this.#models = new ModelCache(async (model) => {
      const backend = await this.start();
      return platform.loadModel(model, (segmenter) => guardedSegmenter(segmenter, backend));
    });
  }

  /**
   * The running backend. If there is none, starts the wanted one or the best.
   * @param failed backends to avoid.
   * @throws ModelError `backend` when it can't be started; the next call tries again.
   */
  start(wanted: Name | null = null, failed: readonly Name[] = []): Promise<RunningBackend<Name>> {
    if (this.#starting !== null) return this.#starting;
    const starting = this.#platform.startBackend(wanted, failed);
    this.#starting = starting;
    starting.then(
      ({ lost }) => void lost.then(() => this.forget(starting)),
      () => this.forget(starting),
    );
    return starting;
  }

  /** Makes the next call start a backend, unless `starting` has already been replaced. */
  forget(starting: Promise<RunningBackend<Name>>): void {
    if (this.#starting !== starting) return;
    this.#starting = null;
    this.#models.clear();
    this.#turns = null;
  }

  /**
   * A model on the running backend, unguarded. Release it.
   * @throws ModelError when it can't be loaded, or fails its golden check and is not forced.
   */
  async lease(model: string, { force = false }: LoadOptions = {}): Promise<ModelLease> {
    const lease = await this.#models.lease(model);
    const { failedCheck, manifest } = lease.segmenter;
    if (failedCheck === undefined || force) return lease;
    lease.release();
    throw failedCheckError(manifest.id, failedCheck);
  }

  /** @param permits concurrent batches, set by the first run. */
  turns(permits: number): FifoSemaphore {
    this.#turns ??= new FifoSemaphore(permits);
    return this.#turns;
  }

  /**
   * A network for one run. Release it.
   * @param emit receives `notice` and `backend` events when the network is replaced.
   * @throws ModelError when no backend can be started, or the model can't be loaded.
   */
  async network(
    model: string,
    emit: (event: NetworkEvent<Name>) => void = () => undefined,
    wanted: Name | null = null,
    options: NetworkOptions = {},
  ): Promise<HostedNetwork<Name>> {
    const network = new HostedNetwork(this, model, emit, options);
    await network.start(wanted);
    return network;
  }
}

/** A model on the host's backend. After a failure, restarts that backend, then falls back to the next best ones. */
export class HostedNetwork<Name extends string = BackendName> implements Network {
  readonly #host: NetworkHost<Name>;
  readonly #model: string;
  readonly #emit: (event: NetworkEvent<Name>) => void;
  readonly #options: NetworkOptions;
  #loaded: Loaded<Name> | null = null;
  #starting: Promise<RunningBackend<Name>> | null = null;
  /** Backends that failed in this run. */
  readonly #failed: Name[] = [];
  #failures = 0;

  constructor(
    host: NetworkHost<Name>,
    model: string,
    emit: (event: NetworkEvent<Name>) => void,
    options: NetworkOptions,
  ) {
    this.#options = options;
    this.#host = host;
    this.#model = model;
    this.#emit = emit;
  }

  get segmenter(): Segmenter {
    return this.#now.segmenter;
  }

  get batch(): BatchSize {
    return this.#now.batch;
  }

  /** The network's backend, without its guards. */
  get backend(): BackendChoice<Name> {
    const { name, device, reason } = this.#now.backend;
    return { name, device, reason };
  }

  get maxInFlight(): number {
    return this.#limits(this.#now.backend).maxInFlight;
  }

  turn(work: () => Promise<void>): Promise<void> {
    // Looked up on each call, because a restarted backend has a new semaphore.
    return this.#host.turns(this.maxInFlight).run(work);
  }

  /** Loads the model; recovers if the backend starts but fails then. @param wanted the best if null. @throws ModelError. */
  async start(wanted: Name | null): Promise<void> {
    const starting = this.#host.start(wanted);
    const { name } = await starting;
    try {
      await this.#load(starting);
    } catch (error) {
      if (!(await this.#recover(error, name, 0))) throw error;
    }
  }

  async #load(starting: Promise<RunningBackend<Name>>): Promise<void> {
    this.#starting = starting;
    const backend = await starting;
    this.release();
    const lease = await this.#host.lease(this.#model, this.#options);
    const guarded = guardedSegmenter(lease.segmenter, backend);
    const segmenter = this.#asked(guarded, lease);
    const batch = batchOf(segmenter, this.#limits(backend));
    this.#loaded = { backend, lease, segmenter, batch };
  }

  /** The model as this run asks it. @throws ModelError when it can't do without its context but has to. */
  #asked(segmenter: Segmenter, lease: ModelLease): Segmenter {
    const { symmetries = false, withoutContext: leavesOut = false } = this.#options;
    try {
      const asked = leavesOut ? withoutContext(segmenter) : segmenter;
      return symmetries ? withSymmetries(asked) : asked;
    } catch (error) {
      lease.release();
      throw error;
    }
  }

  recover(error: unknown, slicesSince: number): Promise<boolean> {
    return this.#recover(error, this.#now.backend.name, slicesSince);
  }

  async #recover(error: unknown, name: Name, slicesSince: number): Promise<boolean> {
    if (!isWorthRetrying(error)) return false;
    const sameAgain = this.#failures === 0 || slicesSince > 0;
    this.#failures++;
    for (const attempt of sameAgain ? (['same', 'next'] as const) : (['next'] as const)) {
      if (attempt === 'next') {
        if (name === this.#host.kinds.lastResort) return false;
        this.#failed.push(name);
      }
      try {
        // Another run may have seen the same loss and restarted the backend already.
        if (this.#starting !== null) this.#host.forget(this.#starting);
        await this.#load(
          attempt === 'same' ? this.#host.start(name) : this.#host.start(null, [...this.#failed]),
        );
        this.#report(error, this.backend.name === name);
        return true;
      } catch {
        // The backend doesn't start or can't load the model: try the next one.
      }
    }
    return false;
  }

  release(): void {
    this.#loaded?.lease.release();
  }

  #report(error: unknown, isSame: boolean): void {
    const { problem: text } = toErrorReport(error);
    const problem = text.endsWith('.') ? text : `${text}.`;
    const next = isSame ? 'restarted' : `continued on ${this.backend.name}`;
    const remedy = `The run was ${next}; no finished slice is lost.`;
    this.#emit({ kind: 'notice', error: { code: 'recovered', file: '', problem, remedy } });
    this.#emit({ kind: 'backend', report: this.backend });
  }

  #limits({ name }: BackendChoice<Name>): BackendLimits {
    return this.#failures === 0 ? this.#host.kinds.limitsOf(name) : oneAtATime;
  }

  get #now(): Loaded<Name> {
    if (this.#loaded === null) throw new Error('The network has not been loaded.');
    return this.#loaded;
  }
}

interface Loaded<Name extends string> {
  readonly backend: RunningBackend<Name>;
  readonly lease: ModelLease;
  readonly segmenter: Segmenter;
  readonly batch: BatchSize;
}
