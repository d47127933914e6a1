/** Parts of a plan: without some of its slices, or one of several jobs that share a slide. Pure. */
import type { PlannedSlice, SlicePlan } from './grid.ts';

/** One of several jobs that share a slide. */
export interface Shard {
  /** From 1 to `of`. */
  readonly index: number;
  readonly of: number;
}

/**
 * The plan without the slices for which `keep` is false, and without regions that lose all of theirs. Lattice, contexts
 * and the order of work stay as they are; indices are those of the new plan.
 */
export function subPlan(plan: SlicePlan, keep: (slice: PlannedSlice) => boolean): SlicePlan {
  const slices: PlannedSlice[] = [];
  const regions = plan.regions.flatMap(({ context, slices: indices }) => {
    const kept = indices
      .map((index) => plan.slices[index])
      .filter((slice) => slice !== undefined)
      .filter(keep);
    return kept.length === 0 ? [] : [{ context, kept }];
  });
  return {
    ...plan,
    regions: regions.map(({ context, kept }, region) => ({
      index: region,
      context,
      slices: kept.map((slice) => {
        slices.push({ ...slice, index: slices.length, region });
        return slices.length - 1;
      }),
    })),
    slices,
  };
}

/** As in the call and in messages: `2/7`. */
export function shardText({ index, of }: Shard): string {
  return `${index}/${of}`;
}

/**
 * The slices of one shard as a plan of its own; none where there are more shards than regions. A slide is cut into runs of
 * whole regions, so that no two jobs encode the same context, and every slice is computed by exactly one job. Shards hold
 * about the same number of slices: each region goes to the shard that its middle slice belongs to when slices are counted
 * out evenly.
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
