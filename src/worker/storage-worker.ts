/** Entry of the storage worker: keeps finished slices, so that neither the network's thread nor the page has to. */
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
    page: crypto.randomUUID(),
    hold: (name) =>
      new Promise<void>((held) => {
        // The lock ends with the page, however that ends.
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
