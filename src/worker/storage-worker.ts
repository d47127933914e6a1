/** Entry of the storage worker: keeps finished slices, so that the network's thread need not. */
import { openResultFolder } from './result-folder.ts';
import { serveRpc } from '../base/rpc.ts';
import { createStorageService } from './storage-service.ts';
import type { StorageWorkerApi } from './stored-run.ts';

serveRpc<StorageWorkerApi>(
  globalThis,
  createStorageService(() => openResultFolder()),
);
