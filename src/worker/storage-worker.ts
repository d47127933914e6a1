/** Entry of the storage worker: stores finished slices off the page's and the network's threads. */
// First: it has to run before any schema is built.
import '../base/zod-without-eval.ts';
import { serveRpc } from '../base/rpc.ts';
import { openResultFolder } from './result-folder.ts';
import type { StorageWorkerApi } from './storage-protocol.ts';
import { createStorageService } from './storage-service.ts';

serveRpc<StorageWorkerApi>(
  globalThis,
  createStorageService({
    openFolder: openResultFolder,
    hold: (name) =>
      new Promise<void>((held) => {
        // The browser releases the lock when the page ends, even after a crash.
        void navigator.locks.request(name, () => {
          held();
          return new Promise(() => undefined);
        });
      }),
    held: async () => {
      const { held = [] } = await navigator.locks.query();
      return new Set(held.flatMap(({ name }) => name ?? []));
    },
  }),
);
