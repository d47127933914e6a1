import { beforeAll, describe, expect, it } from 'vitest';
import { CheckedOperations, type OperationCase } from './finite-differences.ts';

type Side = readonly [height: number, width: number];

/** Resampling is linear in the map: any step is exact. */
const step = 0.5;

function resized([h, w]: Side, [height, width]: Side): OperationCase {
  return {
    inputs: [{ shape: [2, h, w, 3] }],
    compute: (ops, [x]) => ops.resizeBilinear(x!, height, width),
    step,
  };
}

function cropped([h, w]: Side, [height, width]: Side, boxes: readonly (readonly number[])[]): OperationCase {
  return {
    inputs: [
      { shape: [boxes.length, h, w, 2] },
      { kind: 'boxes', shape: [boxes.length, 1, 1, 4], values: boxes.flat() },
    ],
    compute: (ops, [x, at]) => ops.cropResize(x!, at!, height, width),
    step,
  };
}

const boxes = [
  [0.1, 0.2, 0.7, 0.9],
  [0.3, 0.05, 0.45, 0.15],
];

const cases: Record<string, OperationCase> = {
  'resize up': resized([4, 6], [8, 12]),
  'resize up to odd sides': resized([4, 5], [7, 13]),
  'resize down': resized([12, 8], [6, 4]),
  'resize down to odd sides': resized([11, 8], [5, 3]),
  'resize to the same size': resized([5, 4], [5, 4]),
  'resize to one pixel': resized([5, 4], [1, 1]),
  'resize from one pixel': resized([1, 1], [3, 4]),
  'resize from one row to one column': resized([1, 6], [5, 1]),
  'crop up': cropped([6, 5], [9, 8], boxes),
  'crop down': cropped([16, 15], [4, 3], boxes),
  'crop to one pixel': cropped([6, 5], [1, 1], boxes),
  'crop of one pixel': cropped([1, 1], [3, 3], boxes),
  'crop of the whole map': cropped([5, 4], [5, 4], [[0, 0, 1, 1]]),
  'crop of a mirrored box': cropped([6, 5], [4, 4], [[0.8, 0.9, 0.1, 0.2]]),
  'crop partly outside': cropped(
    [6, 7],
    [5, 6],
    [
      [-0.3, 0.2, 0.6, 1.3],
      [0.4, -0.15, 1.25, 0.5],
      [-0.2, -0.2, 1.2, 1.2],
    ],
  ),
  'crop outside': cropped(
    [6, 7],
    [5, 6],
    [
      [1.2, 0.2, 1.6, 0.7],
      [0.2, -0.9, 0.6, -0.1],
    ],
  ),
};

describe('resampling agrees with finite differences', () => {
  let checked: CheckedOperations;

  beforeAll(async () => {
    checked = await CheckedOperations.run(cases);
  });

  it.each(Object.keys(cases))('%s', (name) => {
    expect(checked.errors(name).filter(({ error }) => !(error < 1e-6))).toEqual([]);
  });
});
