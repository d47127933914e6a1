/** Stains in the slide worker: tiles that show one of them, estimates and measurements. */
import { LeastRecentlyUsed } from '../base/lru.ts';
import type { Handlers } from '../base/rpc.ts';
import { boundsOfArea, type SlideArea } from '../segment/area.ts';
import type { TissueMask } from '../segment/tissue.ts';
import { payloadPixels } from '../slide/payload-pixels.ts';
import type { ImageDecoder, Slide, TilePayload } from '../slide/slide.ts';
import { StainPainter } from '../stain/deconvolve.ts';
import { estimateStains, stainOfArea } from '../stain/estimate-stains.ts';
import { measureStain } from '../stain/measure-stain.ts';
import { sampleTissue, tissueOfSlide, whiteOfSlide } from '../stain/sample-slide.ts';
import type { BlockOptions } from '../stain/stained-blocks.ts';
import { measuringUmPerPx, type StainLook } from '../stain/stain-view.ts';
import type { StainMethods, StainSource } from './stain-protocol.ts';

/** Looks whose tables are kept: one per pane, and the one that is changing. */
const keptPainters = 6;

/** Paints tiles of one stain. */
export class StainTiles {
  readonly #decoder: ImageDecoder;
  readonly #painters = new LeastRecentlyUsed<string, StainPainter>(keptPainters, () => 1);

  constructor(decoder: ImageDecoder) {
    this.#decoder = decoder;
  }

  /**
   * A missing tile stays missing.
   * @param file the slide's name, and `where` the tile's, for messages.
   * @throws SlideError `broken-tile`, StainError, an AbortError.
   */
  async paint(
    payload: TilePayload,
    look: StainLook,
    file: string,
    where: string,
    signal: AbortSignal,
  ): Promise<TilePayload> {
    const image = await payloadPixels(payload, { decoder: this.#decoder }, file, where, signal);
    if (image === null) return payload;
    const data = this.#painterOf(look).paint(image.data);
    return { kind: 'pixels', image: { ...image, data } };
  }

  #painterOf(look: StainLook): StainPainter {
    const key = JSON.stringify(look);
    const known = this.#painters.get(key);
    if (known !== undefined) return known;
    const created = new StainPainter(look.separation, look.stain, look.paint);
    this.#painters.set(key, created);
    return created;
  }
}

/** An open slide, and what ends with it. */
interface OpenSlide {
  readonly slide: Slide;
  readonly closed: AbortController;
}

/** @param openOf the open slide of a number. @throws RangeError when there is none. */
export function stainHandlers(
  openOf: (slideId: number) => OpenSlide,
  decoder: ImageDecoder,
): Handlers<StainMethods> {
  const tissueOf = (slide: Slide, source: StainSource, signal: AbortSignal): Promise<TissueMask | null> =>
    source.tissue === null
      ? tissueOfSlide(slide, decoder, source.mpp.x, signal)
      : Promise.resolve(source.tissue);

  const optionsOf = async (
    { slide, closed }: OpenSlide,
    source: StainSource,
    area: SlideArea,
    caller: AbortSignal,
  ): Promise<BlockOptions & { readonly umPerPx: number }> => {
    const signal = AbortSignal.any([caller, closed.signal]);
    const { mpp } = source;
    const umPerPx = measuringUmPerPx(mpp, boundsOfArea(area) ?? slide.metadata);
    const tissue = await tissueOf(slide, source, signal);
    return {
      ...{ slide, decoder, area, tissue, signal, umPerPx },
      scale: { x: umPerPx / mpp.x, y: umPerPx / mpp.y },
    };
  };

  return {
    stainWhite: async (call, slideId, source) => {
      const open = openOf(slideId);
      const { slide, tissue, signal } = await optionsOf(open, source, { kind: 'slide' }, call.signal);
      return whiteOfSlide(slide, decoder, tissue, signal);
    },

    estimateStains: async (call, slideId, source, white) =>
      estimateStains(
        await sampleTissue(await optionsOf(openOf(slideId), source, { kind: 'slide' }, call.signal)),
        white,
      ),

    stainOfArea: async (call, slideId, source, white, area) => {
      const options = await optionsOf(openOf(slideId), source, area, call.signal);
      // All of the area counts: the user has drawn it on the stain.
      return stainOfArea(await sampleTissue({ ...options, tissue: null }), white);
    },

    measureStain: async (call, slideId, source, separation, stain, area) => {
      const options = await optionsOf(openOf(slideId), source, area, call.signal);
      const measured = await measureStain({ ...options, separation, stain });
      return { ...measured, umPerPx: options.umPerPx, glassLeftOut: options.tissue !== null };
    },
  };
}
