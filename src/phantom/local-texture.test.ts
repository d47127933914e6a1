/**
 * The phantom's promise: a 467 µm field cannot distinguish benign from in situ, a 2335 µm field can. Fields
 * centred in lobules of both classes are described by colour and texture statistics. A classifier on them,
 * tested on unseen slides, must stay near chance, while the number of lobules around the field separates the
 * classes.
 */
import { beforeAll, describe, expect, it } from 'vitest';
import { phantomClass } from './structure.ts';
import { createPhantom } from './phantom.ts';
import { renderRgb } from './render.ts';

interface Sample {
  readonly features: number[];
  /** Lobules whose centre is in the 2335 µm around the field's centre, including this one. */
  readonly around: number;
  readonly isInSitu: boolean;
  readonly seed: number;
}

const fieldUm = 467;
const contextUm = 2335;
const samples: Sample[] = [];

/** Mean and spread of each channel, share of dark and of white pixels, mean gradient both ways. */
function describeField(data: Uint8ClampedArray, side: number): number[] {
  const sums = [0, 0, 0];
  const squares = [0, 0, 0];
  let dark = 0;
  let white = 0;
  let across = 0;
  let down = 0;
  for (let i = 0; i < data.length; i += 4) {
    for (let c = 0; c < 3; c++) {
      const v = data[i + c]!;
      sums[c]! += v;
      squares[c]! += v * v;
    }
    if (data[i]! < 140) dark++;
    if (data[i + 1]! > 225) white++;
    if (i + 4 < data.length) across += Math.abs(data[i + 1]! - data[i + 5]!);
    if (i + side * 4 < data.length) down += Math.abs(data[i + 1]! - data[i + side * 4 + 1]!);
  }
  const n = data.length / 4;
  const means = sums.map((sum) => sum / n);
  const spreads = squares.map((sum, c) => Math.sqrt(sum / n - means[c]! ** 2));
  return [...means, ...spreads, dark / n, white / n, across / n, down / n];
}

/** Area under the ROC curve of a score for in situ against benign; ties count half. */
function areaUnderCurve(score: (sample: Sample) => number, among: readonly Sample[]): number {
  const inSitu = among.filter((s) => s.isInSitu).map(score);
  const benign = among.filter((s) => !s.isInSitu).map(score);
  let wins = 0;
  for (const a of inSitu) for (const b of benign) wins += a > b ? 1 : a === b ? 0.5 : 0;
  return wins / (inSitu.length * benign.length);
}

/** Linear discriminant with a diagonal covariance, fitted to `among`. */
function fitDiscriminant(among: readonly Sample[]): (sample: Sample) => number {
  const size = among[0]!.features.length;
  const mean = (of: readonly Sample[], k: number): number =>
    of.reduce((sum, s) => sum + s.features[k]!, 0) / of.length;
  const inSitu = among.filter((s) => s.isInSitu);
  const benign = among.filter((s) => !s.isInSitu);
  const weights = Array.from({ length: size }, (_, k) => {
    const all = mean(among, k);
    const variance = among.reduce((sum, s) => sum + (s.features[k]! - all) ** 2, 0) / among.length;
    return (mean(inSitu, k) - mean(benign, k)) / (variance + 1e-9);
  });
  return (sample) => sample.features.reduce((sum, value, k) => sum + value * weights[k]!, 0);
}

describe('fields in benign and in-situ lobules', () => {
  beforeAll(() => {
    for (let seed = 500; seed < 510; seed++) {
      const phantom = createPhantom({ seed, widthUm: 8000, heightUm: 7000 });
      const { lobules } = phantom.layout;
      for (const { outline, classIndex } of lobules) {
        const side = 117;
        const rect = {
          x: outline.x - fieldUm / 2,
          y: outline.y - fieldUm / 2,
          width: fieldUm,
          height: fieldUm,
        };
        const { data } = renderRgb(phantom, rect, side, side);
        const around = lobules.filter(
          (other) =>
            Math.abs(other.outline.x - outline.x) < contextUm / 2 &&
            Math.abs(other.outline.y - outline.y) < contextUm / 2,
        ).length;
        samples.push({
          features: describeField(data, side),
          around,
          isInSitu: classIndex === phantomClass.inSitu,
          seed,
        });
      }
      // Stain differs between slides but not between classes: compare within the slide.
      const own = samples.filter((sample) => sample.seed === seed);
      own[0]!.features.forEach((_, k) => {
        const mean = own.reduce((sum, sample) => sum + sample.features[k]!, 0) / own.length;
        for (const sample of own) sample.features[k]! -= mean;
      });
    }
  }, 120_000);

  it('are numerous in both classes', () => {
    expect(samples.filter((s) => s.isInSitu).length).toBeGreaterThan(25);
    expect(samples.filter((s) => !s.isInSitu).length).toBeGreaterThan(25);
  });

  it('do not differ by colour and texture: a classifier is near chance on unseen slides', () => {
    const train = samples.filter((s) => s.seed % 2 === 0);
    const test = samples.filter((s) => s.seed % 2 === 1);
    const forward = areaUnderCurve(fitDiscriminant(train), test);
    const backward = areaUnderCurve(fitDiscriminant(test), train);
    // Mean of both directions; chance is 0.5.
    expect(Math.abs((forward + backward) / 2 - 0.5)).toBeLessThan(0.15);
  });

  it('differ strongly by their surroundings of 2335 µm', () => {
    expect(areaUnderCurve((s) => s.around, samples)).toBeGreaterThan(0.9);
  });
});
