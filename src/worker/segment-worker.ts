/** Entry of the segmentation worker: runs the engine. */
import { ModelError } from '../runtime/manifest.ts';
import type { SegmentWorkerApi } from './protocol.ts';
import type { Handlers } from './rpc.ts';
import { serveRpc } from './rpc.ts';

const notConnected = (): never => {
  throw new ModelError('backend', 'segment', 'The engine is not connected yet.', 'Update Dualscope.');
};

const handlers: Handlers<SegmentWorkerApi> = {
  initialise: notConnected,
  manifest: notConnected,
  segment: notConnected,
  setView: notConnected,
};
serveRpc<SegmentWorkerApi>(globalThis, handlers);
