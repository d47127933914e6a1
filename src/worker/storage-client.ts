/** Client of the storage worker: the segmentation worker saves results there, the page spills slices. */
import { answeredIn } from '../base/awake-time.ts';
import { WorkerError, type ErrorReport } from '../base/error-report.ts';
import type { RpcClient } from '../base/rpc.ts';
import { connectWorker, type StartedWorker } from '../base/worker-port.ts';
import type { SliceMaps } from '../runtime/segmenter.ts';
import type { RunStorage, StorageWorkerApi } from './storage-protocol.ts';
import { isLostWorker, WatchedWorker } from './watched-worker.ts';

export interface StorageClientOptions {
  /** Starts a storage worker. */
  readonly start?: () => StartedWorker<StorageWorkerApi>;
  /**
   * Milliseconds without an answer after which the worker counts as hanging. Some browser calls wait for ever, so the
   * reading and writing of a slice has to end in this time too.
   */
  readonly deadlineMs?: number;
}

/** The slices that a run holds open. */
interface OpenRun {
  readonly marginPx: number;
  users: number;
  /** Where they are open. */
  rpc: RpcClient<StorageWorkerApi> | null;
}

/** Attempts of a call, each in another worker. */
const attempts = 2;

/** How much longer than others calls may take that go through whole files. */
const longFactor = 10;

/** The page's side of storage. */
export interface StorageClient extends RunStorage {
  putAside(id: number, maps: SliceMaps): Promise<void>;
  getAside(id: number): Promise<SliceMaps | null>;
  sweep(): Promise<void>;
}

/**
 * Starts a storage worker with the first call. One that crashes or hangs is replaced: open runs are opened again, and the
 * calls that it did not answer are repeated once. Calls reject with `storage-lost` when that fails too.
 */
export function createStorageClient({
  start = startWorker,
  deadlineMs = 60_000,
}: StorageClientOptions = {}): StorageClient {
  /** Slices spilled before a worker was replaced are found again by it. */
  const page = crypto.randomUUID();
  const runs = new Map<string, OpenRun>();
  const listeners = new Set<(report: ErrorReport) => void>();
  const worker = new WatchedWorker<StorageWorkerApi>({
    start,
    deadlineMs,
    silenceReport,
    onLost: (report) => {
      for (const listener of listeners) listener(replacedReport(report));
    },
  });

  /** Repeats what a worker did not answer. */
  const call = async <T>(
    work: (rpc: RpcClient<StorageWorkerApi>) => Promise<T>,
    factor = 1,
    before: (rpc: RpcClient<StorageWorkerApi>) => Promise<void> = () => Promise.resolve(),
  ): Promise<T> => {
    for (let attempt = 1; ; attempt++) {
      const { rpc } = worker;
      try {
        await before(rpc);
        return await limited(rpc, work(rpc), factor);
      } catch (error) {
        if (!isLostWorker(error)) throw error;
        if (attempt === attempts) throw lostError(error);
      }
    }
  };

  /** The browser's storage may keep a call waiting for ever while the worker answers: that is a hang too. */
  const limited = <T>(rpc: RpcClient<StorageWorkerApi>, answer: Promise<T>, factor: number): Promise<T> => {
    const report = silenceReport(Math.round((deadlineMs * factor) / 1000));
    return answeredIn(answer, deadlineMs * factor, () => {
      rpc.fail(report);
      return rpc.failure ?? new WorkerError(report);
    });
  };

  /** A call about the slices of a run, which are opened first in a worker that does not have them. */
  const callOfRun = <T>(key: string, work: (rpc: RpcClient<StorageWorkerApi>) => Promise<T>): Promise<T> =>
    call(work, 1, async (rpc) => {
      const run = runs.get(key);
      if (run === undefined || run.rpc === rpc) return;
      run.rpc = rpc;
      const opened = Array.from({ length: run.users }, () => rpc.call('open', [key, run.marginPx]));
      await limited(rpc, Promise.all(opened), longFactor);
    });

  return {
    open: (key, marginPx) =>
      call(async (rpc) => {
        const opened = await rpc.call('open', [key, marginPx]);
        const run = runs.get(key) ?? { marginPx, users: 0, rpc };
        run.users++;
        runs.set(key, run);
        return opened;
      }, longFactor),
    get: (key, column, row) => callOfRun(key, (rpc) => rpc.call('get', [key, column, row])),
    put: (key, column, row, maps) => {
      // The caller may transfer the maps at once, and what a lost worker did not write is sent again.
      const copy = structuredClone(maps);
      return callOfRun(key, (rpc) => rpc.call('put', [key, column, row, copy]));
    },
    close: async (key) => {
      const run = runs.get(key);
      if (run === undefined) return;
      run.users--;
      if (run.users === 0) runs.delete(key);
      // A worker that has been replaced since has closed it.
      if (run.rpc === worker.rpc) await call((rpc) => rpc.call('close', [key]));
    },
    setRun: (key, run) => call((rpc) => rpc.call('setRun', [key, run])),
    runs: () => call((rpc) => rpc.call('runs', []), longFactor),
    use: () => call((rpc) => rpc.call('use', []), longFactor),
    deleteAll: () => call((rpc) => rpc.call('deleteAll', []), longFactor),
    putAside: (id, maps) => call((rpc) => rpc.call('putAside', [page, id, maps])),
    getAside: (id) => call((rpc) => rpc.call('getAside', [page, id])),
    sweep: () => call((rpc) => rpc.call('sweep', []), longFactor),
    onReplaced: (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}

function startWorker(): StartedWorker<StorageWorkerApi> {
  const worker = new Worker(new URL('./storage-worker.ts', import.meta.url), {
    type: 'module',
    name: 'storage',
  });
  return connectWorker<StorageWorkerApi>(worker, 'storage');
}

function silenceReport(seconds: number): ErrorReport {
  const problem = `There was no answer for ${seconds} seconds.`;
  return { code: 'not-answering', file: '', problem, remedy: '' };
}

function replacedReport({ problem }: ErrorReport): ErrorReport {
  return {
    code: 'storage-restarted',
    file: '',
    problem: `The browser's storage did not work: ${problem}`,
    remedy: 'It was started again, and nothing saved is lost.',
  };
}

/** The report of a storage that does not work, with the consequence for results. */
function lostError({ report }: WorkerError): WorkerError {
  return new WorkerError({
    code: 'storage-lost',
    file: '',
    problem: `The browser's storage does not work (${report.problem.replace(/\.$/, '')}).`,
    remedy: 'New results are lost when the page is closed. Reload the page to save them.',
  });
}
