/** Part of a plan as a plan of its own. Pure. */
import type { PlannedSlice, SlicePlan } from './grid.ts';

/**
 * The plan without the slices for which `keep` is false, and without regions that lose all of theirs. Lattice, contexts and
 * the order of work stay as they are; indices are those of the new plan.
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
