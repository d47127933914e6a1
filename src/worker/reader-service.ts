/**
 * The reader worker's methods, apart from the worker: pixels of slices and contexts, so that reading, decoding and
 * resampling do not take time from the network's thread.
 */
import type { SliceReader } from '../segment/read-ahead.ts';
import type { Level0Rect, RgbaImage, Slide, SlideMetadata } from '../slide/slide.ts';
import type { SlideInput } from './protocol.ts';
import type { Handlers } from './rpc.ts';

export interface ReaderWorkerApi {
  open(input: SlideInput): Promise<{ readonly slideId: number; readonly metadata: SlideMetadata }>;
  /** The pixels of `rect`, resampled to `sizePx × sizePx`; they are moved. */
  read(slideId: number, rect: Level0Rect, sizePx: number): Promise<RgbaImage>;
  close(slideId: number): Promise<void>;
}

export interface ReaderPlatform {
  /** @throws SlideError when the input is no slide or can't be read. */
  openSlide(input: SlideInput): Promise<Slide>;
  reader(slide: Slide): SliceReader;
}

export function createReaderService(platform: ReaderPlatform): Handlers<ReaderWorkerApi> {
  const slides = new Map<number, { readonly slide: Slide; readonly reader: SliceReader }>();
  let nextId = 1;
  return {
    open: async (_call, input) => {
      const slide = await platform.openSlide(input);
      const slideId = nextId++;
      slides.set(slideId, { slide, reader: platform.reader(slide) });
      return { slideId, metadata: slide.metadata };
    },

    read: async (call, slideId, rect, sizePx) => {
      const open = slides.get(slideId);
      if (open === undefined) throw new RangeError(`Slide ${slideId} is not open.`);
      const { width, height, data } = await open.reader.read(rect, sizePx, call.signal);
      // Own memory in any case: what is moved must not be a part of something else.
      const pixels = data.byteLength === data.buffer.byteLength ? data : data.slice();
      call.transfer(pixels.buffer as ArrayBuffer);
      return { width, height, data: pixels as Uint8ClampedArray<ArrayBuffer> };
    },

    close: (_call, slideId) => {
      slides.get(slideId)?.slide.close();
      slides.delete(slideId);
    },
  };
}
