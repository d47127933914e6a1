/** Runs `dualscope merge`: finds the shards, checks that they match, writes one result. */
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { lockOf, withOutputLock, type OutputLock } from '../base/output-lock.node.ts';
import type { SliceMaps } from '../runtime/segmenter.ts';
import type { PlannedSlice, SlicePlan } from '../segment/grid.ts';
import { openNodeSlices, type NodeSliceStore } from '../segment/node-slice-store.node.ts';
import { noTime, type StageTimes } from '../segment/run-progress.ts';
import { shardPlan, shardText, type Shard } from '../segment/sub-plan.ts';
import type { Slide } from '../slide/slide.ts';
import { CommandError } from './command.ts';
import { removeConsent, settleExisting } from './existing-results.ts';
import { openResultSet, writeResult, type SegmentResult } from './segment-result.ts';
import { readShardResult, shardFiles, type ShardResult } from './segment-shard.ts';
import { storedCount } from './stored-slices.ts';
import { planSegment, type PlanCall, type PlannedSegment } from './segment-plan.ts';

/** Options of the command; must match those of the shards. */
export interface MergeCall extends PlanCall {
  readonly simplify: number;
  /** Number of shards; detected from their files by default. */
  readonly shards?: number;
  readonly overwrite?: boolean;
}

/** A shard whose files are complete. Close its slices. */
interface OpenShard {
  readonly plan: SlicePlan;
  readonly result: ShardResult;
  readonly slices: NodeSliceStore;
}

/**
 * Merges the shards of a slide. The files are identical, byte for byte, to those of an unsharded run. Does nothing if they
 * are already complete.
 * @throws CommandError when shards are missing, damaged or of another run, or when different results exist; SlideError,
 * ModelError.
 */
export async function mergeToFiles(slide: Slide, call: MergeCall): Promise<SegmentResult> {
  const planned = await planSegment(slide, call);
  if (!existsSync(dirname(planned.prefix))) throw noShards(planned.prefix);
  return withOutputLock(lockOf(planned.prefix), (lock) => mergeLocked(slide, call, planned, lock));
}

async function mergeLocked(
  slide: Slide,
  call: MergeCall,
  planned: PlannedSegment,
  lock: OutputLock,
): Promise<SegmentResult> {
  const { prefix } = planned;
  const set = await openResultSet(prefix);
  const complete = await settleExisting(planned, { ...call, resume: call.overwrite !== true });
  if (complete !== null) return complete;
  const shards: OpenShard[] = [];
  try {
    for (const shard of await shardsOf(prefix, call)) shards.push(await openShard(planned, shard));
    const read = sliceReader(shards, prefix);
    const result = await writeResult(slide, planned, read, runOf(shards), call.simplify, { set, lock });
    await removeConsent(prefix);
    return result;
  } finally {
    for (const { slices } of shards) slices.close();
  }
}

/** All shards to merge. @throws CommandError when their number is ambiguous or some are missing. */
async function shardsOf(prefix: string, call: MergeCall): Promise<Shard[]> {
  const found = await shardCounts(prefix);
  const [of] = call.shards === undefined ? found : [call.shards];
  if (of === undefined) throw noShards(prefix);
  if (call.shards === undefined && found.length > 1) {
    throw new CommandError(
      `${prefix}.shard-*: Found shards of ${found.join(' and of ')}. Choose with --shards, for example --shards ${of}.`,
    );
  }
  const shards = Array.from({ length: of }, (_value, i): Shard => ({ index: i + 1, of }));
  const missing: Shard[] = [];
  for (const shard of shards) {
    if ((await readShardResult(shardFiles(prefix, shard))) === null) missing.push(shard);
  }
  const [first] = missing;
  if (first === undefined) return shards;
  const named = missing.slice(0, maxNamed).map(shardText).join(', ');
  const more = missing.length > maxNamed ? ` and ${missing.length - maxNamed} more` : '';
  throw new CommandError(
    `${shardFiles(prefix, first).result}: Missing or unfinished: shard ${named}${more}. ` +
      `Run dualscope segment with --shard ${shardText(first)} --resume, then merge again.`,
  );
}

function noShards(prefix: string): CommandError {
  return new CommandError(
    `${prefix}.shard-*: No shards found. First run dualscope segment with --shard 1/n to n/n and the same --out.`,
  );
}

/** Numbers of shards that the files of `prefix` suggest, ascending and without duplicates. */
async function shardCounts(prefix: string): Promise<number[]> {
  const own = `${basename(prefix)}.shard-`;
  const names = await readdir(dirname(prefix)).catch((): string[] => []);
  const counts = names.flatMap((name) => {
    if (!name.startsWith(own)) return [];
    const of = /^\d+-of-(\d+)\.(json|slices)$/.exec(name.slice(own.length))?.[1];
    return of === undefined ? [] : [Number(of)];
  });
  return [...new Set(counts)].sort((a, b) => a - b);
}

/** An error names up to this many missing shards. */
const maxNamed = 10;

/** @throws CommandError when the shard belongs to another run, or slices are damaged. */
async function openShard(planned: PlannedSegment, shard: Shard): Promise<OpenShard> {
  const { plan: whole, prefix, key, areaKey } = planned;
  const files = shardFiles(prefix, shard);
  const text = shardText(shard);
  const result = await readShardResult(files);
  if (result?.key !== key || result.areaKey !== areaKey) {
    throw new CommandError(
      `${files.result}: Shard ${text} has another slide, model, area or grid. Use the options that it was segmented ` +
        `with, or run --shard ${text} again with --overwrite.`,
    );
  }
  const slices = openNodeSlices(files.slices, key, whole.marginPx, 'read');
  const plan = shardPlan(whole, shard);
  const stored = slices === null ? 0 : storedCount(plan, slices);
  if (slices === null || stored !== result.slices || stored + result.broken !== plan.slices.length) {
    slices?.close();
    throw new CommandError(
      `${files.slices}: The slices of shard ${text} are missing or damaged: ${stored} of ${result.slices} can be read. ` +
        `Run --shard ${text} again with --resume.`,
    );
  }
  return { plan, result, slices };
}

/** Reads each slice from its shard. */
function sliceReader(
  shards: readonly OpenShard[],
  prefix: string,
): (slice: PlannedSlice) => SliceMaps | null {
  const shardOf = new Map<string, OpenShard>();
  for (const shard of shards) {
    for (const { column, row } of shard.plan.slices) shardOf.set(`${column},${row}`, shard);
  }
  return ({ column, row }) => {
    const shard = shardOf.get(`${column},${row}`);
    // A slice that its shard could not read from the slide stays unknown, as in an unsharded run.
    if (shard?.slices.store.has(column, row) !== true) return null;
    const maps = shard.slices.read(column, row);
    if (maps !== null) return maps;
    const text = shardText(shard.result.shard);
    throw new CommandError(
      `${shardFiles(prefix, shard.result.shard).slices}: The slice at column ${column}, row ${row} is damaged. ` +
        `Run --shard ${text} again with --resume.`,
    );
  };
}

/** The shards' runs, summed. */
function runOf(shards: readonly OpenShard[]) {
  const backends = new Set(shards.map(({ result }) => result.backend).filter((name) => name !== 'none'));
  const sum = (of: (result: ShardResult) => number): number =>
    shards.reduce((total, { result }) => total + of(result), 0);
  const stages = Object.fromEntries(
    Object.keys(noTime).map((name) => [name, sum((result) => result.stages[name as keyof StageTimes])]),
  ) as unknown as StageTimes;
  const slices = sum((result) => result.slices);
  return {
    backend: backends.size === 0 ? 'none' : [...backends].sort().join(' + '),
    tissueFit: shards.flatMap(({ result }) => result.tissueFit ?? [])[0] ?? null,
    slices,
    computed: slices,
    seconds: sum(({ seconds }) => seconds),
    stages,
  };
}
