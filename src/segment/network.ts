/**
 * The network of a run, whatever is below it: a guarded segmenter, how much of it runs at once, and what happens when it
 * fails. Page and command line start it here, so that no backend runs unguarded anywhere.
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

/** What the engine asks of a network. */
export interface Network {
  readonly segmenter: Segmenter;
  /** Batches that may run before the first of them has come back. */
  readonly maxInFlight: number;
  readonly batch: BatchSize;
  /** Runs work on the backend when it is this run's turn. */
  turn(work: () => Promise<void>): Promise<void>;
  /**
   * Replaces what failed; the properties above are then those of the replacement.
   * @param slicesSince slices finished since the last failure, or the start.
   * @returns false when there is nothing left to try.
   */
  recover(error: unknown, slicesSince: number): Promise<boolean>;
}

/** Longest that a batch may take, so that a new view is followed soon. */
const longestBatchMs = 200;

/** Slices that go through a GPU at once, at most: one small slice does not fill it. */
const mostInBatchOnGpu = 16;

export interface FixedNetworkOptions {
  readonly maxInFlight?: number;
  readonly mostInBatch?: number;
}

/** A segmenter as a network that is never replaced: for measuring it, and for tests. */
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

/** What differs by platform. */
export interface NetworkPlatform {
  /**
   * @param failed backends that must not be chosen any more.
   * @throws ModelError `backend` when the wanted one, or none at all, can be started.
   */
  startBackend(wanted: BackendName | null, failed: readonly BackendName[]): Promise<RunningBackend>;
  /** @param model the model's URL or folder. @throws ModelError when it can't be used. */
  loadModel(model: string): Promise<Segmenter>;
}

/** The one backend that all runs share: started when it is first needed, and again after it was lost. */
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
   * The running backend; where there is none, the wanted one or the best is started.
   * @param failed must not be chosen any more.
   * @throws ModelError `backend` when it can't be started; a later call tries again.
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

  /** Makes the next call start a backend. Does nothing when `starting` is no longer the present one. */
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

  /** @param permits batches at a time, as the first run asks for them. */
  turns(permits: number): FifoSemaphore {
    this.#turns ??= new FifoSemaphore(permits);
    return this.#turns;
  }

  /**
   * A network for one run. Release it.
   * @param emit receives `notice` and `backend` events when the network had to be replaced.
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

/** A model on the host's backend. After a failure, on the same backend started again, then on the next best ones. */
export class HostedNetwork implements Network {
  readonly #host: NetworkHost;
  readonly #model: string;
  readonly #emit: (event: SegmentEvent) => void;
  #loaded: Loaded | null = null;
  #starting: Promise<RunningBackend> | null = null;
  /** Backends that this run does not return to. */
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

  /** The backend that the network is on, without its guards. */
  get backend(): BackendChoice {
    const { name, device, reason } = this.#now.backend;
    return { name, device, reason };
  }

  /** A GPU works while this thread does not; wasm and cpu compute on this one. After a failure, nothing is risked. */
  get maxInFlight(): number {
    return this.#failures === 0 && isGpu(this.#now.backend) ? 2 : 1;
  }

  turn(work: () => Promise<void>): Promise<void> {
    // Asked for each time: a backend that was started again has turns of its own.
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
        // Another run may have met the same loss, and have started a backend already.
        if (this.#starting !== null) this.#host.forget(this.#starting);
        await this.load(
          attempt === 'same' ? this.#host.start(name) : this.#host.start(null, [...this.#failed]),
        );
        this.#report(error, this.backend.name === name);
        return true;
      } catch {
        // It can't be started, or the model can't be loaded on it: the next one.
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
