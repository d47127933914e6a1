/** One run of the engine for the command line: reading thread, network, and what a signal does. */
import type { BackendName } from '../runtime/backend.ts';
import type { FinishedSlice, RunSummary } from '../segment/engine.ts';
import type { SlicePlan } from '../segment/grid.ts';
import type { SliceQueue } from '../segment/queue.ts';
import { noTime } from '../segment/run-report.ts';
import type { SliceStore } from '../segment/slice-store.ts';
import type { Slide } from '../slide/slide.ts';
import { CommandError } from './command.ts';
import { startNodeReader } from './reader-client.ts';
import { readyModel, runOnSlide } from './run-model.ts';

export interface EngineCall {
  /** What the slide was opened by, as `openFromCommandLine` takes it. */
  readonly files: readonly string[];
  readonly model: string;
  readonly backend?: BackendName;
}

export interface EngineWork {
  readonly plan: SlicePlan;
  readonly queue: SliceQueue;
  /** Takes what the network gives for a slice, before it is stitched. */
  readonly store?: SliceStore;
  /** @param isFinal false for a cell of a stopped run that was not blended with all of its neighbours. */
  readonly onCell?: (cell: FinishedSlice, isFinal: boolean) => void;
  /** Slices that are kept so far, of how many: what a stopped run tells. */
  readonly kept: () => string;
}

/**
 * Runs the engine on a queue. Nothing is started when it is empty.
 * @throws CommandError when SIGINT or SIGTERM stops the run; SlideError, ModelError.
 */
export async function runEngine(
  slide: Slide,
  call: EngineCall,
  work: EngineWork,
): Promise<{ readonly summary: RunSummary; readonly backend: string }> {
  const { plan, queue, store, onCell } = work;
  if (queue.length === 0) return { summary: nothingDone, backend: 'none' };
  const reading = startNodeReader();
  // Opened while the network is loaded. What it can't open here is told when it is asked for.
  const opening = reading.open(call.files);
  opening.catch(() => undefined);
  const { segmenter, backend } = await readyModel(call.model, call.backend ?? null).catch(
    async (error: unknown) => {
      await reading.close();
      throw error;
    },
  );
  const controller = new AbortController();
  let stoppedBy = 0;
  const stop = (signal: NodeJS.Signals): void => {
    stoppedBy = signal === 'SIGINT' ? 130 : 143;
    controller.abort();
  };
  process.once('SIGINT', stop);
  process.once('SIGTERM', stop);
  try {
    const reader = reading.reader(await opening);
    const summary = await runOnSlide(
      slide,
      segmenter,
      plan,
      (cell) => onCell?.(cell, plan.marginPx === 0 || !controller.signal.aborted),
      { queue, signal: controller.signal, reader, ...(store === undefined ? {} : { store }) },
    );
    if (summary.cancelled) {
      throw new CommandError(
        `${slide.metadata.name}: Stopped with ${work.kept()} slices done. --resume goes on.`,
        stoppedBy,
      );
    }
    return { summary, backend: backend.name };
  } finally {
    process.off('SIGINT', stop);
    process.off('SIGTERM', stop);
    await reading.close();
    segmenter.dispose();
  }
}

const nothingDone: RunSummary = {
  slices: 0,
  broken: 0,
  regionsEncoded: 0,
  seconds: 0,
  cancelled: false,
  stages: noTime,
  memory: null,
};
