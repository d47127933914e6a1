import { describe, expect, it } from 'vitest';
import type { PlannedSlice } from './grid.ts';
import { planSlices } from './grid.ts';
import { SliceQueue } from './queue.ts';

/** 10 × 10 slices of 100 px in 2 × 2 regions of 5 × 5. */
const plan = planSlices({
  slide: { width: 1000, height: 1000 },
  mpp: { x: 1, y: 1 },
  model: {
    slice: { fieldUm: 100, sizePx: 10 },
    context: { kind: 'region', fieldUm: 500, sizePx: 10 },
  },
});

function drain(queue: SliceQueue, limit = Infinity): PlannedSlice[] {
  const taken: PlannedSlice[] = [];
  while (taken.length < limit) {
    const [next] = queue.peek(1);
    if (next === undefined) break;
    queue.take(next);
    taken.push(next);
  }
  return taken;
}

/** How often the order changes from one region to another, plus one: contexts encoded without a cache. */
function regionRuns(slices: readonly PlannedSlice[]): number {
  return slices.filter((slice, i) => slices[i - 1]?.region !== slice.region).length;
}

describe('slice queue', () => {
  it('gives every slice once, region by region', () => {
    const order = drain(new SliceQueue(plan));
    expect(order.map(({ index }) => index)).toEqual(plan.slices.map(({ index }) => index));
    expect(regionRuns(order)).toBe(4);
  });

  it('puts visible slices first', () => {
    const queue = new SliceQueue(plan);
    queue.setView({ x: 610, y: 610, width: 180, height: 80 });
    expect(drain(queue, 2).map(({ column, row }) => [column, row])).toEqual([
      [6, 6],
      [7, 6],
    ]);
  });

  it('then finishes the region that shows, then the regions near the view, then the rest', () => {
    const queue = new SliceQueue(plan);
    queue.setView({ x: 610, y: 510, width: 80, height: 80 });
    // View in region 3 (right, bottom); one view's width around it reaches region 1 above, no other.
    const regions = drain(queue).map(({ region }) => region);
    expect(regions.slice(0, 25)).toEqual(Array<number>(25).fill(3));
    expect(regions.slice(25, 50)).toEqual(Array<number>(25).fill(1));
  });

  it('shows the visible slices of several regions before the rest of any', () => {
    const queue = new SliceQueue(plan);
    queue.setView({ x: 420, y: 420, width: 160, height: 160 });
    const order = drain(queue);
    expect(new Set(order.slice(0, 4).map(({ column, row }) => `${column},${row}`))).toEqual(
      new Set(['4,4', '5,4', '4,5', '5,5']),
    );
    // Four visits for the visible slices; after that, each region once.
    expect(regionRuns(order.slice(4))).toBe(4);
  });

  it('does whole regions when more are visible than contexts can be kept', () => {
    const queue = new SliceQueue(plan, { keptRegions: 3 });
    queue.setView({ x: 420, y: 420, width: 160, height: 160 });
    expect(regionRuns(drain(queue))).toBe(4);
  });

  it('re-orders when the view moves', () => {
    const queue = new SliceQueue(plan);
    queue.setView({ x: 0, y: 0, width: 90, height: 90 });
    expect(drain(queue, 1)[0]).toMatchObject({ column: 0, row: 0 });
    queue.setView({ x: 900, y: 900, width: 90, height: 90 });
    expect(drain(queue, 1)[0]).toMatchObject({ column: 9, row: 9 });
    queue.setView(null);
    // Begun regions come first again.
    expect(new Set(drain(queue, 48).map(({ region }) => region))).toEqual(new Set([0, 3]));
  });

  it('peeks without taking', () => {
    const queue = new SliceQueue(plan);
    expect(queue.peek(3).map(({ index }) => index)).toEqual([0, 1, 2]);
    expect(queue.length).toBe(100);
    queue.take(plan.slices[1]!);
    expect(queue.peek(3).map(({ index }) => index)).toEqual([0, 2, 3]);
    expect(() => queue.take(plan.slices[1]!)).toThrow('not in the queue');
  });
});
