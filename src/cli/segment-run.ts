/** Runs `dualscope segment`: plans, segments missing slices, stores each slice, writes the results. */
import { lstatSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { lockOf, withOutputLock, type OutputLock } from '../base/output-lock.node.ts';
import { removeParts, replaceFile } from '../base/replace-file.node.ts';
import type { BackendRequest } from '../runtime/native/node-backends.ts';
import type { SliceMaps } from '../runtime/segmenter.ts';
import type { PlannedSlice, SlicePlan } from '../segment/grid.ts';
import { openNodeSlices, type NodeSliceStore } from '../segment/node-slice-store.node.ts';
import { shardPlan, shardText, subPlan, type Shard } from '../segment/sub-plan.ts';
import { noTime, type SegmentSummary } from '../segment/run-progress.ts';
import type { Slide } from '../slide/slide.ts';
import { CommandError } from './command.ts';
import { startNodeReader } from './reader-client.ts';
import { runOnSlide, startNetwork } from './run-model.ts';
import { changedInRun, checkUnchanged, openFromCommandLine } from './slide.ts';
import { planSegment, type PlanCall, type PlannedSegment } from './segment-plan.ts';
import { inTheWay, removeConsent, resultMismatch, settleExisting } from './existing-results.ts';
import { findSealed, seal, type FoundJson, type Sealed } from './sealed-json.ts';
import {
  modelCheckOf,
  openResultSet,
  writeResult,
  type ResultRun,
  type SegmentResult,
} from './segment-result.ts';
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

/** The result file of a shard, and what `--json` prints. */
export interface ShardResult
  extends
    Sealed,
    Pick<
      SegmentResult,
      | 'slide'
      | 'model'
      | 'modelCheck'
      | 'modelProblem'
      | 'backend'
      | 'slices'
      | 'computed'
      | 'broken'
      | 'seconds'
      | 'stages'
      | 'key'
      | 'areaKey'
      | 'files'
    > {
  readonly shard: Shard;
}

/** `ShardResult.format`; the digit is the version. */
const shardFormat = 'dualscope-shard-2';

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
    const { run } = await segmentMissing(slide, call, plan, slices, {
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

/** Creates the folder for results. @throws CommandError when a file is in the way, or it must not be written. */
async function createFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true });
  } catch (error) {
    const { code = 'unknown error' } = error as NodeJS.ErrnoException;
    throw new CommandError(`${path}: The folder can't be created (${code}). Give another --out.`);
  }
}

/**
 * Segments the missing slices of a shard; returns its existing result if none are missing. Stores the network's output
 * before stitching, so that a shard never needs slices of another. Holds the shard's lock meanwhile.
 * @throws as `segmentToFiles`.
 */
export async function segmentShard(slide: Slide, call: SegmentCall, shard: Shard): Promise<ShardResult> {
  const planned = await planSegment(slide, call);
  await createFolder(call.out);
  return withOutputLock(lockOf(shardPrefix(planned.prefix, shard)), (lock) =>
    segmentShardLocked(slide, call, planned, shard, lock),
  );
}

async function segmentShardLocked(
  slide: Slide,
  call: SegmentCall,
  planned: PlannedSegment,
  shard: Shard,
  lock: OutputLock,
): Promise<ShardResult> {
  const { manifest, prefix, key, areaKey } = planned;
  const plan = shardPlan(planned.plan, shard);
  const files = shardFiles(prefix, shard);
  await removeParts([files.result]);
  const old = call.overwrite === true ? null : await keptShard(planned, call, files);
  const slices = openSlices(files.slices, planned, call, ` (shard ${shardText(shard)})`);
  try {
    if (old !== null && storedCount(plan, slices) === plan.slices.length) return { ...old, computed: 0 };
    // The result file marks a shard as finished, which no longer holds.
    await rm(files.result, { force: true });
    const total = `shard ${shardText(shard)}'s ${plan.slices.length}`;
    const { run, broken } = await segmentMissing(slide, call, plan, slices, {
      total,
      lock,
      path: files.slices,
    });
    const { value, text } = seal(shardFormat, {
      slide: slide.metadata.name,
      model: manifest.id,
      modelCheck: modelCheckOf(planned),
      shard,
      ...run,
      broken,
      key,
      areaKey,
      files: [files.slices, files.result],
    });
    slices.sync();
    await lock.check();
    // Last, because it marks the slices as complete.
    await replaceFile(files.result, text);
    return value;
  } finally {
    slices.close();
  }
}

/** A shard's existing result; null if there is none that is intact. @throws CommandError if it must not be replaced. */
async function keptShard(
  { key, areaKey }: PlannedSegment,
  call: SegmentCall,
  { result }: ShardFiles,
): Promise<ShardResult | null> {
  const found = await findShard(result);
  if (found.kind === 'none') return null;
  if (found.kind === 'foreign') throw inTheWay(result);
  if (call.resume !== true) throw existingResults(result);
  if (found.kind === 'damaged') return null;
  if (found.kind === 'earlier' || found.value.key !== key || found.value.areaKey !== areaKey) {
    throw resultMismatch(result);
  }
  return found.value;
}

/** Slices of an unsharded run, kept until its results are written. */
function slicesFile(prefix: string): string {
  return `${prefix}.slices`;
}

export interface ShardFiles {
  readonly slices: string;
  readonly result: string;
}

/** The files of a shard; no other shard writes to them. @param prefix of the slide's results. */
export function shardFiles(prefix: string, shard: Shard): ShardFiles {
  const own = shardPrefix(prefix, shard);
  return { slices: `${own}.slices`, result: `${own}.json` };
}

function shardPrefix(prefix: string, { index, of }: Shard): string {
  return `${prefix}.shard-${index}-of-${of}`;
}

function findShard(path: string): Promise<FoundJson<ShardResult>> {
  return findSealed<ShardResult>(path, shardFormat);
}

/** A shard's result; null if there is none that is intact. */
export async function readShardResult(files: ShardFiles): Promise<ShardResult | null> {
  const found = await findShard(files.result);
  return found.kind === 'intact' ? found.value : null;
}

/** Number of slices of a plan that are stored. */
export function storedCount(plan: SlicePlan, { store }: NodeSliceStore): number {
  return plan.slices.filter(({ column, row }) => store.has(column, row)).length;
}

/**
 * Opens the file that stores slices. Changes an existing file only with --resume or --overwrite.
 * @throws CommandError when an existing file needs one of these options, or belongs to another run.
 */
function openSlices(
  path: string,
  { key, plan }: PlannedSegment,
  call: SegmentCall,
  label = '',
): NodeSliceStore {
  const open = (mode: 'create' | 'resume' | 'read'): NodeSliceStore | null =>
    openNodeSlices(path, key, plan.marginPx, mode);
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found?.isFile() === false) {
    throw new CommandError(
      `${path}: A link, a folder or a device is in the way. Move it, or set another --out.`,
    );
  }
  const exists = found !== undefined && found.size > 0;
  if (exists && call.overwrite !== true) {
    const slices = open(call.resume === true ? 'resume' : 'read');
    if (slices === null) {
      throw new CommandError(
        `${path}: These slices have another slide, model or grid, the slide has changed, or an earlier version wrote them. ` +
          'Replace them with --overwrite, or set another --out.',
      );
    }
    if (call.resume === true) {
      if (slices.damaged > 0) {
        const places = slices.damaged === 1 ? 'place' : 'places';
        warn(`${path}: Damaged in ${slices.damaged} ${places}; slices that were there are computed again.`);
      }
      return slices;
    }
    const { size } = slices.store;
    slices.close();
    if (size > 0) {
      throw new CommandError(
        `${path}${label}: An unfinished run exists (${size} slices done). Continue with --resume, or start over with --overwrite.`,
      );
    }
  }
  const created = open('create');
  if (created === null) throw new Error(`${path}: Can't create the file of slices.`);
  return created;
}

/** The maps of a stored slice; null if the slide could not be read there. @throws CommandError if they are damaged. */
function readStored(
  slices: NodeSliceStore,
  path: string,
  { column, row }: { readonly column: number; readonly row: number },
): ReturnType<NodeSliceStore['read']> {
  if (!slices.store.has(column, row)) return null;
  const maps = slices.read(column, row);
  if (maps !== null) return maps;
  throw new CommandError(
    `${path}: The slice at column ${column}, row ${row} is damaged. Run the command again with --resume.`,
  );
}

/**
 * Runs the network on the slices of a plan that are not stored. Starts nothing if all are.
 * @param output number of slices, in words, for the message of a stopped run; the lock that is held; the file of slices.
 * @throws CommandError when SIGINT or SIGTERM stops the run, or the slide changes; OutputLostError; SlideError, ModelError.
 */
async function segmentMissing(
  slide: Slide,
  call: SegmentCall,
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
  if (missing.slices.length > 0) {
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
        const run = await runOnSlide(slide, network, missing, { signal: controller.signal, reader, store });
        backend = network.backend.name;
        modelProblem = network.segmenter.failedCheck;
        summary = run;
        // Parts of it may have been in memory, so that no read noticed. What is stored is kept for --resume.
        if (!run.cancelled) await checkUnchanged(slide);
        lock.signal.throwIfAborted();
        if (run.cancelled) {
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
    run: { ...problem, backend, slices: stored, computed, seconds, stages },
    broken: plan.slices.length - stored,
  };
}

function existingResults(path: string): CommandError {
  return new CommandError(
    `${path}: Results already exist. Keep them with --resume, or replace them with --overwrite.`,
  );
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
