/** The page's client of the slide worker. */
import type { ChannelMeasure, ChannelView } from '../slide/channels/channel-view.ts';
import type { SlideMetadata } from '../slide/slide.ts';
import type { Level0Rect } from '../slide/slide.ts';
import type { TileQuality } from '../slide/view-pyramid.ts';
import {
  absoluteInput,
  type OverviewReport,
  titleOfInput,
  type SlideInput,
  type SlideWorkerApi,
  type TileLook,
} from './protocol.ts';
import type { BearerTokens } from './bearer-tokens.ts';
import { SlideKeeper } from './slide-keeper.ts';
import { stainClient, type StainClient } from './stain-client.ts';
import { connectWorker } from '../base/worker-port.ts';

export { BearerTokens } from './bearer-tokens.ts';
export { WorkerError } from '../base/error-report.ts';
export { overviewSize, viewLevels, type ViewLevel } from '../slide/view-levels.ts';
export { channelTitle, defaultChannelView, maxShownChannels } from '../slide/channels/channel-view.ts';
export {
  channelViewText,
  colourText,
  isWindow,
  maxViewText,
  parseChannelView,
  parseColour,
} from '../slide/channels/channel-view-text.ts';

/** A slide that is open in the worker. */
export interface OpenedSlide {
  readonly slideId: number;
  readonly metadata: SlideMetadata;
}

/**
 * Methods reject with a WorkerError, whose `report` is shown to the user, or with an AbortError as soon as the signal
 * aborts. The worker then stops reading.
 */
export interface SlideClient extends StainClient {
  open(input: SlideInput, signal?: AbortSignal): Promise<OpenedSlide>;
  /** See `SlideWorkerApi.tile`. The caller closes the bitmap. */
  tile(
    slideId: number,
    level: number,
    column: number,
    row: number,
    look: TileLook,
    quality: TileQuality,
    signal?: AbortSignal,
  ): Promise<ImageBitmap | null>;
  /** See `SlideWorkerApi.buildOverview`. */
  buildOverview(
    slideId: number,
    channels: ChannelView | null,
    onReport: (report: OverviewReport) => void,
    signal: AbortSignal,
  ): Promise<void>;
  setView(slideId: number, view: Level0Rect | null): Promise<void>;
  /** See `SlideWorkerApi.measureChannel`. */
  measureChannel(slideId: number, channel: number, signal?: AbortSignal): Promise<ChannelMeasure>;
  /** See `slideHasDarkBackground`. */
  hasDarkBackground(slideId: number): Promise<boolean | null>;
  associatedImage(slideId: number, name: string, signal?: AbortSignal): Promise<ImageBitmap>;
  close(slideId: number): Promise<void>;
  /** Terminates the worker. Pending calls reject. */
  terminate(): void;
}

/** Milliseconds without an answer after which the worker counts as hanging; the longest header takes a few seconds. */
const deadlineMs = 20_000;

/** Starts a slide worker. @param tokens for the servers of slides. */
export function createSlideClient(tokens: BearerTokens): SlideClient {
  const keeper = new SlideKeeper<SlideInput, SlideWorkerApi>({
    start: () => {
      const worker = new Worker(new URL('./slide-worker.ts', import.meta.url), {
        type: 'module',
        name: 'slide',
      });
      return connectWorker<SlideWorkerApi>(worker, 'slide');
    },
    titleOf: titleOfInput,
    deadlineMs,
  });
  // Before it is needed, so that the first slide opens sooner.
  keeper.start();
  return {
    open: (input, signal) => keeper.open(tokens.signed(absoluteInput(input)), signal),
    tile: (slideId, level, column, row, look, quality, signal) =>
      keeper.call(
        slideId,
        (rpc, id, options) => rpc.call('tile', [id, level, column, row, look, quality], options),
        signal,
      ),
    buildOverview: (slideId, channels, onReport, signal) =>
      keeper.call(
        slideId,
        (rpc, id, options) =>
          rpc.call('buildOverview', [id, channels], {
            ...options,
            onProgress: (report) => onReport(report as OverviewReport),
          }),
        signal,
        'background',
      ),
    setView: (slideId, view) =>
      keeper.call(slideId, (rpc, id, options) => rpc.call('setView', [id, view], options)),
    measureChannel: (slideId, channel, signal) =>
      keeper.call(slideId, (rpc, id, options) => rpc.call('measureChannel', [id, channel], options), signal),
    hasDarkBackground: (slideId) =>
      keeper.call(
        slideId,
        (rpc, id, options) => rpc.call('hasDarkBackground', [id], options),
        undefined,
        'background',
      ),
    associatedImage: (slideId, name, signal) =>
      keeper.call(slideId, (rpc, id, options) => rpc.call('associatedImage', [id, name], options), signal),
    ...stainClient(keeper),
    close: (slideId) => keeper.close(slideId),
    terminate: () => keeper.terminate(),
  };
}
