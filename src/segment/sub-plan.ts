/** Parts of a plan: a subset of its slices, or one shard. Pure. */
import type { PlannedSlice, SlicePlan } from './grid.ts';

/** One of several parts of a slide, for parallel jobs. */
export interface Shard {
  /** From 1 to `of`. */
  readonly index: number;
  readonly of: number;
}

/**
 * The plan with only the slices for which `keep` is true, without empty regions. Grid, contexts and order are unchanged;
 * indices refer to the new plan.
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

/** The shard as text, for example `2/7`. */
export function shardText({ index, of }: Shard): string {
  return `${index}/${of}`;
}

/**
 * The plan of one shard; empty if there are more shards than regions. Shards consist of consecutive whole regions, so that
 * each context and each slice is computed by exactly one shard. Shards have about the same number of slices: each region
 * belongs to the shard that contains its middle slice when slices are divided evenly.
 * @throws RangeError unless `index` and `of` are integers with 1 ≤ index ≤ of.
 */
export function shardPlan(plan: SlicePlan, { index, of }: Shard): SlicePlan {
  if (!Number.isInteger(index) || !Number.isInteger(of) || index < 1 || index > of) {
    throw new RangeError(`There is no shard ${index} of ${of}; shards are numbered from 1.`);
  }
  let before = 0;
  const mine = plan.regions.map(({ slices }) => {
    const middle = before + slices.length / 2;
    before += slices.length;
    return Math.floor((middle * of) / plan.slices.length) === index - 1;
  });
  return subPlan(plan, ({ region }) => mine[region] === true);
}
