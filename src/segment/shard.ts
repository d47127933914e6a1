/**
 * One of several jobs that share a slide. A slide is cut into runs of whole regions, so that no context is encoded by two
 * jobs, and every slice is computed by exactly one of them. Pure.
 */
import type { SlicePlan } from './grid.ts';
import { subPlan } from './sub-plan.ts';

export interface Shard {
  /** From 1 to `of`. */
  readonly index: number;
  readonly of: number;
}

/** As in the call and in messages: `2/7`. */
export function shardText({ index, of }: Shard): string {
  return `${index}/${of}`;
}

/**
 * The slices of one shard as a plan of its own; none where there are more shards than regions. Shards hold about the same
 * number of slices: each region goes to the shard that its middle slice belongs to when slices are counted out evenly.
 * @throws RangeError unless `index` and `of` are whole numbers with 1 ≤ index ≤ of.
 */
export function shardPlan(plan: SlicePlan, { index, of }: Shard): SlicePlan {
  if (!Number.isInteger(index) || !Number.isInteger(of) || index < 1 || index > of) {
    throw new RangeError(`Shards are counted from 1: there is no shard ${index} of ${of}.`);
  }
  let before = 0;
  const mine = plan.regions.map(({ slices }) => {
    const middle = before + slices.length / 2;
    before += slices.length;
    return Math.floor((middle * of) / plan.slices.length) === index - 1;
  });
  return subPlan(plan, ({ region }) => mine[region] === true);
}
