/** Runs `dualscope segment --shard`: segments a part of a plan and keeps its slices for `merge`. */
import { rm } from 'node:fs/promises';
import { lockOf, withOutputLock, type OutputLock } from '../base/output-lock.node.ts';
import { removeParts, replaceFile } from '../base/replace-file.node.ts';
import { shardPlan, shardText, type Shard } from '../segment/sub-plan.ts';
import type { Slide } from '../slide/slide.ts';
import { existingResults, inTheWay, resultMismatch } from './existing-results.ts';
import { findSealed, seal, type FoundJson, type Sealed } from './sealed-json.ts';
import { planSegment, type PlannedSegment } from './segment-plan.ts';
import { modelCheckOf, type SegmentResult } from './segment-result.ts';
import { createFolder } from './create-folder.ts';
import { segmentMissing, type SegmentCall } from './segment-run.ts';
import { openSlices, storedCount } from './stored-slices.ts';

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
      | 'tissueFit'
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
    const { run, broken } = await segmentMissing(slide, call, planned, plan, slices, {
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
