/** Entry of the slide worker: reads and decodes tiles for viewing. */
import { openSlideInput } from './open-slide-input.ts';
import type { SlideWorkerApi } from './protocol.ts';
import { serveRpc } from '../base/rpc.ts';
import { createSlideService } from './slide-service.ts';
import { toBitmap } from './tile-bitmap.ts';

serveRpc<SlideWorkerApi>(globalThis, createSlideService({ openSlide: openSlideInput, toBitmap }));
