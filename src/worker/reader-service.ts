/**
 * The reader worker's methods, apart from the worker: pixels of slices and contexts, so that reading, decoding and
 * resampling do not take time from the network's thread.
 */
import type { ReadPixels, SliceReader } from '../segment/slice-reader.ts';
import type { Level0Rect, RgbaImage, Slide, SlideMetadata } from '../slide/slide.ts';
import type { SlideInput } from './protocol.ts';
import type { Handlers } from '../base/rpc.ts';

/** `Input` is what a slide is opened by: files or a URL in the page, paths on the command line. */
export interface ReaderWorkerApi<Input = SlideInput> {
  open(input: Input): Promise<{ readonly slideId: number; readonly metadata: SlideMetadata }>;
  /** The pixels of `rect`, resampled to `sizePx × sizePx`; they are moved. */
  read(slideId: number, rect: Level0Rect, sizePx: number): Promise<RgbaImage & Pick<ReadPixels, 'times'>>;
  close(slideId: number): Promise<void>;
}

export interface ReaderPlatform<Input = SlideInput> {
  /** @throws SlideError when the input is no slide or can't be read. */
  openSlide(input: Input): Promise<Slide>;
  reader(slide: Slide): SliceReader;
}

export function createReaderService<Input>(
  platform: ReaderPlatform<Input>,
): Handlers<ReaderWorkerApi<Input>> {
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
      const { width, height, data, times } = await open.reader.read(rect, sizePx, call.signal);
      // Own memory in any case: what is moved must not be a part of something else.
      const pixels = data.byteLength === data.buffer.byteLength ? data : data.slice();
      call.transfer(pixels.buffer as ArrayBuffer);
      const image = { width, height, data: pixels as Uint8ClampedArray<ArrayBuffer> };
      return times === undefined ? image : { ...image, times };
    },

    close: (_call, slideId) => {
      slides.get(slideId)?.slide.close();
      slides.delete(slideId);
    },
  };
}
