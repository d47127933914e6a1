/** Runs `dualscope segment`: plans, segments missing slices, stores each slice, writes the results. */
import { existsSync, statSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import type { BackendRequest } from '../runtime/native/node-backends.ts';
import type { SlicePlan } from '../segment/grid.ts';
import { openNodeSlices, type NodeSliceStore } from '../segment/node-slice-store.node.ts';
import { shardPlan, shardText, subPlan, type Shard } from '../segment/sub-plan.ts';
import { noTime, type SegmentSummary } from '../segment/run-progress.ts';
import type { Slide } from '../slide/slide.ts';
import { CommandError } from './command.ts';
import { startNodeReader } from './reader-client.ts';
import { runOnSlide, startNetwork } from './run-model.ts';
import { planSegment, type PlanCall, type PlannedSegment } from './segment-plan.ts';
import {
  isComplete,
  belongsToRun,
  readJson,
  readResult,
  removeResults,
  resultFile,
  writeAtomically,
  writeResult,
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
export interface ShardResult extends Pick<
  SegmentResult,
  | 'slide'
  | 'model'
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

/**
 * Segments missing slices and writes the results; returns the existing results if they are complete.
 * @throws CommandError when there is nothing to segment, other results exist, or a signal stops the run; SlideError,
 * ModelError.
 */
export async function segmentToFiles(slide: Slide, call: SegmentCall): Promise<SegmentResult> {
  const planned = await planSegment(slide, call);
  const { plan, prefix } = planned;
  await createFolder(call.out);
  const old = await readResult(prefix);
  if (old !== null && call.overwrite !== true) {
    if (call.resume !== true) throw existingResults(resultFile(prefix));
    if (await isComplete(old, planned, call.simplify)) return { ...old, computed: 0 };
    if (!belongsToRun(old, planned, call.simplify)) throw resultMismatch(resultFile(prefix));
  }
  const path = slicesFile(prefix);
  const slices = openSlices(path, planned, call);
  try {
    if (call.overwrite === true) await removeResults(prefix);
    const { run } = await segmentMissing(slide, call, plan, slices, `${plan.slices.length}`);
    const result = await writeResult(
      slide,
      planned,
      (slice) => readStored(slices, path, slice),
      run,
      call.simplify,
    );
    if (result.broken === 0) await rm(path, { force: true });
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
 * before stitching, so that a shard never needs slices of another.
 * @throws CommandError when there is nothing to segment, other results exist, or a signal stops the run; SlideError,
 * ModelError.
 */
export async function segmentShard(slide: Slide, call: SegmentCall, shard: Shard): Promise<ShardResult> {
  const planned = await planSegment(slide, call);
  const { manifest, prefix, key, areaKey } = planned;
  await createFolder(call.out);
  const plan = shardPlan(planned.plan, shard);
  const files = shardFiles(prefix, shard);
  const old = await readShardResult(files);
  if (old !== null && call.overwrite !== true) {
    if (call.resume !== true) throw existingResults(files.result);
    if (old.key !== key || old.areaKey !== areaKey) throw resultMismatch(files.result);
  }
  const slices = openSlices(files.slices, planned, call, ` (shard ${shardText(shard)})`);
  try {
    if (old !== null && call.overwrite !== true && storedCount(plan, slices) === plan.slices.length) {
      return { ...old, computed: 0 };
    }
    // The result file marks a shard as finished, which no longer holds.
    await rm(files.result, { force: true });
    const total = `shard ${shardText(shard)}'s ${plan.slices.length}`;
    const { run, broken } = await segmentMissing(slide, call, plan, slices, total);
    const result: ShardResult = {
      slide: slide.metadata.name,
      model: manifest.id,
      shard,
      ...run,
      broken,
      key,
      areaKey,
      files: [files.slices, files.result],
    };
    // Last, because it marks the slices as complete.
    await writeAtomically(files.result, `${JSON.stringify(result, null, 2)}\n`);
    return result;
  } finally {
    slices.close();
  }
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
export function shardFiles(prefix: string, { index, of }: Shard): ShardFiles {
  const own = `${prefix}.shard-${index}-of-${of}`;
  return { slices: `${own}.slices`, result: `${own}.json` };
}

/** A shard's result; null if there is none. */
export function readShardResult(files: ShardFiles): Promise<ShardResult | null> {
  return readJson<ShardResult>(files.result);
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
  const found = existsSync(path) ? statSync(path) : null;
  if (found?.isFile() === false) {
    throw new CommandError(
      `${path}: Something that is not a file is in the way. Move it, or set another --out.`,
    );
  }
  const exists = found !== null && found.size > 0;
  if (exists && call.overwrite !== true) {
    const slices = open(call.resume === true ? 'resume' : 'read');
    if (slices === null) {
      throw new CommandError(
        `${path}: These slices have another slide, model or grid, or an earlier version wrote them. ` +
          'Replace them with --overwrite, or set another --out.',
      );
    }
    if (call.resume === true) {
      if (slices.damaged > 0) {
        warn(`${path}: ${slices.damaged} damaged slices will be computed again.`);
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
 * @param total number of slices, in words, for the message of a stopped run.
 * @throws CommandError when SIGINT or SIGTERM stops the run; SlideError, ModelError.
 */
async function segmentMissing(
  slide: Slide,
  call: SegmentCall,
  plan: SlicePlan,
  slices: NodeSliceStore,
  total: string,
): Promise<{
  readonly run: Pick<SegmentResult, 'backend' | 'slices' | 'computed' | 'seconds' | 'stages'>;
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
      process.once('SIGINT', stop);
      process.once('SIGTERM', stop);
      try {
        const reader = reading.reader(await opening);
        const run = await runOnSlide(slide, network, missing, { signal: controller.signal, reader, store });
        backend = network.backend.name;
        summary = run;
        if (run.cancelled) {
          throw new CommandError(
            `${slide.metadata.name}: Stopped with ${storedCount(plan, slices)} of ${total} slices done. Continue with --resume.`,
            exitCode,
          );
        }
      } finally {
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
  return { run: { backend, slices: stored, computed, seconds, stages }, broken: plan.slices.length - stored };
}

function existingResults(path: string): CommandError {
  return new CommandError(
    `${path}: Results already exist. Keep them with --resume, or replace them with --overwrite.`,
  );
}

/** The error for existing results that this call would not produce. */
export function resultMismatch(path: string): CommandError {
  return new CommandError(
    `${path}: These results have another slide, model, area or grid. ` +
      'Replace them with --overwrite, or set another --out.',
  );
}
