/** Entry of the reader worker: reads, decodes and resamples slices for the segmentation worker. */
import { slideReader } from '../segment/slice-reader.ts';
import { browserPlatform } from '../slide/browser-platform.ts';
import { keepOpen, openSlideInput } from './open-slides.ts';
import { createReaderService, type ReaderWorkerApi } from './reader-service.ts';
import { serveRpc } from '../base/rpc.ts';

const platform = browserPlatform();

serveRpc<ReaderWorkerApi>(
  globalThis,
  createReaderService({
    openSlide: keepOpen(openSlideInput),
    reader: (slide) => slideReader(slide, platform),
  }),
);
