import { describe, expect, it } from 'vitest';
import { cropClasses, cropRgb, reduceImage } from './crops.ts';
import type { LabelledImage } from './labelled-image.ts';
import { contextFactor } from './placement.ts';
import type { SamplingGeometry } from './sample.ts';
import { Sampler } from './sampler.ts';

/** Red is x, green is y, blue is the class: each pixel encodes its position. */
function gradientImage(width = 200, height = 160): LabelledImage {
  const rgb = new Uint8Array(width * height * 3);
  const classes = new Uint8Array(width * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const i = y * width + x;
      classes[i] = x < 100 ? 0 : 1;
      rgb.set([x, y, classes[i] * 100], i * 3);
    }
  }
  return { name: 'gradient', width, height, umPerPx: 1, weight: 1, rgb, classes };
}

const region: SamplingGeometry = {
  contextKind: 'region',
  slicePx: 20,
  contextPx: 20,
  sliceFieldUm: 20,
  contextFieldUm: 100,
};

describe('crops', () => {
  it('are white, class 0, outside the image', () => {
    const image = gradientImage();
    const rgb = cropRgb(image, -1, -2, 4);
    expect([...rgb.subarray(0, 3)]).toEqual([255, 255, 255]);
    expect([...rgb.subarray((2 * 4 + 1) * 3, (2 * 4 + 1) * 3 + 3)]).toEqual([0, 0, 0]);
    expect([...cropClasses(image, 198, 158, 4)]).toEqual([1, 1, 0, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    expect(cropRgb(image, 500, 500, 2).every((value) => value === 255)).toBe(true);
  });

  it('average areas when reduced, with white outside the image', () => {
    const rgb = Uint8Array.from([10, 0, 0, 20, 0, 0, 30, 0, 0, 40, 0, 0, 50, 0, 0, 60, 0, 0]);
    const image: LabelledImage = {
      name: '',
      width: 3,
      height: 2,
      umPerPx: 1,
      weight: 1,
      rgb,
      classes: new Uint8Array(6),
    };
    const half = reduceImage(image, 2);
    expect([half.width, half.height]).toEqual([2, 1]);
    expect([half.rgb[0], half.rgb[3]]).toEqual([
      (10 + 20 + 40 + 50) / 4,
      Math.round((30 + 60 + 255 * 2) / 4),
    ]);
  });
});

describe('Sampler', () => {
  const sampler = new Sampler([gradientImage()], region, { classWeights: [1, 1], seed: 5 });

  it('gives the same sample for the same number, and different ones for different numbers', () => {
    expect(sampler.sample(3)).toEqual(sampler.sample(3));
    expect(sampler.sample(3).slice).not.toEqual(sampler.sample(4).slice);
  });

  it('draws classes by their weights', () => {
    let ones = 0;
    for (let i = 0; i < 400; i++) if (sampler.sample(i).classes.includes(1)) ones++;
    expect(ones).toBeGreaterThan(150);
  });

  it('draws images by their weights; equal weights change nothing', () => {
    const draws = (weights: readonly number[]): number[] => {
      const images = weights.map((weight, i) => {
        const image = gradientImage();
        for (let at = 2; at < image.rgb.length; at += 3) image.rgb[at] = i === 0 ? 20 : 220;
        return { ...image, weight };
      });
      const weighted = new Sampler(images, region, { classWeights: [1, 1], seed: 5 });
      return Array.from({ length: 400 }, (_, number) => {
        const blues = weighted.sample(number).slice.filter((_value, i) => i % 3 === 2);
        return Math.min(...blues) > 120 ? 1 : 0;
      });
    };
    const seconds = (drawn: number[]): number => drawn.filter((image) => image === 1).length;
    expect(draws([5, 5])).toEqual(draws([1, 1]));
    // Expected of 400 draws: 200 and 300, with standard deviations of 10 and 9.
    expect(Math.abs(seconds(draws([1, 1])) - 200)).toBeLessThan(40);
    expect(Math.abs(seconds(draws([1, 3])) - 300)).toBeLessThan(36);
  });

  it('aligns slice, classes and context under every symmetry', () => {
    let checked = 0;
    for (let number = 0; number < 60; number++) {
      const { slice, classes, context, place } = sampler.sample(number);
      // The context shows the same tissue at the slice's centre as the slice.
      const u = Math.floor((place.x + place.size / 2) * 20);
      const v = Math.floor((place.y + place.size / 2) * 20);
      const middle = (10 * 20 + 10) * 3;
      const there = (v * 20 + u) * 3;
      if (slice[middle] === 255 || context![there] === 255) continue; // outside the image
      checked++;
      for (const channel of [0, 1]) {
        expect(Math.abs(slice[middle + channel]! - context![there + channel]!)).toBeLessThanOrEqual(8);
      }
      classes.forEach((label, i) => {
        if (slice[i * 3 + 2]! < 200) expect(slice[i * 3 + 2]! > 50 ? 1 : 0).toBe(label);
      });
    }
    expect(checked).toBeGreaterThan(30);
  });

  it('gives the whole slide as context, with the position of the slice', () => {
    const geometry = { ...region, contextKind: 'slide', contextPx: 50 } as const;
    const whole = new Sampler([gradientImage()], geometry, { classWeights: [1, 1], seed: 5 });
    let checked = 0;
    for (let number = 0; number < 40; number++) {
      const { slice, context, contextClasses, place } = whole.sample(number);
      expect(place.size).toBe(20 / 200);
      const u = Math.floor((place.x + place.size / 2) * 50);
      const v = Math.floor((place.y + place.size / 2) * 50);
      const middle = (10 * 20 + 10) * 3;
      const there = (v * 50 + u) * 3;
      // 4 × 4 pixels become one; the 40 rows below the image are white.
      if (slice[middle] === 255 || context![there] === 255) continue;
      checked++;
      for (const channel of [0, 1]) {
        expect(Math.abs(slice[middle + channel]! - context![there + channel]!)).toBeLessThanOrEqual(12);
      }
      expect(contextClasses![v * 50 + u]).toBe(context![there + 2]! > 50 ? 1 : 0);
    }
    expect(checked).toBeGreaterThan(20);
  });

  it('on the lattice, shows all of a small image, with the slice inside it', () => {
    const image = gradientImage(90, 60);
    image.classes.forEach((_, i) => (image.classes[i] = i % 90 < 45 ? 0 : 1));
    const lattice = new Sampler([image], region, { classWeights: [1, 1], seed: 5, regions: 'lattice' });
    for (let number = 0; number < 20; number++) {
      const { slice, context, place } = lattice.sample(number);
      // 90 × 60 of 100 × 100 pixels: 18 × 12 of the context's 20 × 20 are tissue, the rest white.
      let tissue = 0;
      for (let i = 0; i < 400; i++) if (context![i * 3 + 2]! < 150) tissue++;
      expect(tissue).toBe(18 * 12);
      expect(slice.filter((_, i) => i % 3 === 2).every((blue) => blue < 150)).toBe(true);
      expect(place.size).toBe(0.2);
      expect(Math.min(place.x, place.y)).toBeGreaterThanOrEqual(0);
      expect(Math.max(place.x, place.y)).toBeLessThanOrEqual(0.8 + 1e-9);
    }
  });

  it('on half steps, gives the slices that the authors cut, under any symmetry', () => {
    const image = gradientImage();
    // Class 1 at the corners of all half steps: a slice of 20 × 20 pixels has four of them, at 0 and 10, or
    // at 9 and 19 when mirrored.
    image.classes.forEach((_, i) => {
      image.classes[i] = (i % 200) % 10 === 0 && Math.floor(i / 200) % 10 === 0 ? 1 : 0;
    });
    const marks = (slices: 'half-steps' | 'anywhere'): string[] => {
      const options = { classWeights: [1, 1], seed: 5, regions: 'lattice', slices } as const;
      const sampler = new Sampler([image], region, options);
      return Array.from({ length: 40 }, (_, number) => {
        const { classes } = sampler.sample(number);
        const at = [...classes.keys()].filter((i) => classes[i] === 1);
        const along = (numbers: number[]): string => [...new Set(numbers)].sort((a, b) => a - b).join();
        return `${along(at.map((i) => i % 20))} ${along(at.map((i) => Math.floor(i / 20)))}`;
      });
    };
    expect(new Set(marks('half-steps'))).toEqual(
      new Set(['0,10 0,10', '0,10 9,19', '9,19 0,10', '9,19 9,19']),
    );
    expect(new Set(marks('anywhere')).size).toBeGreaterThan(10);
  });

  it('scales the context with the slice, on the lattice and anywhere', () => {
    const image = gradientImage();
    for (const regions of ['anywhere', 'lattice'] as const) {
      const scaled = new Sampler([image], region, {
        classWeights: [1, 1],
        seed: 7,
        regions,
        augmentation: { scale: [0.6, 1.3], stain: 0 },
      });
      let checked = 0;
      const spans = new Set<number>();
      for (let number = 0; number < 60; number++) {
        const { slice, context, place } = scaled.sample(number);
        const u = Math.floor((place.x + place.size / 2) * 20);
        const v = Math.floor((place.y + place.size / 2) * 20);
        const middle = (10 * 20 + 10) * 3;
        const there = (v * 20 + u) * 3;
        if (context![there + 2]! > 150 || slice[middle + 2]! > 150) continue; // outside the image
        checked++;
        // The range of grey values across the slice, one per image pixel, gives its scale; axes may be
        // swapped.
        const across = Math.abs(slice[(10 * 20 + 19) * 3]! - slice[10 * 20 * 3]!);
        const down = Math.abs(slice[(19 * 20 + 10) * 3 + 1]! - slice[10 * 3 + 1]!);
        spans.add(Math.max(across, down));
        for (const channel of [0, 1]) {
          expect(Math.abs(slice[middle + channel]! - context![there + channel]!)).toBeLessThanOrEqual(10);
        }
      }
      expect(checked).toBeGreaterThan(20);
      expect(Math.max(...spans) - Math.min(...spans)).toBeGreaterThan(6);
    }
  });

  it('rejects an invalid geometry and a class that does not occur', () => {
    expect(() => contextFactor({ ...region, contextFieldUm: 90 })).toThrow(/whole number/);
    expect(() => new Sampler([gradientImage()], region, { classWeights: [1, 1, 1], seed: 1 })).toThrow(
      /class 2/,
    );
  });
});
