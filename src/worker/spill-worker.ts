/** Entry of the spill worker: slices that the page has put aside. */
import { openResultFolder } from './result-folder.ts';
import { serveRpc } from '../base/rpc.ts';
import type { SpillWorkerApi } from './spill-service.ts';
import { createSpillService } from './spill-service.ts';

serveRpc<SpillWorkerApi>(
  globalThis,
  createSpillService(
    {
      openFolder: () => openResultFolder('dualscope-page'),
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
    },
    crypto.randomUUID(),
  ),
);
