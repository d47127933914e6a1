import { describe, expect, it } from 'vitest';
import { RateMeter } from './run-progress.ts';

describe('rate', () => {
  it('counts from the start while the window is not full', () => {
    const meter = new RateMeter(1000);
    expect(meter.add(1500)).toBeCloseTo(2, 12);
    expect(meter.add(2000)).toBeCloseTo(2, 12);
    expect(meter.add(5000)).toBeCloseTo(3 / 4, 12);
  });

  it('forgets what is older than ten seconds', () => {
    const meter = new RateMeter(0);
    for (let second = 1; second <= 10; second++) meter.add(second * 1000);
    // From then on four slices a second.
    let rate = 0;
    for (let quarter = 1; quarter <= 60; quarter++) rate = meter.add(10_000 + quarter * 250);
    expect(rate).toBeCloseTo(4, 12);
  });

  it('is right for slices slower than the window', () => {
    const meter = new RateMeter(0);
    meter.add(20_000);
    expect(meter.add(40_000)).toBeCloseTo(0.05, 12);
  });

  it('is finite for slices faster than the clock', () => {
    expect(new RateMeter(0).add(0)).toBe(1000);
  });
});
