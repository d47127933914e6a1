/** The segmentation worker's client of the reader worker. */
import type { SliceReader } from '../segment/slice-reader.ts';
import { SlideError, type Slide, type SlideErrorCode } from '../slide/slide.ts';
import { WorkerError } from '../base/error-report.ts';
import type { SlideInput } from './protocol.ts';
import type { ReaderWorkerApi } from './reader-service.ts';
import type { RpcClient } from '../base/rpc.ts';
import { connectWorker } from '../base/worker-port.ts';

/** An open slide, without its pixels. */
export type SlideHandle = Pick<Slide, 'metadata' | 'close'>;

export interface SlideReading<Input = SlideInput> {
  /** @throws SlideError when the input is not a slide or can't be read. */
  open(input: Input): Promise<SlideHandle>;
  /** @throws RangeError for a slide that was not opened here. */
  reader(slide: SlideHandle): SliceReader;
}

/** Starts the reader worker. */
export function startReader(): SlideReading {
  const worker = new Worker(new URL('./reader-worker.ts', import.meta.url), {
    type: 'module',
    name: 'reader',
  });
  return readingOver(connectWorker<ReaderWorkerApi>(worker, 'reader'));
}

export function readingOver<Input>(rpc: RpcClient<ReaderWorkerApi<Input>>): SlideReading<Input> {
  const ids = new WeakMap<SlideHandle, number>();
  return {
    open: async (input) => {
      const { slideId, metadata } = await rpc.call('open', [input]).catch(rethrow);
      const handle = { metadata, close: () => void rpc.call('close', [slideId]).catch(() => undefined) };
      ids.set(handle, slideId);
      return handle;
    },
    reader: (slide) => {
      const slideId = ids.get(slide);
      if (slideId === undefined) throw new RangeError('The slide was not opened by this reader.');
      return {
        read: (rect, sizePx, signal) => rpc.call('read', [slideId, rect, sizePx], { signal }).catch(rethrow),
      };
    },
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
