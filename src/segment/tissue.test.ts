import { describe, expect, it } from 'vitest';
import type { InputImage } from '../runtime/segmenter.ts';
import { SliceQueue } from './queue.ts';
import { planSlices } from './grid.ts';
import { subPlan } from './sub-plan.ts';
import { detectTissue, hasTissue, otsuThreshold, saturation, tissueShare } from './tissue.ts';

/** Numbers from 0 to 96 of a linear congruential generator. */
function histogramOf(seed: number, weigh: (count: number, value: number) => number): number[] {
  let state = BigInt(seed);
  return Array.from({ length: 256 }, (_value, i) => {
    state = (state * 1103515245n + 12345n) % 2147483648n;
    return weigh(Number((state >> 16n) % 97n), i);
  });
}

/** 60 × 40: glass, with a stained disc, a grey fold, a speck of dust and a black corner. */
function picture(): InputImage {
  const width = 60;
  const height = 40;
  const data = new Uint8ClampedArray(width * height * 4);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      let colour = [243, 241, 244];
      if ((x - 20) ** 2 + (y - 20) ** 2 < 100) colour = [200, 120, 180];
      if (x >= 45 && x < 52 && y >= 5 && y < 35) colour = [90, 88, 90];
      if (x === 40 && y === 3) colour = [255, 0, 0];
      if (x > 55 && y > 35) colour = [0, 0, 0];
      data.set([...colour, 255], 4 * (y * width + x));
    }
  }
  return { width, height, data };
}

describe('tissue', () => {
  it("finds Otsu's threshold as an exact search for the least variance within classes does", () => {
    // Figures of a search in fractions, written in another language.
    expect(otsuThreshold(histogramOf(1, (count) => count))).toBe(134);
    expect(otsuThreshold(histogramOf(2, (count, i) => (i < 12 ? 20 * count : count)))).toBe(102);
    expect(otsuThreshold(histogramOf(3, (count, i) => (i < 40 || i > 200 ? count : 0)))).toBe(39);
    expect(otsuThreshold([0, 7, 0])).toBe(0);
  });

  it('measures saturation as HSV does', () => {
    expect(saturation(0, 0, 0)).toBe(0);
    expect(saturation(255, 255, 255)).toBe(0);
    expect(saturation(200, 100, 150)).toBe(128);
    expect(saturation(10, 0, 10)).toBe(255);
  });

  it('takes stain and dark folds, not glass, dust or the black filling of a scanner', () => {
    const mask = detectTissue(picture(), { x: 100, y: 100 }, { width: 5960, height: 4000 });
    const at = (x: number, y: number): number => mask.tissue[y * mask.width + x]!;
    expect([mask.width, mask.height]).toEqual([60, 40]);
    expect([at(20, 20), at(20, 12), at(48, 20)]).toEqual([1, 1, 1]);
    expect([at(2, 2), at(20, 35), at(40, 3), at(58, 38)]).toEqual([0, 0, 0, 0]);
    // The disc has 305 pixels of 2400, by counting.
    expect(tissueShare(mask, { x: 0, y: 0, width: 4000, height: 4000 })).toBeCloseTo(305 / 1600, 2);
    expect(hasTissue(mask, { x: 2000, y: 1000, width: 500, height: 500 })).toBe(true);
    expect(hasTissue(mask, { x: 0, y: 3000, width: 900, height: 900 })).toBe(false);
    // Smaller than a pixel of the mask, and over the slide's end.
    expect(tissueShare(mask, { x: 2010, y: 2010, width: 5, height: 5 })).toBe(1);
    expect(tissueShare(mask, { x: 5950, y: 3990, width: 500, height: 500 })).toBe(0);
  });

  it('calls everything tissue on a slide that is full of it', () => {
    const image = picture();
    for (let i = 0; i < image.data.length; i += 4) {
      image.data.set(i % 8 === 0 ? [200, 120, 180, 255] : [160, 130, 150, 255], i);
    }
    const mask = detectTissue(image, { x: 1, y: 1 }, { width: 60, height: 40 });
    expect(mask.threshold).toBe(20);
    expect(tissueShare(mask, { x: 0, y: 0, width: 60, height: 40 })).toBe(1);
  });

  it('finds none on glass alone', () => {
    const image = picture();
    for (let i = 0; i < image.data.length; i += 4) image.data.set([244, 242 + ((i / 4) % 3), 245, 255], i);
    const mask = detectTissue(image, { x: 1, y: 1 }, { width: 60, height: 40 });
    expect(mask.tissue.includes(1)).toBe(false);
  });
});

describe('tissue in plan and queue', () => {
  const model = {
    slice: { fieldUm: 100, sizePx: 10 },
    context: { kind: 'region', fieldUm: 200, sizePx: 10 },
  } as const;
  const slide = { width: 800, height: 400 };
  const mpp = { x: 1, y: 1 };

  it('keeps no region without slices', () => {
    const plan = subPlan(planSlices({ slide, mpp, model }), ({ cell }) => cell.x >= 500);
    expect(plan.slices.length).toBe(12);
    expect(plan.regions.map(({ slices }) => slices.length)).toEqual([2, 4, 2, 4]);
    for (const [index, region] of plan.regions.entries()) {
      expect(region.index).toBe(index);
      for (const slice of region.slices) expect(plan.slices[slice]!.region).toBe(index);
    }
    expect(plan.slices.every(({ sliceInContext: at }) => at!.x >= 0 && at!.x <= 0.5)).toBe(true);
  });

  it('does regions that hold tissue before the rest, and what is near the view before both', () => {
    const plan = planSlices({ slide, mpp, model });
    const queue = new SliceQueue(plan, { isTissue: ({ cell }) => cell.x >= 700 && cell.y < 100 });
    const drain = (count: number): string[] => {
      const taken: string[] = [];
      for (let i = 0; i < count; i++) {
        const [slice] = queue.peek(1);
        queue.take(slice!);
        taken.push(`${slice!.column},${slice!.row}`);
      }
      return taken;
    };
    expect(drain(5)).toEqual(['6,0', '7,0', '6,1', '7,1', '0,0']);
    queue.setView({ x: 0, y: 310, width: 80, height: 80 });
    expect(drain(2)).toEqual(['0,3', '0,2']);
  });

  it('gives a slice back that was put back', () => {
    const plan = planSlices({ slide, mpp, model });
    const queue = new SliceQueue(plan);
    const [slice] = queue.peek(1);
    queue.take(slice!);
    queue.requeue(slice!);
    expect(queue.length).toBe(32);
    expect(queue.peek(1)).toEqual([slice]);
  });
});
