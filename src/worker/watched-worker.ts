/** A worker that is replaced when it crashes or does not answer. */
import type { ErrorReport } from '../base/error-report.ts';
import { WorkerError } from '../base/error-report.ts';
import { watchHeartbeat } from '../base/heartbeat.ts';
import type { RpcClient } from '../base/rpc.ts';
import type { StartedWorker } from '../base/worker-port.ts';

export interface WatchedWorkerOptions<Api> {
  readonly start: () => StartedWorker<Api>;
  /** Milliseconds without an answer after which the worker counts as hanging. */
  readonly deadlineMs: number;
  /** Milliseconds more that its present computation may take. */
  readonly moreMs?: () => number;
  /** What open calls are rejected with when it hangs. @param seconds of silence. */
  readonly silenceReport: (seconds: number) => ErrorReport;
  /** Calls that every new worker gets before all others. */
  readonly prepare?: (rpc: RpcClient<Api>) => void;
  /** Called when a worker has ended; its calls are being rejected, and the next call starts another. */
  readonly onLost?: (report: ErrorReport) => void;
}

/** Losses within `lossWindowMs` after which no worker is started any more until they are over. */
const mostLosses = 5;
const lossWindowMs = 60_000;

/** What calls of lost workers are rejected with. Workers of a worker may fail with the same codes. */
const losses = new WeakSet<WorkerError>();

/** Whether a call failed because its worker crashed or hung, whatever the call was about. */
export function isLostWorker(error: unknown): error is WorkerError {
  return error instanceof WorkerError && losses.has(error);
}

export class WatchedWorker<Api> {
  readonly #options: WatchedWorkerOptions<Api>;
  #current: StartedWorker<Api> | null = null;
  /** Whether the present worker has ended. */
  #isLost = false;
  #endWatch: () => void = () => undefined;
  /** When workers were lost lately, milliseconds. */
  #losses: number[] = [];
  #ended = false;

  constructor(options: WatchedWorkerOptions<Api>) {
    this.#options = options;
  }

  /**
   * Calls to the present worker; starts one if there is none. After several losses in a row it is the last one's, which
   * rejects all calls with the reason.
   */
  get rpc(): RpcClient<Api> {
    if (this.#current !== null && (!this.#isLost || this.#ended || this.#losesTooOften())) {
      return this.#current.rpc;
    }
    const started = this.#options.start();
    this.#current = started;
    this.#isLost = false;
    started.rpc.onFailure((error) => this.#lost(started, error));
    const { deadlineMs, moreMs = () => 0, silenceReport, prepare } = this.#options;
    this.#endWatch = watchHeartbeat(started.rpc, {
      deadlineMs,
      moreMs,
      onSilent: () => started.rpc.fail(silenceReport(Math.round((deadlineMs + moreMs()) / 1000))),
    });
    if (this.#ended) started.rpc.fail(endedReport);
    prepare?.(started.rpc);
    return started.rpc;
  }

  /** Ends the present worker for a reason that its owner found. The next call starts another. */
  replace(report: ErrorReport): void {
    this.#current?.rpc.fail(report);
  }

  /** Ends the worker for good. Calls are rejected. */
  terminate(): void {
    this.#ended = true;
    this.rpc.fail(endedReport);
  }

  #lost(worker: StartedWorker<Api>, error: WorkerError): void {
    worker.terminate();
    this.#isLost = true;
    this.#endWatch();
    if (this.#ended) return;
    losses.add(error);
    this.#losses.push(performance.now());
    this.#options.onLost?.(error.report);
  }

  #losesTooOften(): boolean {
    const since = performance.now() - lossWindowMs;
    this.#losses = this.#losses.filter((time) => time > since);
    return this.#losses.length >= mostLosses;
  }
}

const endedReport = { code: 'worker-ended', file: '', problem: 'The worker was ended.', remedy: '' } as const;
