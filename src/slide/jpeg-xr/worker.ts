/** Entry of a worker of the pool: decodes JPEG XR tiles. */
import { serveRpc } from '../../base/rpc.ts';
import { decodeJpegXr } from './codec.ts';
import type { JpegXrApi } from './pool.ts';

serveRpc<JpegXrApi>(globalThis, {
  decode: async (context, bytes) => {
    const image = await decodeJpegXr(bytes);
    context.transfer(image.data.buffer);
    return image;
  },
});
