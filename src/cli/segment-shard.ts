/** What `dualscope segment --shard i/n` does: one of several jobs that share a slide. `merge` puts them together. */
import { mkdir } from 'node:fs/promises';
import { SliceQueue } from '../segment/queue.ts';
import { shardPlan, shardText, type Shard } from '../segment/shard.ts';
import { subPlan } from '../segment/sub-plan.ts';
import type { Slide } from '../slide/slide.ts';
import { runEngine } from './segment-engine.ts';
import { startMode } from './segment-files.ts';
import { planSegment } from './segment-plan.ts';
import { writeAtomically } from './segment-result.ts';
import type { SegmentCall } from './segment-run.ts';
import { shardFiles, shardHead, startOrResumeShard, type ShardResult } from './segment-shard-files.ts';

/**
 * Segments the slices of a shard that are still to be done; gives its result when all are. Every slice is kept as the network
 * gave it, so a shard computes no slice twice and none of another shard's, whether slices overlap or not.
 * @throws CommandError when there is nothing to segment, results are in the way, or a signal stops the run; SlideError,
 * ModelError.
 */
export async function segmentShard(slide: Slide, call: SegmentCall, shard: Shard): Promise<ShardResult> {
  const { manifest, plan: whole, prefix, key } = await planSegment(slide, call);
  await mkdir(call.out, { recursive: true });
  const plan = shardPlan(whole, shard);
  const files = shardFiles(prefix, shard);
  const started = await startOrResumeShard(files, shardHead(key, whole, shard), plan, startMode(call));
  if ('finished' in started) return { ...started.finished, computed: 0 };
  const { journal } = started;
  try {
    const open = subPlan(plan, ({ column, row }) => !journal.has(column, row));
    const { summary, backend } = await runEngine(slide, call, {
      plan: open,
      queue: new SliceQueue(open),
      store: journal,
      kept: () => `${journal.size} of shard ${shardText(shard)}'s ${plan.slices.length}`,
    });
    const result: ShardResult = {
      slide: slide.metadata.name,
      model: manifest.id,
      shard,
      backend,
      slices: journal.size,
      computed: summary.slices,
      broken: plan.slices.length - journal.size,
      seconds: summary.seconds,
      stages: summary.stages,
      key,
      files: [files.journal, files.result],
    };
    // Last: it says that the journal is whole.
    await writeAtomically(files.result, `${JSON.stringify(result, null, 2)}\n`);
    return result;
  } finally {
    journal.close();
  }
}
