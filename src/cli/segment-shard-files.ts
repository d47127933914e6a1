/** What a shard leaves on disk: a journal of its slices and a result file. No other shard writes to either. */
import { readdir, rm } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { ShardJournal, type ShardHead } from '../export/shard-journal.node.ts';
import type { SlicePlan } from '../segment/grid.ts';
import { shardText, type Shard } from '../segment/shard.ts';
import { resultsInTheWay, resultsOfAnother, unfinishedRun, type StartMode } from './segment-files.ts';
import { readJson, type SegmentResult } from './segment-result.ts';

/** The result file of a shard, and what `--json` prints. */
export interface ShardResult extends Pick<
  SegmentResult,
  'slide' | 'model' | 'backend' | 'slices' | 'computed' | 'broken' | 'seconds' | 'stages' | 'key' | 'files'
> {
  readonly shard: Shard;
}

export interface ShardFiles {
  readonly journal: string;
  readonly result: string;
}

/** @param prefix folder and beginning of every file's name of the slide's results. */
export function shardFiles(prefix: string, { index, of }: Shard): ShardFiles {
  const own = `${prefix}.shard-${index}-of-${of}`;
  return { journal: `${own}.slices`, result: `${own}.json` };
}

/** The head of a shard's journal. */
export function shardHead(key: string, { sizePx, marginPx }: SlicePlan, shard: Shard): ShardHead {
  return { key, shard, sizePx, marginPx };
}

/** Into how many shards the results of `prefix` were cut, judged by the files that are there; each number once. */
export async function shardCounts(prefix: string): Promise<number[]> {
  const own = `${basename(prefix)}.shard-`;
  const names = await readdir(dirname(prefix)).catch((): string[] => []);
  const counts = names.flatMap((name) => {
    if (!name.startsWith(own)) return [];
    const of = /^\d+-of-(\d+)\.(json|slices)$/.exec(name.slice(own.length))?.[1];
    return of === undefined ? [] : [Number(of)];
  });
  return [...new Set(counts)].sort((a, b) => a - b);
}

/** The result file of a shard; null when there is none. */
export async function readShardResult(files: ShardFiles): Promise<ShardResult | null> {
  return readJson<ShardResult>(files.result);
}

/**
 * Opens the journal that a shard's slices go to, or gives its result when all is done.
 * @param plan the slices of this shard.
 * @throws CommandError when something is there that the call does not say what to do with.
 */
export async function startOrResumeShard(
  files: ShardFiles,
  head: ShardHead,
  plan: SlicePlan,
  mode: StartMode,
): Promise<{ readonly finished: ShardResult } | { readonly journal: ShardJournal }> {
  if (mode === 'overwrite') {
    await rm(files.result, { force: true });
    return { journal: ShardJournal.create(files.journal, head) };
  }
  const old = await readShardResult(files);
  if (old !== null && mode === 'fresh') throw resultsInTheWay(files.result);
  if (old !== null && old.key !== head.key) throw resultsOfAnother(files.result);
  const journal = ShardJournal.resume(files.journal, head);
  if (journal === null) return { journal: ShardJournal.create(files.journal, head) };
  if (mode === 'fresh') {
    journal.close();
    throw unfinishedRun(`${files.journal} (shard ${shardText(head.shard)})`, journal.size);
  }
  if (old !== null && journal.size === plan.slices.length) {
    journal.close();
    return { finished: old };
  }
  // While it goes on, it is not finished: what an earlier run said of it no longer counts.
  await rm(files.result, { force: true });
  return { journal };
}
