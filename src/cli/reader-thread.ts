/** The reading thread of the command line: what `src/worker/reader-worker.ts` is to the page, over the same service. */
import { workerData, type MessagePort } from 'node:worker_threads';
import { slideReader } from '../segment/slide-reader.ts';
import { nodePlatform } from '../slide/node-platform.node.ts';
import { TileCache } from '../slide/tile-cache.ts';
import type { ReaderWorkerApi } from '../worker/reader-service.ts';
import { createReaderService } from '../worker/reader-service.ts';
import type { RpcPort } from '../base/rpc.ts';
import { serveRpc } from '../base/rpc.ts';
import { openFromCommandLine } from './slide.ts';

/** Decoded tiles that are kept per slide, bytes. */
const cachedBytes = 128 * 1024 * 1024;

const { port } = workerData as { readonly port: MessagePort };
const platform = nodePlatform();

serveRpc<ReaderWorkerApi<readonly string[]>>(
  // Node's port is one in all but its types.
  port as unknown as RpcPort,
  createReaderService({
    openSlide: openFromCommandLine,
    reader: (slide) => slideReader(slide, platform, new TileCache(cachedBytes)),
  }),
);
port.start();
