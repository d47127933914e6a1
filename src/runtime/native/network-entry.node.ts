/** Entry of a network thread: ONNX Runtime blocks the thread that calls it. */
import { serveNodeThread } from '../../base/node-thread.node.ts';
import { importOnnxRuntime, nativeRuntime } from './native-runtime.node.ts';
import { createNetworkService, type NetworkThreadApi } from './network-service.ts';

serveNodeThread<NetworkThreadApi>(
  createNetworkService(async (provider, threads) =>
    nativeRuntime(await importOnnxRuntime(), provider, threads),
  ),
);
