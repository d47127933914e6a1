/** What is measured of one network on one runtime. */
import type { SliceMaps } from '../../src/runtime/segmenter.ts';

export interface RowTimes {
  /** One slice with its context, milliseconds: the median of `repeats` runs after the first. */
  readonly ms: number;
  /** In Node the most resident memory of the process, in the page what page and workers hold after the runs; MB. */
  readonly megabytes: number;
}

const repeats = 3;

/** Runs once unmeasured, then `repeats` times. */
export async function timed(
  work: () => Promise<SliceMaps>,
): Promise<{ readonly ms: number; readonly maps: SliceMaps }> {
  let maps = await work();
  const times: number[] = [];
  for (let repeat = 0; repeat < repeats; repeat++) {
    const start = performance.now();
    maps = await work();
    times.push(performance.now() - start);
  }
  times.sort((a, b) => a - b);
  return { ms: times[Math.floor(repeats / 2)] ?? NaN, maps };
}

/** Share of pixels with the same class, 0 to 1. */
export function agreement(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let same = 0;
  for (let i = 0; i < b.length; i++) if (a[i] === b[i]) same++;
  return a.length === b.length ? same / b.length : NaN;
}

/** Share of pixels of the commonest class, 0 to 1. */
export function largestShare(classes: ArrayLike<number>): number {
  const counts = new Map<number, number>();
  for (const each of Array.from(classes)) counts.set(each, (counts.get(each) ?? 0) + 1);
  return Math.max(...counts.values()) / classes.length;
}
