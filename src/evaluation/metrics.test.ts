import { describe, expect, it } from 'vitest';
import { addPixels, createConfusionMatrix, toRows } from './confusion-matrix.ts';
import { bachScore, iouPerClass, metricsOf } from './metrics.ts';
import { metricsTable } from './metrics-table.ts';

function matrixOf(truth: number[], predicted: number[], classes = 4) {
  const matrix = createConfusionMatrix(classes);
  addPixels(matrix, Uint8Array.from(truth), Uint8Array.from(predicted));
  return matrix;
}

// Eight pixels, worked by hand in the comments below.
const truth = [0, 0, 1, 1, 2, 3, 3, 3];
const predicted = [0, 1, 1, 2, 2, 3, 0, 3];

describe('confusion matrix', () => {
  it('counts truth in rows and prediction in columns', () => {
    expect(toRows(matrixOf(truth, predicted))).toEqual([
      [1, 1, 0, 0],
      [0, 1, 1, 0],
      [0, 0, 1, 0],
      [1, 0, 0, 2],
    ]);
  });

  it('pools what is added, and skips masked pixels', () => {
    const matrix = createConfusionMatrix(2);
    addPixels(matrix, Uint8Array.of(0, 1), Uint8Array.of(0, 0));
    addPixels(matrix, Uint8Array.of(0, 1, 1), Uint8Array.of(1, 1, 1), Uint8Array.of(1, 1, 0));
    expect(toRows(matrix)).toEqual([
      [1, 1],
      [1, 1],
    ]);
  });

  it('rejects unequal lengths and invalid class values, and adds nothing then', () => {
    const matrix = createConfusionMatrix(2);
    expect(() => addPixels(matrix, Uint8Array.of(0), Uint8Array.of(0, 1))).toThrow(RangeError);
    expect(() => addPixels(matrix, Uint8Array.of(0, 2), Uint8Array.of(0, 1))).toThrow('class 2 of 2');
    expect(metricsOf(matrix).pixels).toBe(0);
    expect(() => createConfusionMatrix(1)).toThrow(RangeError);
  });
});

describe('IoU', () => {
  it('equals the hand-worked intersections over unions', () => {
    // 0: 1 of {0,1,6} = 1/3.  1: 1 of {1,2,3} = 1/3.  2: 1 of {3,4} = 1/2.  3: 2 of {5,6,7} = 2/3.
    const iou = iouPerClass(matrixOf(truth, predicted));
    [1 / 3, 1 / 3, 1 / 2, 2 / 3].forEach((value, label) => expect(iou[label]).toBeCloseTo(value, 12));
    // Mean (1/3 + 1/3 + 1/2 + 2/3) / 4 = 11/24; five of eight right.
    const metrics = metricsOf(matrixOf(truth, predicted));
    expect(metrics.miou).toBeCloseTo(11 / 24, 12);
    expect(metrics.accuracy).toBeCloseTo(5 / 8, 12);
    expect(metrics.pixels).toBe(8);
  });

  it('skips classes that occur nowhere, but counts one that is only predicted', () => {
    const metrics = metricsOf(matrixOf([0, 0, 0], [0, 0, 2]));
    expect(metrics.iou).toEqual([2 / 3, null, 0, null]);
    expect(metrics.miou).toBeCloseTo(1 / 3, 12);
  });

  it('is null without pixels', () => {
    expect(metricsOf(createConfusionMatrix(4))).toEqual({
      iou: [null, null, null, null],
      miou: null,
      accuracy: null,
      score: null,
      pixels: 0,
    });
  });
});

describe('BACH score', () => {
  it('equals the hand-worked sum', () => {
    // Pixel 0 is normal in both: dropped. |pred − gt|: 1, 0, 1, 0, 0, 3, 0 = 5.
    // max(gt, 3 − gt): 3, 2, 2, 2, 3, 3, 3 = 18.
    expect(bachScore(matrixOf(truth, predicted))).toBeCloseTo(1 - 5 / 18, 12);
  });

  it('is 1 for a perfect and 0 for the worst prediction', () => {
    expect(bachScore(matrixOf([0, 1, 2, 3], [0, 1, 2, 3]))).toBe(1);
    expect(bachScore(matrixOf([0, 1, 2, 3], [3, 3, 0, 0]))).toBe(0);
  });

  it('takes signed differences: an overestimate costs as much as an underestimate', () => {
    expect(bachScore(matrixOf([1], [2]))).toBeCloseTo(0.5, 12);
    expect(bachScore(matrixOf([2], [1]))).toBeCloseTo(0.5, 12);
    expect(bachScore(matrixOf([3], [1]))).toBeCloseTo(1 / 3, 12);
  });

  it('drops pixels that are normal in both, but not those that are normal in one', () => {
    // |1 − 2| of max(1, 2) and |3 − 3| of 3: 1 − 1/5, however much normal tissue there is.
    const tumour = bachScore(matrixOf([1, 3], [2, 3]));
    expect(tumour).toBeCloseTo(0.8, 12);
    expect(
      bachScore(
        matrixOf([1, 3, ...new Array<number>(999).fill(0)], [2, 3, ...new Array<number>(999).fill(0)]),
      ),
    ).toBe(tumour);
    // Normal predicted as benign: |1 − 0| of max(0, 3); benign predicted as normal: |0 − 1| of max(1, 2).
    expect(bachScore(matrixOf([0], [1]))).toBeCloseTo(2 / 3, 12);
    expect(bachScore(matrixOf([1], [0]))).toBeCloseTo(1 / 2, 12);
  });

  it('equals the published formula, pixel by pixel', () => {
    const labels = Array.from({ length: 64 }, (_, i) => [i % 4, Math.floor(i / 7) % 4] as const);
    let distance = 0;
    let worst = 0;
    for (const [gt, pred] of labels) {
      const bin = (label: number): number => Number(label > 0);
      distance += Math.abs(pred - gt);
      worst += Math.max(gt, 3 - gt) * (1 - (1 - bin(pred)) * (1 - bin(gt)));
    }
    const [gts, preds] = [labels.map(([gt]) => gt), labels.map(([, pred]) => pred)];
    expect(bachScore(matrixOf(gts, preds))).toBeCloseTo(1 - distance / worst, 12);
  });

  it('is null where it is undefined', () => {
    expect(bachScore(matrixOf([0, 0], [0, 0]))).toBeNull();
    expect(bachScore(matrixOf([0, 1], [0, 1], 2))).toBeNull();
  });
});

describe('table', () => {
  it('shows shares of the true class and the figures', () => {
    const table = metricsTable(matrixOf(truth, predicted), ['normal', 'benign', 'in situ', 'invasive']);
    const lines = table.split('\n').map((line) => line.trim().replace(/ {2,}/g, ' | '));
    expect(lines[0]).toBe('truth \\ predicted | normal | benign | in situ | invasive | pixels | IoU');
    expect(lines[2]).toBe('normal | 50.0 % | 50.0 % | 0.0 % | 0.0 % | 2 | 0.3333');
    expect(lines[5]).toBe('invasive | 33.3 % | 0.0 % | 0.0 % | 66.7 % | 3 | 0.6667');
    expect(lines.at(-1)).toBe('mIoU 0.4583 | accuracy 0.6250 | BACH score 0.7222 | 8 pixels');
  });
});
