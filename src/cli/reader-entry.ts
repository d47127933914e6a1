/** Entry of the command line's reader thread: the service of the page's reader worker, over Node's files. */
import { serveNodeThread } from '../base/node-thread.node.ts';
import { slideReader } from '../segment/slice-reader.ts';
import { nodePlatform } from '../slide/node-platform.node.ts';
import { TileCache } from '../slide/tile-cache.ts';
import type { ReaderWorkerApi } from '../worker/reader-service.ts';
import { createReaderService } from '../worker/reader-service.ts';
import { openFromCommandLine } from './slide.ts';

/** Decoded tiles that are kept per slide, bytes. */
const cachedBytes = 128 * 1024 * 1024;

const platform = nodePlatform();

serveNodeThread<ReaderWorkerApi<readonly string[]>>(
  createReaderService({
    openSlide: openFromCommandLine,
    reader: (slide) => slideReader(slide, platform, new TileCache(cachedBytes)),
  }),
);
