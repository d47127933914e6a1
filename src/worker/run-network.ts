/** The network of one run, replaced by another when it fails. */
import type { Segmenter } from '../runtime/segmenter.ts';
import type { Recovery } from '../segment/engine.ts';
import { toErrorReport } from '../base/error-report.ts';
import type { ModelLease } from './model-cache.ts';
import { guarded, isWorthRetrying } from './network-recovery.ts';
import type { BackendName, BackendReport, SegmentEvent } from './protocol.ts';
import type { StartedBackend } from './segment-platform.ts';
import type { SharedBackend } from './shared-backend.ts';

export class RunNetwork {
  #lease: ModelLease | null = null;
  /** Backends that this run does not come back to. */
  readonly #failed: BackendName[] = [];
  #failures = 0;

  private constructor(
    private readonly backend: SharedBackend,
    private readonly modelUrl: string,
    private readonly send: (event: SegmentEvent) => void,
    private current: { readonly started: Promise<StartedBackend>; readonly report: BackendReport },
  ) {}

  /** @throws ModelError `backend` when no backend can be started. */
  static async start(
    backend: SharedBackend,
    modelUrl: string,
    send: (event: SegmentEvent) => void,
  ): Promise<RunNetwork> {
    const started = backend.start(null);
    const { report } = await started;
    return new RunNetwork(backend, modelUrl, send, { started, report });
  }

  /** @throws ModelError when the model can't be loaded. */
  async load(): Promise<Segmenter> {
    const { started } = this.current;
    this.#lease?.release();
    this.#lease = null;
    this.#lease = await this.backend.lease(this.modelUrl);
    return guarded(this.#lease.segmenter, await started);
  }

  /** A GPU works while this thread does not; wasm and cpu compute on this one. */
  get inFlight(): number {
    const { name } = this.current.report;
    return this.#failures === 0 && (name === 'webgpu' || name === 'webgl') ? 2 : 1;
  }

  /** A small slice does not fill a GPU; after a failure, whatever is least likely to fail again. */
  get mostInBatch(): number {
    return this.inFlight > 1 ? 16 : 1;
  }

  /**
   * Another network after a failure: the same backend started anew, with one slice at a time, and where that gets
   * nowhere the best one that has not failed. null when there is none left to try.
   * @param slicesSince slices finished since the last failure, or the start.
   */
  async recover(error: unknown, slicesSince: number): Promise<Recovery | null> {
    if (!isWorthRetrying(error)) return null;
    const failed = this.current;
    const { name } = failed.report;
    const again = this.#failures === 0 || slicesSince > 0;
    this.#failures++;
    for (const attempt of again ? (['anew', 'another'] as const) : (['another'] as const)) {
      if (attempt === 'another') {
        if (name === 'cpu') return null;
        this.#failed.push(name);
      }
      try {
        // Another run may have met the same loss, and have started a new one already.
        this.backend.forget(this.current.started);
        const started =
          attempt === 'anew' ? this.backend.start(name) : this.backend.start(null, [...this.#failed]);
        const { report } = await started;
        this.current = { started, report };
        const segmenter = await this.load();
        this.#tell(error, report, report.name === name);
        return { segmenter, inFlight: this.inFlight, mostInBatch: this.mostInBatch };
      } catch {
        // It can't be started, or the model can't be loaded on it: the next one.
      }
    }
    return null;
  }

  #tell(error: unknown, report: BackendReport, anew: boolean): void {
    const { problem: text } = toErrorReport(error);
    const problem = text.endsWith('.') ? text : `${text}.`;
    const next = anew ? 'started anew' : `continued on ${report.name}`;
    const remedy = `The run was ${next}; no finished slice is lost.`;
    this.send({ kind: 'notice', error: { code: 'recovered', file: '', problem, remedy } });
    this.send({ kind: 'backend', report });
  }

  release(): void {
    this.#lease?.release();
  }
}
