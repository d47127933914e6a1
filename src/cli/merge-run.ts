/** What `dualscope merge` does: finds the shards, checks that they fit together, writes one result. */
import { readdir } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import type { SliceMaps } from '../runtime/segmenter.ts';
import type { PlannedSlice, SlicePlan } from '../segment/grid.ts';
import { openNodeSlices, type NodeSliceStore } from '../segment/node-slice-store.node.ts';
import { noTime, type StageTimes } from '../segment/run-progress.ts';
import { shardPlan, shardText, type Shard } from '../segment/sub-plan.ts';
import type { Slide } from '../slide/slide.ts';
import { CommandError } from './command.ts';
import type { PlanCall } from './segment-plan.ts';
import {
  isComplete,
  isOfRun,
  readResult,
  removeResults,
  resultFile,
  writeResult,
  type SegmentResult,
} from './segment-result.ts';
import { heldOf, readShardResult, resultMismatch, shardFiles, type ShardResult } from './segment-run.ts';
import { planSegment, type PlannedSegment } from './segment-plan.ts';

/** Options of the command: those that the shards were segmented with. */
export interface MergeCall extends PlanCall {
  readonly simplify: number;
  /** How many shards there are; counted by their files where absent. */
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
 * Merges the shards of a slide. The files are those of an unsharded run, byte for byte. Does nothing where they exist
 * already.
 * @throws CommandError when shards are missing, damaged or of another run, or other results are in the way; SlideError,
 * ModelError.
 */
export async function mergeToFiles(slide: Slide, call: MergeCall): Promise<SegmentResult> {
  const planned = await planSegment(slide, call);
  const { prefix } = planned;
  const old = await readResult(prefix);
  if (old !== null && call.overwrite !== true) {
    if (await isComplete(old, planned, call.simplify)) return { ...old, computed: 0 };
    if (!isOfRun(old, planned, call.simplify)) throw resultMismatch(resultFile(prefix));
  }
  const shards: OpenShard[] = [];
  try {
    for (const shard of await shardsOf(prefix, call)) shards.push(await openShard(planned, shard));
    if (call.overwrite === true) await removeResults(prefix);
    return await writeResult(slide, planned, sliceReader(shards, prefix), runOf(shards), call.simplify);
  } finally {
    for (const { slices } of shards) slices.close();
  }
}

/** The shards that must be there. @throws CommandError when the files leave it open, or some are missing. */
async function shardsOf(prefix: string, call: MergeCall): Promise<Shard[]> {
  const found = await shardCounts(prefix);
  const [of] = call.shards === undefined ? found : [call.shards];
  if (of === undefined) {
    throw new CommandError(
      `${prefix}.shard-*: There are no shards. Run dualscope segment with --shard 1/n to n/n and the same --out first.`,
    );
  }
  if (call.shards === undefined && found.length > 1) {
    throw new CommandError(
      `${prefix}.shard-*: Shards of ${found.join(' and of ')} are there. Say which with --shards, for example --shards ${of}.`,
    );
  }
  const shards = Array.from({ length: of }, (_value, i): Shard => ({ index: i + 1, of }));
  const missing: Shard[] = [];
  for (const shard of shards) {
    if ((await readShardResult(shardFiles(prefix, shard))) === null) missing.push(shard);
  }
  const [first] = missing;
  if (first === undefined) return shards;
  const named = missing.slice(0, mostNamed).map(shardText).join(', ');
  const more = missing.length > mostNamed ? ` and ${missing.length - mostNamed} more` : '';
  throw new CommandError(
    `${shardFiles(prefix, first).result}: Shard ${named}${more} is missing or not finished. ` +
      `Run dualscope segment with --shard ${shardText(first)} --resume, then merge again.`,
  );
}

/** Into how many shards the results of `prefix` were cut, judged by their files; each number once. */
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

/** Missing shards that a message names. */
const mostNamed = 10;

/** @throws CommandError when the shard is of another run, or its slices are damaged. */
async function openShard(planned: PlannedSegment, shard: Shard): Promise<OpenShard> {
  const { plan: whole, prefix, key, areaKey } = planned;
  const files = shardFiles(prefix, shard);
  const text = shardText(shard);
  const result = await readShardResult(files);
  if (result?.key !== key || result.areaKey !== areaKey) {
    throw new CommandError(
      `${files.result}: Shard ${text} is of another slide, model, area or grid. Give merge the options that its ` +
        `segment had, or run --shard ${text} again with --overwrite.`,
    );
  }
  const slices = openNodeSlices(files.slices, key, whole.marginPx, 'read');
  const plan = shardPlan(whole, shard);
  const held = slices === null ? 0 : heldOf(plan, slices);
  if (slices === null || held !== result.slices || held + result.broken !== plan.slices.length) {
    slices?.close();
    throw new CommandError(
      `${files.slices}: The slices of shard ${text} are missing or damaged: ${held} of ${result.slices} can be read. ` +
        `Run --shard ${text} again with --resume.`,
    );
  }
  return { plan, result, slices };
}

/** Reads a slice from the shard that has it. */
function sliceReader(
  shards: readonly OpenShard[],
  prefix: string,
): (slice: PlannedSlice) => SliceMaps | null {
  const places = new Map<string, OpenShard>();
  for (const shard of shards) {
    for (const { column, row } of shard.plan.slices) places.set(`${column},${row}`, shard);
  }
  return ({ column, row }) => {
    const shard = places.get(`${column},${row}`);
    // A slice that its shard could not read stays unknown, as it would in one run.
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

/** What the shards' runs took together. */
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
    slices,
    computed: slices,
    seconds: sum(({ seconds }) => seconds),
    stages,
  };
}
