import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import {
  decodeStatistics,
  encodeStatistics,
  featureDistance,
  valuesOfStage,
  type StageStatistics,
} from './feature-distance.ts';
import { fitStatistics, quantile } from './fit-statistics.ts';

/** Computed with numpy from the formulas: corrcoef, inv, quantile. */
interface Golden {
  readonly slices: readonly { readonly patient: string; readonly means: readonly (readonly number[])[] }[];
  readonly means: readonly (readonly number[])[];
  readonly deviations: readonly (readonly number[])[];
  readonly probe: readonly (readonly number[])[];
  readonly probeDistance: number;
  readonly typical: number;
}
const golden = JSON.parse(
  readFileSync(path.join(import.meta.dirname, 'numpy-distances.json'), 'utf8'),
) as Golden;
const vectors = (values: readonly (readonly number[])[]): Float32Array[] =>
  values.map((each) => Float32Array.from(each));
const slices = golden.slices.map(({ patient, means }) => ({ patient, means: vectors(means) }));

describe('distance from the training data', () => {
  it('is that of numpy', () => {
    const { stages, typical, patients } = fitStatistics(slices);
    stages.forEach(({ mean, deviation }, i) => {
      golden.means[i]!.forEach((value, c) => expect(mean[c]).toBeCloseTo(value, 5));
      golden.deviations[i]!.forEach((value, c) => expect(deviation[c]).toBeCloseTo(value, 5));
    });
    expect(featureDistance(stages, vectors(golden.probe)) / golden.probeDistance).toBeCloseTo(1, 5);
    expect(typical / golden.typical).toBeCloseTo(1, 5);
    expect(patients).toBe(6);
  });

  it('of two uncorrelated channels is the root of the mean square, worked by hand', () => {
    const stage: StageStatistics = {
      mean: Float32Array.of(1, 2),
      deviation: Float32Array.of(2, 0.5),
      whitening: Float32Array.of(1, 0, 1),
    };
    // (7 − 1) / 2 = 3 and (4 − 2) / 0.5 = 4: √((9 + 16) / 2).
    expect(featureDistance([stage], [Float32Array.of(7, 4)])).toBeCloseTo(Math.sqrt(12.5), 6);
    // Two stages: the geometric mean.
    const two = featureDistance([stage, stage], [Float32Array.of(7, 4), Float32Array.of(3, 2.5)]);
    expect(two).toBeCloseTo(Math.sqrt(Math.sqrt(12.5) * Math.sqrt(1)), 6);
  });

  it('does not depend on channels that never varied, until they do', () => {
    const flat = slices.map(({ patient, means }) => ({
      patient,
      means: [Float32Array.of(means[0]![0]!, 5)],
    }));
    const { stages } = fitStatistics(flat);
    expect(featureDistance(stages, flat[0]!.means)).toBeLessThan(3);
    expect(featureDistance(stages, [Float32Array.of(flat[0]!.means[0]![0]!, 6)])).toBeGreaterThan(1000);
  });

  it('needs two patients, and what was measured', () => {
    expect(() => fitStatistics(slices.slice(0, 2))).toThrow(RangeError);
    const { stages } = fitStatistics(slices);
    expect(() => featureDistance(stages, vectors([[1, 2, 3]]))).toThrow(/1 stages/);
    expect(() =>
      featureDistance(
        stages,
        vectors([
          [1, 2],
          [1, 2],
        ]),
      ),
    ).toThrow(/2 channels/);
  });
});

describe('statistics as a file', () => {
  const { stages } = fitStatistics(slices);
  const bytes = encodeStatistics(stages);

  it('come back as they were', () => {
    expect(bytes).toHaveLength(4 * (valuesOfStage(3) + valuesOfStage(2)));
    expect(decodeStatistics(bytes, [3, 2], 'domain.bin')).toEqual(stages);
  });

  it.each<[string, Uint8Array, RegExp]>([
    ['short', bytes.subarray(0, 20), /Expected \d+ bytes.*found 20/],
    ['long', Uint8Array.of(...bytes, 0, 0, 0, 0), /Expected/],
    ['NaN', Uint8Array.of(...bytes.subarray(0, bytes.length - 4), 0, 0, 0xc0, 0x7f), /not finite/],
    ['without deviation', bytes.map((byte, i) => (i >= 12 && i < 16 ? 0 : byte)), /not positive/],
  ])('are refused when they are %s', (_, wrong, message) => {
    expect(() => decodeStatistics(wrong, [3, 2], 'm/domain.bin')).toThrow(message);
  });
});

it('takes quantiles between two values', () => {
  expect(quantile([3, 1, 2], 0.5)).toBe(2);
  expect(quantile([1, 2, 3, 4], 0.95)).toBeCloseTo(3.85, 12);
  expect(quantile([7], 0.95)).toBe(7);
});
