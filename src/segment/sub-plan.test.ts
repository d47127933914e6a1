import { describe, expect, it } from 'vitest';
import { planSlices } from './grid.ts';
import { shardPlan, subPlan } from './sub-plan.ts';

const model = {
  slice: { fieldUm: 80, sizePx: 8 },
  context: { kind: 'region', fieldUm: 400, sizePx: 8 },
} as const;
/** 13 × 11 slices in regions of 5 × 5; a hole in the tissue leaves one region with a single slice. */
const plan = subPlan(
  planSlices({ slide: { width: 1040, height: 880 }, mpp: { x: 1, y: 1 }, model }),
  ({ cell: { x, y } }) => !(x >= 400 && x < 800 && y < 400) || (x === 400 && y === 0),
);

describe('shardPlan', () => {
  it.each([1, 2, 3, 7, 9, 40])('gives every slice to exactly one of %i shards, by whole regions', (of) => {
    expect(plan.regions.map(({ slices }) => slices.length)).toEqual([25, 1, 15, 25, 25, 15, 5, 5, 3]);
    const shards = Array.from({ length: of }, (_value, i) => shardPlan(plan, { index: i + 1, of }));
    const places = shards.flatMap(({ slices }) => slices.map(({ column, row }) => `${column},${row}`));
    expect(places).toEqual(plan.slices.map(({ column, row }) => `${column},${row}`));
    expect(shards.flatMap(({ regions }) => regions.map(({ context }) => context))).toEqual(
      plan.regions.map(({ context }) => context),
    );
    // No further from an even share than half a region on either side.
    for (const { slices } of shards) expect(Math.abs(slices.length - 119 / of)).toBeLessThanOrEqual(25);
    expect(shards.filter(({ slices }) => slices.length === 0).length).toBeGreaterThanOrEqual(
      Math.max(0, of - 9),
    );
  });

  it('keeps places and contexts, and counts anew', () => {
    const shard = shardPlan(plan, { index: 2, of: 3 });
    expect(shard).toMatchObject({ columns: plan.columns, rows: plan.rows, cellPx: plan.cellPx });
    expect(shard.slices.map(({ index }) => index)).toEqual(shard.slices.map((_slice, i) => i));
    for (const { index, slices } of shard.regions) {
      for (const slice of slices) expect(shard.slices[slice]?.region).toBe(index);
    }
    for (const slice of shard.slices) {
      const same = plan.slices.find(({ column, row }) => column === slice.column && row === slice.row);
      expect(slice).toEqual({ ...same, index: slice.index, region: slice.region });
    }
  });

  it.each([
    [0, 3],
    [4, 3],
    [1.5, 3],
    [1, NaN],
  ])('refuses shard %f of %f', (index, of) => {
    expect(() => shardPlan(plan, { index, of })).toThrow(RangeError);
  });
});
