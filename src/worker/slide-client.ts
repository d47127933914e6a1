/** The page's client of the slide worker. */
import type { SlideMetadata } from '../slide/slide.ts';
import type { Level0Rect } from '../slide/slide.ts';
import type { TileQuality } from '../slide/view-pyramid.ts';
import {
  absoluteInput,
  type OverviewReport,
  type SlideInput,
  type SlideWorkerApi,
  type TileColours,
} from './protocol.ts';
import { connectWorker } from '../base/worker-port.ts';

export { WorkerError } from '../base/error-report.ts';

/** A slide that is open in the worker. */
export interface OpenedSlide {
  readonly slideId: number;
  readonly metadata: SlideMetadata;
}

/**
 * Methods reject with a WorkerError, whose `report` is shown to the user, or with an AbortError as soon as the signal
 * aborts. The worker then stops reading.
 */
export interface SlideClient {
  open(input: SlideInput, signal?: AbortSignal): Promise<OpenedSlide>;
  /** See `SlideWorkerApi.tile`. The caller closes the bitmap. */
  tile(
    slideId: number,
    level: number,
    column: number,
    row: number,
    colours: TileColours,
    quality: TileQuality,
    signal?: AbortSignal,
  ): Promise<ImageBitmap | null>;
  /** See `SlideWorkerApi.buildOverview`. */
  buildOverview(slideId: number, onReport: (report: OverviewReport) => void, signal: AbortSignal): Promise<void>;
  setView(slideId: number, view: Level0Rect | null): Promise<void>;
  associatedImage(slideId: number, name: string, signal?: AbortSignal): Promise<ImageBitmap>;
  close(slideId: number): Promise<void>;
  /** Terminates the worker. Pending calls reject. */
  terminate(): void;
}

/** Starts a slide worker. */
export function createSlideClient(): SlideClient {
  const worker = new Worker(new URL('./slide-worker.ts', import.meta.url), {
    type: 'module',
    name: 'slide',
  });
  const rpc = connectWorker<SlideWorkerApi>(worker, 'slide');
  return {
    open: (input, signal) => rpc.call('open', [absoluteInput(input)], { signal }),
    tile: (slideId, level, column, row, colours, quality, signal) =>
      rpc.call('tile', [slideId, level, column, row, colours, quality], { signal }),
    buildOverview: (slideId, onReport, signal) =>
      rpc.call('buildOverview', [slideId], {
        signal,
        onProgress: (report) => onReport(report as OverviewReport),
      }),
    setView: (slideId, view) => rpc.call('setView', [slideId, view]),
    associatedImage: (slideId, name, signal) => rpc.call('associatedImage', [slideId, name], { signal }),
    close: (slideId) => rpc.call('close', [slideId]),
    terminate: () => {
      worker.terminate();
      rpc.fail({ code: 'worker-ended', file: '', problem: 'The slide worker was terminated.', remedy: '' });
    },
  };
}
