import { describe, expect, it } from 'vitest';
import { mulberry32 } from '../runtime/variables.ts';
import { patientInterval } from './patient-bootstrap.ts';

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

describe('patientInterval', () => {
  it('is a point if all patients are alike', () => {
    const interval = patientInterval([0.5, 0.5, 0.5, 0.5], mean, mulberry32(1));
    expect(interval).toEqual({ low: 0.5, high: 0.5, patients: 4 });
  });

  it('is close to 1.96 standard errors for the mean of many', () => {
    const random = mulberry32(2);
    const values = Array.from({ length: 400 }, () => random());
    const centre = mean(values);
    const deviation = Math.sqrt(mean(values.map((value) => (value - centre) ** 2)));
    const { low, high } = patientInterval(values, mean, mulberry32(3), 4000)!;
    const half = (1.96 * deviation) / Math.sqrt(values.length);
    expect(centre - low).toBeCloseTo(half, 2);
    expect(high - centre).toBeCloseTo(half, 2);
  });

  it('draws patients whole: ten images of one patient are no more certain than one', () => {
    const patient = (value: number): number[] => new Array<number>(10).fill(value);
    const pooled = (drawn: readonly number[][]): number => mean(drawn.flat());
    const { low, high } = patientInterval([patient(0), patient(1)], pooled, mulberry32(4))!;
    expect([low, high]).toEqual([0, 1]);
  });

  it('has none for one patient, or if the figure is mostly missing', () => {
    expect(patientInterval([1], mean, mulberry32(1))).toBeNull();
    expect(patientInterval([1, 2], () => null, mulberry32(1))).toBeNull();
  });
});
