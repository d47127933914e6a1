/** The slide worker's methods, separate from the worker's entry so that tests can run them. */
import { toErrorReport } from '../base/error-report.ts';
import { LeastRecentlyUsed } from '../base/lru.ts';
import { slideHasDarkBackground } from '../segment/dark-background.ts';
import type { ChannelView } from '../slide/channels/channel-view.ts';
import { SlideError, type ImageDecoder, type Slide, type TilePayload } from '../slide/slide.ts';
import { ViewPyramid } from '../slide/view-pyramid.ts';
import type { OverviewReport, SlideInput, SlideWorkerApi } from './protocol.ts';
import type { Handlers } from '../base/rpc.ts';
import { stainHandlers, StainTiles } from './stain-service.ts';

/** What the service needs from its platform. */
export interface SlideServicePlatform {
  /** @throws SlideError when the input is not a slide or can't be read. */
  openSlide(input: SlideInput): Promise<Slide>;
  /** Decodes tiles to pixels, for levels that the file lacks. */
  readonly decoder: ImageDecoder;
  /**
   * Decodes a tile to a bitmap of at most `maxWidth × maxHeight`, cropped at the right and bottom; null for a missing
   * tile. Converts colours to sRGB if a profile is given.
   */
  toBitmap(
    payload: TilePayload,
    maxWidth: number,
    maxHeight: number,
    profile: Uint8Array | null,
  ): Promise<ImageBitmap | null>;
}

/** Channel views of a slide that are kept: the last one is on the screen until the next one has loaded. */
const keptViews = 3;

/** A slide and its ICC profile, which is read with the first tile that needs it. */
interface HeldSlide {
  readonly slide: Slide;
  /** The slide as it is shown, by channel view. */
  readonly pyramids: LeastRecentlyUsed<string, ViewPyramid>;
  readonly create: (slide: Slide) => ViewPyramid;
  /** Aborts when the slide is closed. */
  readonly closed: AbortController;
  profile: Promise<Uint8Array | null> | null;
}

/**
 * Keeps open slides by id. Crops tiles at the right and bottom edge to their level, so that bitmaps never extend beyond
 * the slide.
 */
export function createSlideService(platform: SlideServicePlatform): Handlers<SlideWorkerApi> {
  const slides = new Map<number, HeldSlide>();
  let nextId = 1;
  const stainTiles = new StainTiles(platform.decoder);

  const heldOf = (slideId: number): HeldSlide => {
    const held = slides.get(slideId);
    if (held === undefined) throw new RangeError(`Slide ${slideId} is not open.`);
    return held;
  };

  /** Views of one slide come and go: each costs little, and reads nothing that another has read. */
  const pyramidOf = ({ slide, pyramids, create }: HeldSlide, channels: ChannelView | null): ViewPyramid => {
    const key = JSON.stringify(channels);
    const known = pyramids.get(key);
    if (known !== undefined) return known;
    const shown = channels === null ? slide : (slide.channels?.shownAs(channels) ?? slide);
    const created = create(shown);
    pyramids.set(key, created);
    return created;
  };

  /** null if no conversion is needed. */
  const profileOf = (held: HeldSlide): Promise<Uint8Array | null> => {
    const { icc } = held.slide.metadata;
    if (icc === null || icc.srgb) return Promise.resolve(null);
    held.profile ??= held.slide.iccProfile().catch((error: unknown) => {
      held.profile = null;
      throw error;
    });
    return held.profile;
  };

  return {
    ...stainHandlers((slideId) => heldOf(slideId), platform.decoder),

    open: async (call, input) => {
      const slide = await platform.openSlide(input);
      if (call.signal.aborted) {
        slide.close();
        call.signal.throwIfAborted();
      }
      const slideId = nextId++;
      const options = { decoder: platform.decoder, remote: input.kind === 'url' };
      slides.set(slideId, {
        slide,
        pyramids: new LeastRecentlyUsed(keptViews, () => 1),
        create: (shown) => new ViewPyramid(shown, options),
        closed: new AbortController(),
        profile: null,
      });
      return { slideId, metadata: slide.metadata };
    },

    tile: async (call, slideId, level, column, row, { colours, channels, stain = null }, quality) => {
      const held = heldOf(slideId);
      const { slide } = held;
      const pyramid = pyramidOf(held, channels);
      const profile = colours === 'srgb' && stain === null ? await profileOf(held) : null;
      const payload = await pyramid.tile(level, column, row, quality, call.signal);
      // Checks again before decoding, which is slow: the tile may have scrolled out of view.
      call.signal.throwIfAborted();
      const size = pyramid.levels[level];
      if (payload === null || size === undefined) return null;
      const where = `Tile ${column}, ${row} of level ${level}`;
      const shown =
        stain === null
          ? payload
          : await stainTiles.paint(payload, stain, slide.metadata.name, where, call.signal);
      const bitmap = await platform
        .toBitmap(
          shown,
          Math.min(size.tileWidth, size.width - column * size.tileWidth),
          Math.min(size.tileHeight, size.height - row * size.tileHeight),
          profile,
        )
        .catch((cause: unknown) => {
          throw new SlideError(
            'broken-tile',
            slide.metadata.name,
            `${where} can't be decoded.`,
            'The tile stays empty; the rest of the slide is not affected.',
            { cause },
          );
        });
      return bitmap === null ? null : call.transfer(bitmap);
    },

    associatedImage: async (call, slideId, name) => {
      const payload = await heldOf(slideId).slide.associatedImage(name, call.signal);
      const bitmap = await platform.toBitmap(payload, Infinity, Infinity, null);
      if (bitmap === null) throw new RangeError(`The slide has no image "${name}".`);
      return call.transfer(bitmap);
    },

    buildOverview: (call, slideId, channels) => {
      const held = heldOf(slideId);
      return pyramidOf(held, channels).build(
        ({ done, total, broken, problem }) =>
          call.progress({
            done,
            total,
            broken,
            problem: problem === null ? null : toErrorReport(problem),
          } satisfies OverviewReport),
        AbortSignal.any([call.signal, held.closed.signal]),
      );
    },

    measureChannel: (_call, slideId, channel) => {
      const { slide } = heldOf(slideId);
      if (slide.channels === undefined) throw new RangeError(`${slide.metadata.name} has no channels.`);
      return slide.channels.measure(channel);
    },

    hasDarkBackground: (call, slideId) => {
      const { slide, closed } = heldOf(slideId);
      const signal = AbortSignal.any([call.signal, closed.signal]);
      return slideHasDarkBackground(slide, platform.decoder, signal);
    },

    setView: (_call, slideId, view) => {
      for (const pyramid of slides.get(slideId)?.pyramids.values() ?? []) pyramid.setView(view);
    },

    close: (_call, slideId) => {
      const held = slides.get(slideId);
      held?.closed.abort();
      held?.slide.close();
      slides.delete(slideId);
    },
  };
}
