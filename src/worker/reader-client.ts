/** The segmentation worker's client of the reader worker. */
import type { SliceReader } from '../segment/slice-reader.ts';
import { SlideError, type Slide, type SlideErrorCode } from '../slide/slide.ts';
import { WorkerError } from '../base/error-report.ts';
import { titleOfInput, type SlideInput } from './protocol.ts';
import type { ReaderWorkerApi } from './reader-service.ts';
import { SlideKeeper } from './slide-keeper.ts';
import { connectWorker, type StartedWorker } from '../base/worker-port.ts';

/** An open slide, without its pixels. */
export type SlideHandle = Pick<Slide, 'metadata' | 'close'>;

export interface SlideReading<Input = SlideInput> {
  /** @throws SlideError when the input is not a slide or can't be read. */
  open(input: Input): Promise<SlideHandle>;
  /** @throws RangeError for a slide that was not opened here. */
  reader(slide: SlideHandle): SliceReader;
}

/**
 * Milliseconds without an answer after which a worker or thread counts as hanging. Decoding a tile takes a second at
 * most, adding up a context of a whole slide a few.
 */
const deadlineMs = 60_000;

/** Starts the reader worker. */
export function startReader(): SlideReading {
  return readingOver<SlideInput>(() => {
    const worker = new Worker(new URL('./reader-worker.ts', import.meta.url), {
      type: 'module',
      name: 'reader',
    });
    return connectWorker<ReaderWorkerApi>(worker, 'reader');
  }, titleOfInput);
}

/** Reads slides in a worker or thread, which is started again when it hangs. */
export function readingOver<Input>(
  start: () => StartedWorker<ReaderWorkerApi<Input>>,
  titleOf: (input: Input) => string,
): SlideReading<Input> & { terminate(): void } {
  const keeper = new SlideKeeper<Input, ReaderWorkerApi<Input>>({ start, titleOf, deadlineMs });
  keeper.start();
  const ids = new WeakMap<SlideHandle, number>();
  return {
    open: async (input) => {
      const { slideId, metadata } = await keeper.open(input).catch(rethrow);
      const handle = { metadata, close: () => void keeper.close(slideId).catch(() => undefined) };
      ids.set(handle, slideId);
      return handle;
    },
    reader: (slide) => {
      const slideId = ids.get(slide);
      if (slideId === undefined) throw new RangeError('The slide was not opened by this reader.');
      return {
        read: (rect, sizePx, signal) =>
          keeper
            .call(slideId, (rpc, id, options) => rpc.call('read', [id, rect, sizePx], options), signal)
            .catch(rethrow),
        picture: (sizePx, signal) =>
          keeper
            .call(
              slideId,
              (rpc, id, options) => rpc.call('picture', [id, sizePx], options),
              signal,
              'background',
            )
            .catch(rethrow),
      };
    },
    terminate: () => keeper.terminate(),
  };
}

/** A record, so that the compiler checks that none is missing. */
const slideErrorCodes: Readonly<Record<SlideErrorCode, true>> = {
  'not-a-slide': true,
  unsupported: true,
  truncated: true,
  corrupt: true,
  'broken-tile': true,
  'not-found': true,
  'sign-in': true,
  changed: true,
  network: true,
  'no-range': true,
};

/** Restores the SlideError that messages drop: the engine skips a slice or stops the run depending on its code. */
function rethrow(error: unknown): never {
  if (error instanceof WorkerError) {
    const { code, file, problem, remedy } = error.report;
    if (code in slideErrorCodes) {
      throw new SlideError(code as SlideErrorCode, file, problem, remedy, { cause: error });
    }
  }
  throw error;
}
