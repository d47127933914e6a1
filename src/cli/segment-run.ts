/** Runs `dualscope segment` on a whole plan: segments missing slices, stores each slice, writes the results. */
import { rm } from 'node:fs/promises';
import { lockOf, withOutputLock, type OutputLock } from '../base/output-lock.node.ts';
import type { BackendRequest } from '../runtime/native/node-backends.ts';
import type { SliceMaps } from '../runtime/segmenter.ts';
import type { PlannedSlice, SlicePlan } from '../segment/grid.ts';
import type { NodeSliceStore } from '../segment/node-slice-store.node.ts';
import { subPlan } from '../segment/sub-plan.ts';
import { fitWarning, type TissueFit } from '../base/tissue-fit.ts';
import { measureFit } from '../segment/measure-fit.ts';
import { noTime, type SegmentSummary } from '../segment/run-progress.ts';
import type { Slide } from '../slide/slide.ts';
import { CommandError } from './command.ts';
import { createFolder } from './create-folder.ts';
import { startNodeReader } from './reader-client.ts';
import { runOnSlide, startNetwork } from './run-model.ts';
import { changedInRun, checkUnchanged, openFromCommandLine } from './slide.ts';
import { planSegment, type PlanCall, type PlannedSegment } from './segment-plan.ts';
import { removeConsent, settleExisting } from './existing-results.ts';
import { openResultSet, writeResult, type ResultRun, type SegmentResult } from './segment-result.ts';
import { openSlices, readStored, storedCount } from './stored-slices.ts';
import { warn } from './terminal.ts';

/** Options of the command. */
export interface SegmentCall extends PlanCall {
  /** Arguments that the slide was opened with; see `openFromCommandLine`. */
  readonly files: readonly string[];
  readonly backend?: BackendRequest;
  readonly threads?: number;
  readonly resume?: boolean;
  readonly overwrite?: boolean;
  readonly simplify: number;
}

/**
 * Segments missing slices and writes the results; returns the existing results if they are complete. Holds the lock of the
 * results meanwhile; without it, nothing is touched.
 * @throws CommandError when there is nothing to segment, other results or files are in the way, or a signal stops the run;
 * OutputTakenError when another process writes there; SlideError, ModelError.
 */
export async function segmentToFiles(slide: Slide, call: SegmentCall): Promise<SegmentResult> {
  const planned = await planSegment(slide, call);
  await createFolder(call.out);
  return withOutputLock(lockOf(planned.prefix), (lock) => segmentLocked(slide, call, planned, lock));
}

async function segmentLocked(
  slide: Slide,
  call: SegmentCall,
  planned: PlannedSegment,
  lock: OutputLock,
): Promise<SegmentResult> {
  const { plan, prefix } = planned;
  const set = await openResultSet(prefix);
  const complete = await settleExisting(planned, call);
  if (complete !== null) return complete;
  const path = slicesFile(prefix);
  const slices = openSlices(path, planned, call);
  try {
    const { run } = await segmentMissing(slide, call, planned, plan, slices, {
      total: `${plan.slices.length}`,
      lock,
      path,
    });
    const read = (slice: PlannedSlice): SliceMaps | null => readStored(slices, path, slice);
    const result = await writeResult(slide, planned, read, run, call.simplify, { set, lock });
    if (result.broken === 0) await rm(path, { force: true });
    await removeConsent(prefix);
    return result;
  } finally {
    slices.close();
  }
}

/** Slices of an unsharded run, kept until its results are written. */
function slicesFile(prefix: string): string {
  return `${prefix}.slices`;
}

/**
 * Runs the network on the slices of a plan that are not stored, after measuring how near the tissue is to its training data.
 * @param planned what `plan` is a part of, so that all shards measure the same slices for the fit.
 * @param output number of slices, in words, for the message of a stopped run; the lock that is held; the file of slices.
 * @throws CommandError when SIGINT or SIGTERM stops the run, or the slide changes; OutputLostError; SlideError, ModelError.
 */
export async function segmentMissing(
  slide: Slide,
  call: SegmentCall,
  planned: Pick<PlannedSegment, 'plan' | 'tissue' | 'manifest'>,
  plan: SlicePlan,
  slices: NodeSliceStore,
  { total, lock, path }: { readonly total: string; readonly lock: OutputLock; readonly path: string },
): Promise<{
  readonly run: ResultRun;
  readonly broken: number;
}> {
  const { store } = slices;
  const missing = subPlan(plan, ({ column, row }) => !store.has(column, row));
  let summary: Pick<SegmentSummary, 'slices' | 'seconds' | 'stages'> = {
    slices: 0,
    seconds: 0,
    stages: noTime,
  };
  let backend = 'none';
  let modelProblem: string | undefined;
  let tissueFit: TissueFit | null = null;
  // Results written from slices of an earlier call still say how near the tissue is to the training data.
  const measures = planned.manifest.domain !== undefined && plan.slices.length > 0;
  if (missing.slices.length > 0 || measures) {
    const reading = startNodeReader();
    const controller = new AbortController();
    let exitCode = 0;
    const stop = (signal: NodeJS.Signals): void => {
      exitCode = signal === 'SIGINT' ? 130 : 143;
      controller.abort();
    };
    try {
      // Opens the slide while the network loads. An error is reported at the await below.
      const opening = reading.open(call.files);
      opening.catch(() => undefined);
      const network = await startNetwork(call.model, call);
      const lose = (): void => controller.abort();
      lock.signal.addEventListener('abort', lose);
      process.once('SIGINT', stop);
      process.once('SIGTERM', stop);
      try {
        const opened = await opening;
        if (opened.metadata.revision !== slide.metadata.revision) throw changedInRun(slide);
        const reader = reading.reader(opened);
        const { signal } = controller;
        tissueFit = await measureFit({ reader, plan: planned.plan, tissue: planned.tissue, network, signal });
        const warning = tissueFit === null ? null : fitWarning(tissueFit, planned.manifest.title);
        if (warning !== null) warn(`${slide.metadata.name}: ${warning}`);
        let cancelled = signal.aborted;
        if (missing.slices.length > 0) {
          const run = await runOnSlide(slide, network, missing, { signal, reader, store });
          backend = network.backend.name;
          summary = run;
          ({ cancelled } = run);
        }
        modelProblem = network.segmenter.failedCheck;
        // Parts of it may have been in memory, so that no read noticed. What is stored is kept for --resume.
        if (!cancelled) await checkUnchanged(slide);
        lock.signal.throwIfAborted();
        if (cancelled) {
          throw new CommandError(
            `${slide.metadata.name}: Stopped with ${storedCount(plan, slices)} of ${total} slices done. Continue with --resume.`,
            exitCode,
          );
        }
        await discardIfChanged(slide, call, path);
      } finally {
        lock.signal.removeEventListener('abort', lose);
        process.off('SIGINT', stop);
        process.off('SIGTERM', stop);
        network.release();
      }
    } finally {
      await reading.close();
    }
  }
  const stored = storedCount(plan, slices);
  const { slices: computed, seconds, stages } = summary;
  const problem = modelProblem === undefined ? {} : { modelProblem };
  return {
    run: { ...problem, tissueFit, backend, slices: stored, computed, seconds, stages },
    broken: plan.slices.length - stored,
  };
}

/** Whoever changes a slide while it is read gets no map of half of each. @throws SlideError `changed` */
async function discardIfChanged(slide: Slide, call: SegmentCall, path: string): Promise<void> {
  const again = await openFromCommandLine(call.files);
  try {
    if (again.metadata.revision !== slide.metadata.revision) throw changedInRun(slide, false);
  } catch (error) {
    await rm(path, { force: true });
    throw error;
  } finally {
    again.close();
  }
}
