import { existsSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { presetById } from '../../src/model/presets.ts';
import { EBHI_TILE, readEbhiIndex, readEbhiTile, ebhiClassIndex } from '../ebhi-seg.ts';
import { FIELD, paintCollage, patchesAt, planCollage, tilesByClass } from './field.ts';
import { differenceOf, pooledMiou } from './results.ts';
import { CollageSampler, CONTEXT_PX, SLICE_PX } from './sampler.ts';
import { matchStain, stainMoments, TARGET } from './stain.ts';
import { COLLAGE_FOLDS, reduceTile, REDUCTION, type CollageTile } from './tiles.ts';

/** A tile whose colours change slowly, so that reduced pixels are near those that they stand for. */
function madeTile(classIndex: number, name: string): CollageTile {
  const rgb = Uint8Array.from({ length: EBHI_TILE ** 2 * 3 }, (_, i) => {
    const pixel = Math.floor(i / 3);
    const along = i % 3 === 0 ? pixel % EBHI_TILE : Math.floor(pixel / EBHI_TILE);
    return i % 3 === 2 ? 60 * classIndex : 30 + (along >> 1);
  });
  const classes = Uint8Array.from({ length: EBHI_TILE ** 2 }, (_, i) =>
    i % EBHI_TILE < 112 ? classIndex : 0,
  );
  return { file: name, case: name, classIndex, rgb, classes, reduced: reduceTile(rgb) };
}

const made = tilesByClass(
  [1, 2, 3].flatMap((index) => [0, 1, 2].map((i) => madeTile(index, `${String(index)}-${String(i)}`))),
);
const preset = { ...presetById('nano-attention'), slicePx: SLICE_PX, contextPx: CONTEXT_PX };

describe('a collage', () => {
  it('depends on seed and number alone, and thousands are distinct', () => {
    const texts = Array.from({ length: 3000 }, (_, number) =>
      JSON.stringify(planCollage(made, 1, number).waves),
    );
    expect(new Set(texts).size).toBe(3000);
    expect(JSON.stringify(planCollage(made, 1, 7).waves)).toBe(texts[7]);
    expect(JSON.stringify(planCollage(made, 2, 7).waves)).not.toBe(texts[7]);
  });

  it('has patches of all classes equally often, next to each other as chance has it', () => {
    const counts = [0, 0, 0, 0];
    let [alike, pairs] = [0, 0];
    for (let number = 0; number < 600; number++) {
      const { patches } = planCollage(made, 1, number);
      patches.forEach(({ tile }, i) => {
        counts[tile.classIndex]!++;
        if (i % 3 === 2) return;
        pairs++;
        if (patches[i + 1]!.tile.classIndex === tile.classIndex) alike++;
      });
    }
    for (const count of counts.slice(1)) expect(count / 5400).toBeCloseTo(1 / 3, 1);
    expect(alike / pairs).toBeCloseTo(1 / 3, 1);
  });

  it('has soft seams: half of each patch on the seam, one patch alone away from it', () => {
    const collage = planCollage(made, 1, 3);
    const row = Array.from({ length: FIELD }, (_, x) => patchesAt(collage, x, FIELD / 2));
    const steps = row.slice(1).map(({ first, share }, x) => {
      const before = row[x]!;
      // What is seen of the patch that prevails here, one pixel before.
      const earlier = before.first === first ? before.share : 1 - before.share;
      return before.first === first || before.second === first ? Math.abs(share - earlier) : 0;
    });
    expect(Math.max(...steps)).toBeLessThan(0.25);
    expect(Math.min(...row.map(({ share }) => share))).toBeLessThan(0.65);
    expect(row.filter(({ share }) => share === 1).length).toBeGreaterThan(FIELD / 3);
  });

  it('shows the same tissue in slice and context', () => {
    const collage = planCollage(made, 1, 5);
    const [left, top] = [160, 200];
    const slice = paintCollage(collage, { left, top }, 64, 1);
    const context = paintCollage(collage, { left: 32, top: 40 }, 96, REDUCTION);
    let compared = 0;
    for (let y = 0; y < 64; y += REDUCTION) {
      for (let x = 0; x < 64; x += REDUCTION) {
        const fine = (y + 2) * 64 + x + 2;
        const coarse = ((top - 40 + y) / REDUCTION) * 96 + (left - 32 + x) / REDUCTION;
        if (slice.patches[fine] !== context.patches[coarse]) continue;
        if (patchesAt(collage, left + x + 2, top + y + 2).share < 1) continue;
        expect(context.classes[coarse]).toBe(slice.classes[fine]);
        for (const channel of [0, 1, 2]) {
          expect(
            Math.abs(context.rgb[3 * coarse + channel]! - slice.rgb[3 * fine + channel]!),
          ).toBeLessThanOrEqual(2);
        }
        compared++;
      }
    }
    expect(compared).toBeGreaterThan(100);
  });
});

describe('its slices', () => {
  it('are the same at every call, of all classes, and lie where they say in their context', () => {
    const sampler = new CollageSampler(made, preset, 1);
    const counts = [0, 0, 0, 0];
    let [compared, near] = [0, 0];
    for (let number = 0; number < 60; number++) {
      const { sample, owners, cases, ownTile } = sampler.measured(number);
      const { classes, place, context, slice } = sample;
      for (const label of classes) counts[label]!++;
      const middle = 32 * 64 + 32;
      const [x, y] = [place.x, place.y].map((at) => Math.floor((at + place.size / 2) * CONTEXT_PX));
      const there = y! * CONTEXT_PX + x!;
      if (ownTile?.[there] === 1) {
        compared++;
        if (Math.abs(context![3 * there]! - slice[3 * middle]!) <= 4) near++;
      }
      expect(Math.max(...owners)).toBeLessThan(cases.length);
      expect(place.x).toBeGreaterThanOrEqual(0);
      expect(place.x + place.size).toBeLessThanOrEqual(1);
    }
    expect(compared).toBeGreaterThan(30);
    // On seams, a context pixel is a mixture of its own.
    expect(near / compared).toBeGreaterThan(0.9);
    for (const count of counts) expect(count / (60 * 64 * 64)).toBeGreaterThan(0.1);
    expect(sampler.sample(3)).toEqual(new CollageSampler(made, preset, 1).sample(3));
    expect(sampler.sample(3)).not.toEqual(sampler.sample(4));
  });

  it('need no context, or have that of their own field at half the size', () => {
    const single = new CollageSampler(made, { ...presetById('nano-single'), slicePx: 64 }, 1).sample(2);
    const twice = new CollageSampler(
      made,
      { ...presetById('nano-multisize'), slicePx: 64, contextPx: 32 },
      1,
    ).sample(2);
    expect(single.context).toBeNull();
    expect(twice.context).toHaveLength(32 * 32 * 3);
    expect(twice.place).toEqual({ x: 0, y: 0, size: 1 });
    expect(twice.slice).toEqual(single.slice);
  });
});

it('a stain is matched to the target; glass stays glass', () => {
  const rgb = Uint8Array.from({ length: 3000 }, (_, i) => (i < 300 ? 250 : 120 + ((i * 37) % 60)));
  const [, green] = stainMoments(matchStain(rgb));
  expect(Math.abs((green?.mean ?? 0) / (TARGET[1]?.mean ?? 1) - 1)).toBeLessThan(0.15);
  expect(Math.min(...rgb.subarray(0, 300))).toBeGreaterThan(235);
});

it('differences are paired by patient and seed, with an interval over both', () => {
  const counts = (right: number): number[][] =>
    [0, 1, 2, 3].map((c) => [0, 1, 2, 3].map((d) => (c === d ? right : 10 - right)));
  const one = { A: counts(9), B: counts(8) };
  const other = { A: counts(7), B: counts(6) };
  const difference = differenceOf([
    { one, other },
    { one, other: one },
  ])!;
  const whole = pooledMiou(Object.values(one))! - pooledMiou(Object.values(other))!;
  expect(difference.mean).toBeCloseTo(whole / 2, 6);
  expect(difference).toMatchObject({ seeds: 2, patients: 2 });
  expect(difference.low).toBe(0);
  expect(difference.high).toBeGreaterThan(whole * 0.9);
  expect(differenceOf([])).toBeNull();
});

const ebhi = path.resolve(import.meta.dirname, '../../../shared/data/ebhi');
describe.skipIf(!existsSync(ebhi))('of EBHI-Seg (skipped where ../shared is absent)', () => {
  it('training, validation and test share no case', async () => {
    const index = await readEbhiIndex(ebhi);
    const cases = Object.values(COLLAGE_FOLDS).map(
      (folds: readonly string[]) =>
        new Set(index.filter(({ fold }) => folds.includes(fold)).map((row) => row.patient)),
    );
    for (const [i, own] of cases.entries()) {
      expect(own.size).toBeGreaterThan(50);
      for (const other of cases.slice(i + 1)) expect([...own].filter((name) => other.has(name))).toEqual([]);
    }
  });

  it('seams between two classes look like those within one', async () => {
    const rows = (await readEbhiIndex(ebhi)).filter((row) => ebhiClassIndex(row) !== null);
    const tiles: CollageTile[] = [];
    for (const row of rows.filter((_, i) => i % 30 === 0)) {
      const { rgb } = await readEbhiTile(ebhi, row.file);
      const matched = matchStain(Uint8Array.from(rgb));
      const classIndex = ebhiClassIndex(row) ?? 0;
      const classes = new Uint8Array(EBHI_TILE ** 2).fill(classIndex);
      tiles.push({
        file: row.file,
        case: row.patient,
        classIndex,
        rgb: matched,
        classes,
        reduced: reduceTile(matched),
      });
    }
    const by = tilesByClass(tiles);
    /** How the means on either side of a seam differ, over all channels. */
    const [alike, different]: [number[], number[]] = [[], []];
    for (let number = 0; number < 60; number++) {
      const collage = planCollage(by, 1, number);
      const { rgb, patches } = paintCollage(collage, { left: 0, top: 0 }, FIELD / REDUCTION, REDUCTION);
      const sides = new Map<string, [sums: number[], count: number]>();
      const side = FIELD / REDUCTION;
      for (let i = 0; i < side * side - 6; i++) {
        const [one, other] = [patches[i]!, patches[i + 6]!];
        if (one === other || i % side >= side - 6) continue;
        const key = `${String(one)}-${String(other)}`;
        const known = sides.get(key) ?? [[0, 0, 0], 0];
        for (let c = 0; c < 3; c++) known[0][c]! += rgb[3 * i + c]! - rgb[3 * (i + 6) + c]!;
        known[1]++;
        sides.set(key, known);
      }
      for (const [key, [sums, count]] of sides) {
        if (count < 30) continue;
        const [one, other] = key.split('-').map((index) => collage.patches[Number(index)]!.tile.classIndex);
        const step = sums.reduce((sum, value) => sum + Math.abs(value / count), 0);
        (one === other ? alike : different).push(step);
      }
    }
    // Share of pairs in which the seam between classes is the stronger: the area under the curve.
    let larger = 0;
    for (const a of different) for (const b of alike) larger += a > b ? 1 : a === b ? 0.5 : 0;
    const area = larger / (alike.length * different.length);
    expect(area).toBeGreaterThan(0.4);
    expect(area).toBeLessThan(0.6);
  });
});
