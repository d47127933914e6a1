/**
 * The reader worker's methods: reads, decodes and resamples slices and contexts in parallel with the network's thread.
 * Separate from the worker's entry, so that tests and the command line can run them.
 */
import type { ReadPixels, SliceReader } from '../segment/slice-reader.ts';
import type { SlidePicture } from '../slide/picture.ts';
import type { Level0Rect, RgbaImage, Slide, SlideMetadata } from '../slide/slide.ts';
import type { SlideInput } from './protocol.ts';
import type { Handlers } from '../base/rpc.ts';

/** `Input` identifies a slide: files or a URL in the app, paths on the command line. */
export interface ReaderWorkerApi<Input = SlideInput> {
  open(input: Input): Promise<{ readonly slideId: number; readonly metadata: SlideMetadata }>;
  /** The pixels of `rect`, resampled to `sizePx × sizePx`. They are transferred. */
  read(slideId: number, rect: Level0Rect, sizePx: number): Promise<RgbaImage & Pick<ReadPixels, 'times'>>;
  /** See `readPicture`; null also where the platform's readers make none. */
  picture(slideId: number, sizePx: number): Promise<SlidePicture | null>;
  close(slideId: number): Promise<void>;
}

export interface ReaderPlatform<Input = SlideInput> {
  /** @throws SlideError when the input is not a slide or can't be read. */
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
      // Copies a view of a larger buffer, because transferring would detach all of it.
      const pixels = data.byteLength === data.buffer.byteLength ? data : data.slice();
      call.transfer(pixels.buffer as ArrayBuffer);
      const image = { width, height, data: pixels as Uint8ClampedArray<ArrayBuffer> };
      return times === undefined ? image : { ...image, times };
    },

    picture: async (call, slideId, sizePx) => {
      const open = slides.get(slideId);
      if (open === undefined) throw new RangeError(`Slide ${slideId} is not open.`);
      return (await open.reader.picture?.(sizePx, call.signal)) ?? null;
    },

    close: (_call, slideId) => {
      slides.get(slideId)?.slide.close();
      slides.delete(slideId);
    },
  };
}
