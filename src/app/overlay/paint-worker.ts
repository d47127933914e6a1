/** Entry of the worker that paints overlays. */
import { serveRpc } from '../../base/rpc.ts';
import { buffersOf, paintTiles } from './paint-service.ts';
import type { PaintApi } from './paint-service.ts';

serveRpc<PaintApi>(globalThis, {
  paint: (call, jobs, style) => {
    const pictures = paintTiles(jobs, style);
    for (const buffer of buffersOf(pictures)) call.transfer(buffer);
    return pictures;
  },
});
