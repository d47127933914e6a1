/** The segmentation worker's side of the storage worker. */
import type { ResultStorage } from './kept-slices.ts';
import type { RpcClient } from '../base/rpc.ts';
import type { StorageWorkerApi } from './stored-run.ts';
import { connectWorker } from '../base/worker-port.ts';

/** Starts the storage worker when it is first needed. */
export function connectStorage(): ResultStorage {
  let rpc: RpcClient<StorageWorkerApi> | null = null;
  const client = (): RpcClient<StorageWorkerApi> => {
    rpc ??= connectWorker<StorageWorkerApi>(
      new Worker(new URL('./storage-worker.ts', import.meta.url), { type: 'module', name: 'storage' }),
      'storage',
    );
    return rpc;
  };
  return {
    open: (key) => client().call('open', [key]),
    get: (key, column, row) => client().call('get', [key, column, row]),
    put: (key, column, row, maps, marginPx) => client().call('put', [key, column, row, maps, marginPx]),
    close: (key) => client().call('close', [key]),
    setRun: (key, run) => client().call('setRun', [key, run]),
    runs: () => client().call('runs', []),
    use: () => client().call('use', []),
    deleteAll: () => client().call('deleteAll', []),
  };
}
