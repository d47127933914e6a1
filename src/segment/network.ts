/**
 * The network of a run: a guarded segmenter, its batching, and its recovery from failures. App and command line both start
 * networks here, so that none runs unguarded.
 */
import { toErrorReport } from '../base/error-report.ts';
import { FifoSemaphore } from '../base/fifo-semaphore.ts';
import type { BackendChoice, BackendName } from '../runtime/backend.ts';
import type { RunningBackend } from '../runtime/backend-initialise.ts';
import { guardedSegmenter, isWorthRetrying } from '../runtime/guarded-segmenter.ts';
import type { Segmenter } from '../runtime/segmenter.ts';
import { BatchSize } from './batch-size.ts';
import { ModelCache, type ModelLease } from './model-cache.ts';
import type { SegmentEvent } from './run-progress.ts';

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

/** Maximum batch size on a GPU, which one small slice leaves underused. */
const mostInBatchOnGpu = 16;

export interface FixedNetworkOptions {
  readonly maxInFlight?: number;
  readonly mostInBatch?: number;
}

/** A segmenter as a network without replacement, for benchmarks and tests. */
export function fixedNetwork(
  segmenter: Segmenter,
  { maxInFlight = 1, mostInBatch = 1 }: FixedNetworkOptions = {},
): Network {
  return {
    segmenter,
    maxInFlight,
    batch: batchOf(segmenter, mostInBatch),
    turn: (work) => work(),
    recover: () => Promise.resolve(false),
  };
}

function batchOf(segmenter: Segmenter, mostInBatch: number): BatchSize {
  const most = segmenter.segmentBatch === undefined ? 1 : mostInBatch;
  return new BatchSize({ most, longestMs: longestBatchMs });
}

/** What depends on the platform. */
export interface NetworkPlatform {
  /**
   * @param failed backends to avoid.
   * @throws ModelError `backend` when the wanted backend, or any backend, fails to start.
   */
  startBackend(wanted: BackendName | null, failed: readonly BackendName[]): Promise<RunningBackend>;
  /** @param model the model's URL or folder. @throws ModelError when it can't be used. */
  loadModel(model: string): Promise<Segmenter>;
}

/** The backend that all runs share. Starts on first use, and again after a loss. */
export class NetworkHost {
  readonly #platform: NetworkPlatform;
  readonly #models: ModelCache;
  #starting: Promise<RunningBackend> | null = null;
  #turns: FifoSemaphore | null = null;

  constructor(platform: NetworkPlatform) {
    this.#platform = platform;
    this.#models = new ModelCache((model) => platform.loadModel(model));
  }

  /**
   * The running backend. If there is none, starts the wanted one or the best.
   * @param failed backends to avoid.
   * @throws ModelError `backend` when it can't be started; the next call tries again.
   */
  start(wanted: BackendName | null = null, failed: readonly BackendName[] = []): Promise<RunningBackend> {
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
  forget(starting: Promise<RunningBackend>): void {
    if (this.#starting !== starting) return;
    this.#starting = null;
    this.#models.clear();
    this.#turns = null;
  }

  /** A model on the running backend, unguarded. Release it. @throws ModelError when it can't be loaded. */
  lease(model: string): Promise<ModelLease> {
    return this.#models.lease(model);
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
    emit: (event: SegmentEvent) => void = () => undefined,
    wanted: BackendName | null = null,
  ): Promise<HostedNetwork> {
    const network = new HostedNetwork(this, model, emit);
    await network.load(this.start(wanted));
    return network;
  }
}

/** A model on the host's backend. After a failure, restarts that backend, then falls back to the next best ones. */
export class HostedNetwork implements Network {
  readonly #host: NetworkHost;
  readonly #model: string;
  readonly #emit: (event: SegmentEvent) => void;
  #loaded: Loaded | null = null;
  #starting: Promise<RunningBackend> | null = null;
  /** Backends that failed in this run. */
  readonly #failed: BackendName[] = [];
  #failures = 0;

  constructor(host: NetworkHost, model: string, emit: (event: SegmentEvent) => void) {
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
  get backend(): BackendChoice {
    const { name, device, reason } = this.#now.backend;
    return { name, device, reason };
  }

  /** Two on a GPU, which works in parallel with this thread; wasm and cpu compute on it. One after a failure, for safety. */
  get maxInFlight(): number {
    return this.#failures === 0 && isGpu(this.#now.backend) ? 2 : 1;
  }

  turn(work: () => Promise<void>): Promise<void> {
    // Looked up on each call, because a restarted backend has a new semaphore.
    return this.#host.turns(this.maxInFlight).run(work);
  }

  /** Loads the model on a backend. @throws ModelError. */
  async load(starting: Promise<RunningBackend>): Promise<void> {
    this.#starting = starting;
    const backend = await starting;
    this.release();
    const lease = await this.#host.lease(this.#model);
    const segmenter = guardedSegmenter(lease.segmenter, backend);
    const batch = batchOf(segmenter, this.#failures === 0 && isGpu(backend) ? mostInBatchOnGpu : 1);
    this.#loaded = { backend, lease, segmenter, batch };
  }

  async recover(error: unknown, slicesSince: number): Promise<boolean> {
    if (!isWorthRetrying(error)) return false;
    const { name } = this.#now.backend;
    const sameAgain = this.#failures === 0 || slicesSince > 0;
    this.#failures++;
    for (const attempt of sameAgain ? (['same', 'next'] as const) : (['next'] as const)) {
      if (attempt === 'next') {
        if (name === 'cpu') return false;
        this.#failed.push(name);
      }
      try {
        // Another run may have seen the same loss and restarted the backend already.
        if (this.#starting !== null) this.#host.forget(this.#starting);
        await this.load(
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

  get #now(): Loaded {
    if (this.#loaded === null) throw new Error('The network has not been loaded.');
    return this.#loaded;
  }
}

function isGpu({ name }: BackendChoice): boolean {
  return name === 'webgpu' || name === 'webgl';
}

interface Loaded {
  readonly backend: RunningBackend;
  readonly lease: ModelLease;
  readonly segmenter: Segmenter;
  readonly batch: BatchSize;
}
