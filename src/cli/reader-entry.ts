/** Entry of the command line's reader thread: the app's reader service on Node's file system. */
import { serveNodeThread } from '../base/node-thread.node.ts';
import { slideReader } from '../segment/slice-reader.ts';
import { nodePlatform } from '../slide/node-platform.node.ts';
import { TileCache } from '../slide/tile-cache.ts';
import type { ReaderWorkerApi } from '../worker/reader-service.ts';
import { createReaderService } from '../worker/reader-service.ts';
import { openFromCommandLine } from './slide.ts';

/** Size of a slide's cache of decoded tiles, bytes. */
const cacheBytes = 128 * 1024 * 1024;

const platform = nodePlatform();

serveNodeThread<ReaderWorkerApi<readonly string[]>>(
  createReaderService({
    openSlide: openFromCommandLine,
    reader: (slide) => slideReader(slide, platform, new TileCache(cacheBytes)),
  }),
);
