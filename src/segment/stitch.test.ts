import { describe, expect, it } from 'vitest';
import type { SliceMaps } from '../runtime/segmenter.ts';
import { ClassMap, noClass } from './class-map.ts';
import type { SlicePlan } from './grid.ts';
import { planSlices } from './grid.ts';
import type { Cell } from './run-progress.ts';
import { Stitcher } from './stitch.ts';

const depth = 3;
const mpp = { x: 1, y: 1 };

function planOf(sizePx: number, overlap: number, columns: number, rows: number): SlicePlan {
  const model = { slice: { fieldUm: sizePx * 2, sizePx }, context: null };
  const { cellWidth, cellHeight } = planSlices({ slide: { width: 1, height: 1 }, mpp, model, overlap });
  return planSlices({
    slide: { width: columns * cellWidth - 0.5, height: rows * cellHeight - 0.5 },
    mpp,
    model,
    overlap,
  });
}

/** A number from 0 to 255 that only its arguments decide. */
function noise(...values: readonly number[]): number {
  let hash = 2166136261;
  for (const value of values) hash = Math.imul(hash ^ (value + 17), 16777619);
  return ((hash ^ (hash >>> 15)) >>> 3) & 255;
}

/** Each slice has an opinion of its own on every pixel. */
function mapsOf(plan: SlicePlan, index: number): SliceMaps {
  const { sizePx } = plan;
  const logProbabilities = new Uint8Array(sizePx * sizePx * depth);
  const classes = new Uint8Array(sizePx * sizePx);
  const confidence = new Uint8Array(sizePx * sizePx);
  for (let pixel = 0; pixel < classes.length; pixel++) {
    const shares = [0, 1, 2].map((value) => noise(index, pixel, value));
    logProbabilities.set(shares, pixel * depth);
    const best = Math.max(...shares);
    classes[pixel] = shares.indexOf(best);
    confidence[pixel] = best;
  }
  return { size: sizePx, classes, confidence, logProbabilities };
}

function stitch(plan: SlicePlan, order: readonly number[], without: readonly number[] = []): Cell[] {
  const stitcher = new Stitcher(plan);
  const cells: Cell[] = [];
  for (const index of order) {
    const slice = plan.slices[index]!;
    cells.push(
      ...(without.includes(index) ? stitcher.skip(slice) : stitcher.add(slice, mapsOf(plan, index))),
    );
  }
  expect(stitcher.pendingBytes).toBe(0);
  return cells;
}

/**
 * The definition, pixel by pixel and in floating point: distance from the slice's edge gives a tent that is
 * flat in the middle, one at every place over all slices.
 */
function expected(plan: SlicePlan, x: number, y: number, without: readonly number[] = []) {
  const { sizePx, marginPx, cellPx } = plan;
  const sums = [0, 0, 0];
  let weights = 0;
  let alone = 0;
  const tent = (at: number): number => {
    const t = 2 * Math.min(1, (at + 0.5) / (2 * marginPx), (sizePx - at - 0.5) / (2 * marginPx)) - 1;
    return (1 + 0.6 * t + 1.3 * t ** 3 - 0.9 * t ** 5) / 2;
  };
  for (const { index, column, row } of plan.slices) {
    const i = x - (column * cellPx - marginPx);
    const j = y - (row * cellPx - marginPx);
    if (without.includes(index) || i < 0 || j < 0 || i >= sizePx || j >= sizePx) continue;
    const weight = tent(i) * tent(j);
    weights += weight;
    alone++;
    for (let value = 0; value < depth; value++) {
      sums[value] = sums[value]! - weight * (255 - noise(index, j * sizePx + i, value)) ** 2;
    }
  }
  const shares = sums.map((sum) => sum / weights);
  const best = Math.max(...shares);
  // 255 steps below are 32 nats, and distances go with the square of the steps.
  const total = shares.reduce((sum, share) => sum + Math.exp((32 * (share - best)) / 255 ** 2), 0);
  return { shares, best, confidence: 255 / total, alone };
}

function shuffled(count: number, seed: number): number[] {
  return Array.from({ length: count }, (_value, i) => i).sort(
    (a, b) => noise(seed, a) - noise(seed, b) || a - b,
  );
}

describe('stitcher', () => {
  it.each([
    [16, 0.25],
    [16, 0.5],
    [15, 0.5],
    [16, 0.125],
  ])('blends slices of %i pixels with an overlap of %f as defined', (sizePx, overlap) => {
    const plan = planOf(sizePx, overlap, 4, 3);
    const map = new ClassMap(plan);
    for (const cell of stitch(plan, shuffled(12, 1))) map.put(cell);
    expect(map.size).toBe(12);
    const { classes, confidence } = map.read(map.extent, map.width, map.height);
    for (let y = 0; y < map.height; y++) {
      for (let x = 0; x < map.width; x++) {
        const { shares, best, confidence: certain, alone } = expected(plan, x, y);
        const at = y * map.width + x;
        // Weights are rounded to a thousandth; this much is a hundredth of a nat.
        expect(best - shares[classes[at]!]!).toBeLessThan(20);
        // What one slice says alone, it says itself. Differences are rounded to 1/128 nat.
        if (alone > 1) expect(Math.abs(confidence[at]! - certain)).toBeLessThan(1.6);
        else expect(confidence[at]).toBeCloseTo(255 - Math.sqrt(-best), 9);
      }
    }
  });

  it('gives the same bytes in whatever order slices come, each cell once', () => {
    const plan = planOf(16, 0.25, 5, 4);
    const sorted = (cells: Cell[]) => [...cells].sort((a, b) => a.row - b.row || a.column - b.column);
    const inOrder = stitch(
      plan,
      shuffled(20, 0).sort((a, b) => a - b),
      [7],
    );
    expect(inOrder.length).toBe(19);
    for (let seed = 2; seed < 8; seed++) {
      expect(sorted(stitch(plan, shuffled(20, seed), [7]))).toEqual(sorted(inOrder));
    }
  });

  it('does not wait for a broken slice, and takes what its neighbours say', () => {
    const plan = planOf(16, 0.25, 3, 3);
    const middle = plan.slices.find(({ column, row }) => column === 1 && row === 1)!.index;
    const map = new ClassMap(plan);
    for (const cell of stitch(plan, shuffled(9, 3), [middle])) map.put(cell);
    expect(map.size).toBe(8);
    const { classes } = map.read(map.extent, map.width, map.height);
    for (let y = 0; y < map.height; y++) {
      for (let x = 0; x < map.width; x++) {
        const value = classes[y * map.width + x]!;
        const inMiddle = Math.floor(x / plan.cellPx) === 1 && Math.floor(y / plan.cellPx) === 1;
        expect(value === noClass).toBe(inMiddle);
        if (inMiddle) continue;
        const { shares, best } = expected(plan, x, y, [middle]);
        expect(shares[value]).toBeCloseTo(best, 9);
      }
    }
  });

  it('hands a cell on when the last slice that overlaps it has come, and keeps no more than its border', () => {
    const plan = planOf(32, 0.25, 40, 40);
    const stitcher = new Stitcher(plan);
    const rowByRow = [...plan.slices].sort((a, b) => a.row - b.row || a.column - b.column);
    const maps = mapsOf(plan, 0);
    let most = 0;
    let cells = 0;
    for (const slice of rowByRow) {
      const finished = stitcher.add(slice, maps).length;
      cells += finished;
      if (slice.row === 0) expect(finished).toBe(0);
      if (slice.row === 1 && slice.column === 1) expect(finished).toBe(1);
      most = Math.max(most, stitcher.pendingBytes);
    }
    expect(cells).toBe(1600);
    expect(stitcher.pendingBytes).toBe(0);
    // One row of 40 cells with its bands, not all 40 rows.
    expect(most).toBeLessThan(2 * 40 * 32 * 32 * (2 + depth));
  });

  it('blends what there is when the run ends early', () => {
    const plan = planOf(16, 0.25, 3, 1);
    const stitcher = new Stitcher(plan);
    expect(stitcher.add(plan.slices[0]!, mapsOf(plan, 0))).toEqual([]);
    const [cell, ...others] = stitcher.flush();
    expect(others).toEqual([]);
    expect(cell!.rect).toEqual(plan.slices[0]!.cell);
    // Alone, the slice has its own classes everywhere.
    const { classes } = mapsOf(plan, 0);
    const { sizePx, marginPx, cellPx } = plan;
    for (let y = 0; y < cellPx; y++) {
      for (let x = 0; x < cellPx; x++) {
        expect(cell!.classes[y * cellPx + x]).toBe(classes[(y + marginPx) * sizePx + x + marginPx]);
      }
    }
    expect(stitcher.pendingBytes).toBe(0);
  });

  it('passes slices through without overlap, and refuses overlap without log-probabilities', () => {
    const plain = planOf(16, 0, 2, 1);
    const stitcher = new Stitcher(plain);
    expect(stitcher.blends).toBe(false);
    const { logProbabilities: _left, ...maps } = mapsOf(plain, 1);
    expect(stitcher.add(plain.slices[1]!, maps)).toEqual([
      {
        column: 1,
        row: 0,
        rect: plain.slices[1]!.cell,
        size: 16,
        classes: maps.classes,
        confidence: maps.confidence,
      },
    ]);
    const wide = planOf(16, 0.25, 2, 1);
    expect(() => new Stitcher(wide).add(wide.slices[0]!, maps)).toThrow('no log-probabilities');
  });
});
