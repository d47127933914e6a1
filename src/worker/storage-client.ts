/** Client of the storage worker: the segmentation worker saves results there, the page spills slices. */
import type { RpcClient } from '../base/rpc.ts';
import type { StorageWorkerApi } from './storage-protocol.ts';
import { connectWorker } from '../base/worker-port.ts';

/** Starts a storage worker with the first call. */
export function createStorageClient(): StorageWorkerApi {
  let started: RpcClient<StorageWorkerApi> | null = null;
  const rpc = (): RpcClient<StorageWorkerApi> => {
    started ??= connectWorker<StorageWorkerApi>(
      new Worker(new URL('./storage-worker.ts', import.meta.url), { type: 'module', name: 'storage' }),
      'storage',
    );
    return started;
  };
  return {
    open: (key, marginPx) => rpc().call('open', [key, marginPx]),
    get: (key, column, row) => rpc().call('get', [key, column, row]),
    put: (key, column, row, maps) => rpc().call('put', [key, column, row, maps]),
    close: (key) => rpc().call('close', [key]),
    setRun: (key, run) => rpc().call('setRun', [key, run]),
    runs: () => rpc().call('runs', []),
    use: () => rpc().call('use', []),
    deleteAll: () => rpc().call('deleteAll', []),
    putAside: (id, maps) => rpc().call('putAside', [id, maps]),
    getAside: (id) => rpc().call('getAside', [id]),
    sweep: () => rpc().call('sweep', []),
  };
}
