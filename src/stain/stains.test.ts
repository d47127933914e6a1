/** Compared with scikit-image and NumPy: scripts/golden/stains.py. */
import { readFileSync } from 'node:fs';
import sharp from 'sharp';
import { beforeAll, describe, expect, it } from 'vitest';
import { Deconvolution, StainPainter } from './deconvolve.ts';
import { estimateStains, stainOfArea } from './estimate-stains.ts';
import {
  bins,
  checkThresholds,
  defaultThresholds,
  gradeOf,
  scoreOf,
  StainCounter,
  type Thresholds,
} from './h-score.ts';
import { pureWhite, whiteOfGlass } from './optical-density.ts';
import { StainError } from './stain-error.ts';
import { parseStains, stainText } from './stain-text.ts';
import { angleBetween, stainPresets, unmixMatrix, type StainSet, type StainVector } from './stain-vectors.ts';

type Matrix = [StainVector, StainVector, StainVector];

const golden = JSON.parse(readFileSync(new URL('./golden/stains.json', import.meta.url), 'utf8')) as {
  hdx: Matrix;
  hed: Matrix;
  made: { width: number; known: number[]; rgb: number[]; amounts: number[] };
  crop: {
    png: string;
    step: number;
    hed: number[];
    hdx: number[];
    thresholds: Thresholds;
    grades: number[];
    macenko: StainVector[];
  };
};

const length = (vector: StainVector): number => Math.hypot(...vector);
const setOf = ([first, second]: readonly StainVector[]): StainSet => ({
  kind: 'own',
  first: first!,
  second: second!,
});

function toRgba(rgb: readonly number[]): Uint8ClampedArray {
  const rgba = new Uint8ClampedArray((rgb.length / 3) * 4).fill(255);
  for (const [i, value] of rgb.entries()) rgba[Math.floor(i / 3) * 4 + (i % 3)] = value;
  return rgba;
}

/** The largest difference to scikit-image, which clips amounts at 0 and does not scale vectors to length 1. */
function largestDifference(
  rgba: Uint8ClampedArray,
  matrix: Matrix,
  theirs: number[],
  third: boolean,
): number {
  const separation = { stains: setOf(matrix), white: pureWhite };
  const deconvolution = new Deconvolution(separation, third ? matrix[2] : undefined);
  let most = 0;
  for (const stain of [0, 1, 2] as const) {
    const ours = deconvolution.amounts(rgba, stain);
    for (const [pixel, amount] of ours.entries()) {
      const expected = theirs[3 * pixel + stain]! * length(matrix[stain]);
      most = Math.max(most, Math.abs(Math.max(0, amount) - expected));
    }
  }
  return most;
}

let crop: Uint8ClampedArray;
let few: Uint8ClampedArray;
beforeAll(async () => {
  const path = new URL(`../slide/golden/${golden.crop.png}`, import.meta.url).pathname;
  const { data, info } = await sharp(path).ensureAlpha().raw().toBuffer({ resolveWithObject: true });
  crop = new Uint8ClampedArray(data);
  const { step } = golden.crop;
  const kept: number[] = [];
  for (let y = 0; y < info.height; y += step) {
    for (let x = 0; x < info.width; x += step) {
      const at = 4 * (y * info.width + x);
      kept.push(...crop.subarray(at, at + 3));
    }
  }
  few = toRgba(kept);
});

describe('against scikit-image', () => {
  it('a made H-DAB picture has the same amounts to 0.0001, and the known ones to the step of 8 bits', () => {
    const { rgb, amounts, known } = golden.made;
    const rgba = toRgba(rgb);
    expect(largestDifference(rgba, golden.hdx, amounts, false)).toBeLessThan(1e-4);
    const deconvolution = new Deconvolution({ stains: setOf(golden.hdx), white: pureWhite });
    for (const stain of [0, 1] as const) {
      const ours = deconvolution.amounts(rgba, stain);
      for (const [pixel, amount] of ours.entries()) {
        // Dark pixels have few grey values: a step of one is 0.4 % of light at white, and 10 % at 4.
        const darkest = Math.min(...rgb.slice(3 * pixel, 3 * pixel + 3));
        const step = Math.log10((darkest + 0.5) / Math.max(0.5, darkest - 0.5));
        const truth = known[2 * pixel + stain]! * length(golden.hdx[stain]);
        expect(Math.abs(amount - truth)).toBeLessThan(2 * step);
      }
    }
  });

  it('a real H&E crop has the same amounts to 0.0001: H, E and DAB, and H, DAB and residual', () => {
    expect(largestDifference(few, golden.hed, golden.crop.hed, true)).toBeLessThan(1e-4);
    expect(largestDifference(few, golden.hdx, golden.crop.hdx, false)).toBeLessThan(1e-4);
  });

  it('the shares of weak, moderate and strong stain agree to 0.0002', () => {
    const counter = new StainCounter();
    const deconvolution = new Deconvolution({ stains: setOf(golden.hdx), white: pureWhite });
    counter.add(deconvolution.amounts(crop, 1), null);
    const score = scoreOf(counter.histogram(), golden.crop.thresholds)!;
    const [, weak, moderate, strong] = golden.crop.grades as [number, number, number, number];
    expect(score.pixels).toBe(crop.length / 4);
    expect(Math.abs(score.weak - weak)).toBeLessThan(2e-4);
    expect(Math.abs(score.moderate - moderate)).toBeLessThan(2e-4);
    expect(Math.abs(score.strong - strong)).toBeLessThan(2e-4);
    expect(score.hScore).toBeCloseTo(100 * (weak + 2 * moderate + 3 * strong), 1);
  });

  it('Macenko’s stains of the crop agree with NumPy to a tenth of a degree', () => {
    const { first, second } = estimateStains(crop, pureWhite);
    expect(angleBetween(first, golden.crop.macenko[0]!)).toBeLessThan(0.1);
    expect(angleBetween(second, golden.crop.macenko[1]!)).toBeLessThan(0.1);
  });
});

describe('stains', () => {
  it('are refused where they can’t be told apart, or are none', () => {
    const code = (action: () => unknown): string => {
      try {
        action();
      } catch (error) {
        if (error instanceof StainError) return error.code;
        throw error;
      }
      return 'none';
    };
    expect(code(() => unmixMatrix([0.65, 0.7, 0.29], [1.3, 1.4, 0.58]))).toBe('parallel');
    expect(code(() => unmixMatrix([1, 0, 0], [0, 1, 0], [1, 1, 0]))).toBe('parallel');
    expect(code(() => unmixMatrix([0, 0, 0], [0, 1, 0]))).toBe('vector');
    expect(code(() => unmixMatrix([-0.1, 1, 0], [0, 1, 0]))).toBe('vector');
    expect(code(() => unmixMatrix([NaN, 1, 0], [0, 1, 0]))).toBe('vector');
    expect(code(() => new Deconvolution({ stains: stainPresets.he, white: [20, 255, 255] }))).toBe(
      'white-level',
    );
    expect(code(() => estimateStains(new Uint8ClampedArray(4000).fill(255), pureWhite))).toBe(
      'too-few-pixels',
    );
    // One stain alone spans no plane.
    const alone = toRgba(Array.from({ length: 300 }, () => [200, 150, 100]).flat());
    expect(code(() => estimateStains(alone, pureWhite))).toBe('parallel');
    for (const text of ['', 'he,hdab', '1,2;3,4', '1,0,0;0,1,0;0,0,1', '1,,0;0,1,0', 'x'.repeat(9999)]) {
      expect(code(() => parseStains(text))).toBe('vector');
    }
  });

  it('as text come back', () => {
    expect(parseStains('HDAB')).toBe(stainPresets.hdab);
    expect(stainText(stainPresets.he)).toBe('he');
    const own = parseStains('0.65,0.7,0.29; 0.27,0.57,0.78');
    expect(parseStains(stainText(own)).first[0]).toBeCloseTo(own.first[0], 4);
  });

  it('of an area are its mean colour', () => {
    // Half light passes red, all passes green and blue: the stain is (1, 0, 0).
    const area = toRgba(
      Array.from({ length: 200 }, (_, i) => (i < 150 ? [128, 255, 255] : [255, 10, 255])).flat(),
    );
    const isInside = Uint8Array.from({ length: 200 }, (_, i) => (i < 150 ? 1 : 0));
    expect(stainOfArea(area, pureWhite, isInside)).toEqual([1, 0, 0]);
    expect(() => stainOfArea(area, pureWhite, new Uint8Array(200))).toThrow(/Only 0 pixels/);
  });

  it('a picture of one stain is white without it, darker with more, and grey at half scale', () => {
    const separation = { stains: stainPresets.hdab, white: pureWhite };
    const painter = new StainPainter(separation, 1, { look: 'grey', fullScale: 1.5 });
    const dabOf = (amount: number): number[] =>
      [0.268, 0.57, 0.776].map((value) => Math.round(255 * 10 ** ((-amount * value) / 1)));
    const painted = painter.paint(toRgba([255, 255, 255, ...dabOf(0.75), ...dabOf(2)]));
    expect([...painted.subarray(0, 4)]).toEqual([255, 255, 255, 255]);
    expect(Math.abs(painted[4]! - 127)).toBeLessThan(3);
    expect(painted[8]).toBeLessThan(3);
    const coloured = new StainPainter(separation, 1, { look: 'colour', fullScale: 1.5 });
    const same = coloured.paint(toRgba(dabOf(0.75)));
    for (const [i, value] of dabOf(0.75).entries()) expect(Math.abs(same[i]! - value)).toBeLessThan(3);
  });
});

describe('thresholds', () => {
  it('rise, and are rounded to the width of a bin', () => {
    expect(checkThresholds([0.204, 0.4, 0.6])).toEqual([0.2, 0.4, 0.6]);
    for (const wrong of [
      [0.4, 0.2, 0.6],
      [0, 0.1, 0.2],
      [0.1, 0.101, 0.2],
      [0.1, 0.2],
      [0.1, 0.2, NaN],
      [1, 2, 3.5],
    ]) {
      expect(() => checkThresholds(wrong)).toThrow(StainError);
    }
  });

  it('give an H-score worked by hand, and a threshold itself is above itself', () => {
    const counter = new StainCounter();
    // Ten pixels: one left out, two negative, one weak, two moderate, four strong.
    const amounts = Float32Array.of(9, -0.4, 0.199, 0.2, 0.4, 0.5, 0.6, 0.7, 2.9, 4);
    counter.add(amounts, Uint8Array.of(0, 1, 1, 1, 1, 1, 1, 1, 1, 1));
    const score = scoreOf(counter.histogram(), defaultThresholds)!;
    expect(score.pixels).toBe(9);
    expect(score.weak).toBeCloseTo(1 / 9);
    expect(score.moderate).toBeCloseTo(2 / 9);
    expect(score.strong).toBeCloseTo(4 / 9);
    expect(score.positive).toBeCloseTo(7 / 9);
    expect(score.hScore).toBeCloseTo((100 * (1 + 2 * 2 + 3 * 4)) / 9);
    expect([...amounts.subarray(1)].map((amount) => gradeOf(amount, defaultThresholds))).toEqual([
      0, 0, 1, 2, 2, 3, 3, 3, 3,
    ]);
    expect(scoreOf(new StainCounter().histogram(), defaultThresholds)).toBeNull();
    expect(counter.histogram().counts).toHaveLength(bins);
  });
});

it('white is the median of scanned glass: neither padding nor tissue nor black counts', () => {
  const glass = Array.from({ length: 20 }, (_, i) => [240 + (i % 3), 235, 230]).flat();
  const padding = Array.from({ length: 80 }, () => [255, 255, 255]).flat();
  const rgba = toRgba([...glass, ...padding, 0, 0, 0, 150, 120, 200]);
  const isGlass = new Uint8Array(102).fill(1);
  isGlass[101] = 0;
  expect(whiteOfGlass(rgba, isGlass)).toEqual([241, 235, 230]);
  expect(whiteOfGlass(toRgba(padding), new Uint8Array(80).fill(1))).toEqual(pureWhite);
  expect(whiteOfGlass(toRgba(glass), new Uint8Array(20))).toBeNull();
});
