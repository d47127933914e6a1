/** The page's side of the spill worker. */
import type { SliceMaps } from '../runtime/segmenter.ts';
import type { RpcClient } from '../base/rpc.ts';
import type { SpillWorkerApi } from './spill-service.ts';
import { connectWorker } from '../base/worker-port.ts';

/** Where slices are put aside. Every method rejects with a WorkerError. */
export interface SpillClient {
  /** Resolves when the maps can be read back. */
  put(id: number, maps: SliceMaps): Promise<void>;
  get(id: number): Promise<SliceMaps | null>;
  /** Deletes what pages that are gone have left. */
  sweep(): Promise<void>;
}

/** Starts the worker when it is first needed. */
export function createSpillClient(): SpillClient {
  let started: RpcClient<SpillWorkerApi> | null = null;
  const rpc = (): RpcClient<SpillWorkerApi> => {
    started ??= connectWorker<SpillWorkerApi>(
      new Worker(new URL('./spill-worker.ts', import.meta.url), { type: 'module', name: 'spill' }),
      'spill',
    );
    return started;
  };
  return {
    put: (id, maps) => rpc().call('put', [id, maps]),
    get: (id) => rpc().call('get', [id]),
    sweep: () => rpc().call('sweep', []),
  };
}
