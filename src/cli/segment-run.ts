/** What `dualscope segment` does: plans, segments what is still to be done, keeps every slice, writes the results. */
import { existsSync, statSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import type { BackendName } from '../runtime/backend.ts';
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
  isOfRun,
  readJson,
  readResult,
  removeResults,
  resultFile,
  writeAtomically,
  writeResult,
  type SegmentResult,
} from './segment-result.ts';

/** What is to be segmented, and how: the options of the command. */
export interface SegmentCall extends PlanCall {
  /** How the slide was opened; see `openFromCommandLine`. */
  readonly files: readonly string[];
  readonly backend?: BackendName;
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
 * Segments what is still to be done and writes the results; returns existing ones when nothing is.
 * @throws CommandError when there is nothing to segment, results are in the way, or a signal stops the run; SlideError,
 * ModelError.
 */
export async function segmentToFiles(slide: Slide, call: SegmentCall): Promise<SegmentResult> {
  const planned = await planSegment(slide, call);
  const { plan, prefix } = planned;
  await mkdir(call.out, { recursive: true });
  const old = await readResult(prefix);
  if (old !== null && call.overwrite !== true) {
    if (call.resume !== true) throw resultsExist(resultFile(prefix));
    if (await isComplete(old, planned, call.simplify)) return { ...old, computed: 0 };
    if (!isOfRun(old, planned, call.simplify)) throw resultMismatch(resultFile(prefix));
  }
  const path = slicesFile(prefix);
  const slices = openSlices(path, planned, call);
  try {
    if (call.overwrite === true) await removeResults(prefix);
    const { run } = await segmentMissing(slide, call, plan, slices, `${plan.slices.length}`);
    const result = await writeResult(
      slide,
      planned,
      (slice) => readKept(slices, path, slice),
      run,
      call.simplify,
    );
    if (result.broken === 0) await rm(path, { force: true });
    return result;
  } finally {
    slices.close();
  }
}

/**
 * Segments the slices of a shard that are still to be done; returns its result when none are. Every slice is kept as the
 * network gave it, so that no shard computes a slice twice, or one of another shard.
 * @throws CommandError when there is nothing to segment, results are in the way, or a signal stops the run; SlideError,
 * ModelError.
 */
export async function segmentShard(slide: Slide, call: SegmentCall, shard: Shard): Promise<ShardResult> {
  const planned = await planSegment(slide, call);
  const { manifest, prefix, key, areaKey } = planned;
  await mkdir(call.out, { recursive: true });
  const plan = shardPlan(planned.plan, shard);
  const files = shardFiles(prefix, shard);
  const old = await readShardResult(files);
  if (old !== null && call.overwrite !== true) {
    if (call.resume !== true) throw resultsExist(files.result);
    if (old.key !== key || old.areaKey !== areaKey) throw resultMismatch(files.result);
  }
  const slices = openSlices(files.slices, planned, call, ` (shard ${shardText(shard)})`);
  try {
    if (old !== null && call.overwrite !== true && heldOf(plan, slices) === plan.slices.length) {
      return { ...old, computed: 0 };
    }
    // While it is being segmented it is not finished: what an earlier run said of it no longer counts.
    await rm(files.result, { force: true });
    const of = `shard ${shardText(shard)}'s ${plan.slices.length}`;
    const { run, broken } = await segmentMissing(slide, call, plan, slices, of);
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
    // Last: it says that the slices are complete.
    await writeAtomically(files.result, `${JSON.stringify(result, null, 2)}\n`);
    return result;
  } finally {
    slices.close();
  }
}

/** Where the slices of an unsharded run are kept until its results are written. */
function slicesFile(prefix: string): string {
  return `${prefix}.slices`;
}

export interface ShardFiles {
  readonly slices: string;
  readonly result: string;
}

/** What a shard leaves on disk; no other shard writes to either. @param prefix of the slide's results. */
export function shardFiles(prefix: string, { index, of }: Shard): ShardFiles {
  const own = `${prefix}.shard-${index}-of-${of}`;
  return { slices: `${own}.slices`, result: `${own}.json` };
}

/** The result file of a shard; null when there is none. */
export function readShardResult(files: ShardFiles): Promise<ShardResult | null> {
  return readJson<ShardResult>(files.result);
}

/** Slices of a plan that are kept. */
export function heldOf(plan: SlicePlan, { store }: NodeSliceStore): number {
  return plan.slices.filter(({ column, row }) => store.has(column, row)).length;
}

/**
 * Opens the file that slices go to, without touching what the call does not allow to touch.
 * @throws CommandError when something is there that the call does not say what to do with.
 */
function openSlices(
  path: string,
  { key, plan }: PlannedSegment,
  call: SegmentCall,
  label = '',
): NodeSliceStore {
  const open = (mode: 'create' | 'resume' | 'read'): NodeSliceStore | null =>
    openNodeSlices(path, key, plan.marginPx, mode);
  const isThere = existsSync(path) && statSync(path).size > 0;
  if (isThere && call.overwrite !== true) {
    const found = open(call.resume === true ? 'resume' : 'read');
    if (found === null) {
      throw new CommandError(
        `${path}: These slices are of another slide, model or grid, or of an earlier version. ` +
          'Replace them with --overwrite, or give another --out.',
      );
    }
    if (call.resume === true) {
      if (found.damaged > 0) {
        process.stderr.write(
          `dualscope: ${path}: ${found.damaged} damaged records were found; their slices are computed again.\n`,
        );
      }
      return found;
    }
    const { size } = found.store;
    found.close();
    if (size > 0) {
      throw new CommandError(
        `${path}${label}: An unfinished run is there, ${size} slices done. Continue with --resume, or start over with --overwrite.`,
      );
    }
  }
  const created = open('create');
  if (created === null) throw new Error(`${path}: The file of slices can't be started.`);
  return created;
}

/** The maps of a kept slice; null where the slide could not be read. @throws CommandError when they are damaged. */
function readKept(
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
 * Runs the network on the slices of a plan that are not kept. Nothing is started when there are none.
 * @param of how many slices there are, for the message of a stopped run.
 * @throws CommandError when SIGINT or SIGTERM stops the run; SlideError, ModelError.
 */
async function segmentMissing(
  slide: Slide,
  call: SegmentCall,
  plan: SlicePlan,
  slices: NodeSliceStore,
  of: string,
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
      // Opened while the network is loaded. A slide that can't be opened here is reported when it is asked for.
      const opening = reading.open(call.files);
      opening.catch(() => undefined);
      const network = await startNetwork(call.model, call.backend ?? null);
      process.once('SIGINT', stop);
      process.once('SIGTERM', stop);
      try {
        const reader = reading.reader(await opening);
        const run = await runOnSlide(slide, network, missing, { signal: controller.signal, reader, store });
        backend = network.backend.name;
        summary = run;
        if (run.cancelled) {
          throw new CommandError(
            `${slide.metadata.name}: Stopped with ${heldOf(plan, slices)} of ${of} slices done. Continue with --resume.`,
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
  const held = heldOf(plan, slices);
  const { slices: computed, seconds, stages } = summary;
  return { run: { backend, slices: held, computed, seconds, stages }, broken: plan.slices.length - held };
}

function resultsExist(path: string): CommandError {
  return new CommandError(
    `${path}: Results already exist. Keep them with --resume, or replace them with --overwrite.`,
  );
}

/** The existing results are not what this call would make. */
export function resultMismatch(path: string): CommandError {
  return new CommandError(
    `${path}: These results are of another slide, model, area or grid of the same name. ` +
      'Replace them with --overwrite, or give another --out.',
  );
}
