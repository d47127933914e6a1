/** What `dualscope merge` does: checks that every shard of a slide is there and whole, and writes the slide's results. */
import { ShardJournal } from '../export/shard-journal.node.ts';
import { StitchedRows } from '../export/stitched-rows.ts';
import type { StageTimes } from '../segment/engine.ts';
import type { PlannedSlice, SlicePlan } from '../segment/grid.ts';
import { noTime } from '../segment/run-report.ts';
import { shardPlan, shardText, type Shard } from '../segment/shard.ts';
import type { Slide } from '../slide/slide.ts';
import { CommandError } from './command.ts';
import { resultsOfAnother } from './segment-files.ts';
import { planSegment, type PlanCall, type PlannedSegment } from './segment-plan.ts';
import {
  isOfRun,
  isWhole,
  readResult,
  removeResults,
  resultFile,
  writeResult,
  type SegmentResult,
} from './segment-result.ts';
import {
  readShardResult,
  shardCounts,
  shardFiles,
  shardHead,
  type ShardResult,
} from './segment-shard-files.ts';

/** Options of the command: those that the shards were segmented with. */
export interface MergeCall extends PlanCall {
  readonly simplify: number;
  /** How many shards there are; told by their files where absent. */
  readonly shards?: number;
  readonly overwrite?: boolean;
}

/** A shard whose files are whole. Close the journal. */
interface OpenShard {
  readonly plan: SlicePlan;
  readonly result: ShardResult;
  readonly journal: ShardJournal;
}

/**
 * Puts the shards of a slide together. The files are those of a run that was not sharded, byte by byte. Nothing is done where they
 * are there already.
 * @throws CommandError when shards are missing, damaged or of another run, or other results are in the way; SlideError,
 * ModelError.
 */
export async function mergeToFiles(slide: Slide, call: MergeCall): Promise<SegmentResult> {
  const planned = await planSegment(slide, call);
  const { prefix, key } = planned;
  const old = await readResult(prefix);
  if (old !== null && call.overwrite !== true) {
    if (await isWhole(old, key, call.simplify)) return { ...old, computed: 0 };
    if (!isOfRun(old, key, call.simplify)) throw resultsOfAnother(resultFile(prefix));
  }
  const shards: OpenShard[] = [];
  try {
    for (const shard of await shardsOf(prefix, call)) shards.push(await openShard(planned, shard));
    if (call.overwrite === true) await removeResults(prefix);
    const rows = new StitchedRows(planned.plan, sliceReader(shards, prefix));
    const readCell = (column: number, row: number) => rows.read(column, row);
    return await writeResult(slide, planned, readCell, runOf(shards), call.simplify);
  } finally {
    for (const { journal } of shards) journal.close();
  }
}

/** The shards that must be there. @throws CommandError when files do not tell, or some are missing. */
async function shardsOf(prefix: string, call: MergeCall): Promise<Shard[]> {
  const found = await shardCounts(prefix);
  const [of] = call.shards === undefined ? found : [call.shards];
  if (of === undefined) {
    throw new CommandError(
      `${prefix}.shard-*: No shards are there. Run dualscope segment with --shard 1/n to n/n and the same --out first.`,
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

/** Missing shards that a message names. */
const mostNamed = 10;

/** @throws CommandError when the shard is of another run, or its journal is damaged. */
async function openShard({ plan: whole, prefix, key }: PlannedSegment, shard: Shard): Promise<OpenShard> {
  const files = shardFiles(prefix, shard);
  const text = shardText(shard);
  const result = await readShardResult(files);
  if (result?.key !== key) {
    throw new CommandError(
      `${files.result}: Shard ${text} is of another slide, model, area or grid. Give merge the options that its ` +
        `segment had, or run --shard ${text} anew with --overwrite.`,
    );
  }
  const journal = ShardJournal.read(files.journal, shardHead(key, whole, shard));
  const plan = shardPlan(whole, shard);
  const held = plan.slices.filter(({ column, row }) => journal?.has(column, row) === true).length;
  if (journal === null || held !== result.slices || held + result.broken !== plan.slices.length) {
    journal?.close();
    throw new CommandError(
      `${files.journal}: The journal of shard ${text} is missing or damaged: ${held} of ${result.slices} slices can be read. ` +
        `Run --shard ${text} again with --resume.`,
    );
  }
  return { plan, result, journal };
}

/** Reads a slice from the shard that has it. */
function sliceReader(
  shards: readonly OpenShard[],
  prefix: string,
): (slice: PlannedSlice) => ReturnType<ShardJournal['read']> {
  const places = new Map<string, OpenShard>();
  for (const shard of shards) {
    for (const { column, row } of shard.plan.slices) places.set(`${column},${row}`, shard);
  }
  return ({ column, row }) => {
    const shard = places.get(`${column},${row}`);
    // A slice that its shard could not read stays unknown, as it would in one run.
    if (shard?.journal.has(column, row) !== true) return null;
    const maps = shard.journal.read(column, row);
    if (maps !== null) return maps;
    const text = shardText(shard.result.shard);
    throw new CommandError(
      `${shardFiles(prefix, shard.result.shard).journal}: The slice in column ${column}, row ${row} is damaged. ` +
        `Run --shard ${text} again with --overwrite.`,
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
