/**
 * Positive share and H-score of a stain by area. Amounts are collected in a histogram, so that other thresholds need no
 * other reading.
 * H-score: K. S. McCarty et al., Estrogen receptor analyses, Arch. Pathol. Lab. Med. 109 (1985) 716–721, there by nuclei;
 * here by tissue area, since nothing is told apart but colours.
 */
import { StainError } from './stain-error.ts';

/** Optical density per bin of a histogram; thresholds are multiples of it. */
export const binWidth = 0.01;
/** Bins of a histogram: from 0 (and below) to 3 (and above). */
export const bins = 300;

/** From where on a pixel is weakly, moderately and strongly positive, optical density. */
export type Thresholds = readonly [weak: number, moderate: number, strong: number];

/** A starting point for DAB, not a standard: laboratories set their own. */
export const defaultThresholds: Thresholds = [0.2, 0.4, 0.6];

/** Thresholds rounded to whole bins. @throws StainError `thresholds` */
export function checkThresholds(thresholds: readonly number[]): Thresholds {
  const [weak = NaN, moderate = NaN, strong = NaN] = thresholds.map((value) => toBin(value) * binWidth);
  const most = (bins - 1) * binWidth;
  if (thresholds.length === 3 && weak > 0 && weak < moderate && moderate < strong && strong <= most) {
    const neat = (value: number): number => Number(value.toFixed(2));
    return [neat(weak), neat(moderate), neat(strong)];
  }
  throw new StainError(
    'thresholds',
    `${thresholds.join(', ')} are no thresholds of weak, moderate and strong stain.`,
    `Give three rising optical densities from ${binWidth} to ${most.toFixed(2)}, in steps of ${binWidth}: 0.2,0.4,0.6.`,
  );
}

const toBin = (amount: number): number => Math.round(amount / binWidth);

/** Pixels of tissue by amount of a stain; structured-cloneable. */
export interface StainHistogram {
  /** `bins` counts. */
  readonly counts: Float64Array<ArrayBuffer>;
  /** Of all amounts, not below 0 each. */
  readonly sum: number;
}

/** Collects amounts. */
export class StainCounter {
  readonly #counts = new Float64Array(bins);
  #sum = 0;

  /** @param isCounted 1 for pixels that count; null if all do. */
  add(amounts: Float32Array, isCounted: ArrayLike<number> | null): void {
    for (let pixel = 0; pixel < amounts.length; pixel++) {
      if (isCounted !== null && isCounted[pixel] !== 1) continue;
      const amount = Math.max(0, amounts[pixel]!);
      this.#sum += amount;
      this.#counts[binOf(amount)]!++;
    }
  }

  histogram(): StainHistogram {
    return { counts: this.#counts.slice(), sum: this.#sum };
  }
}

/** The bin of an amount; tolerates the rounding of 32-bit numbers, so that a threshold itself is above itself. */
function binOf(amount: number): number {
  return Math.min(bins - 1, Math.max(0, Math.floor(amount / binWidth + 1e-5)));
}

/** 0 for negative, 1 to 3 for weakly, moderately and strongly positive. */
export function gradeOf(amount: number, thresholds: Thresholds): 0 | 1 | 2 | 3 {
  const bin = binOf(amount);
  if (bin >= toBin(thresholds[2])) return 3;
  if (bin >= toBin(thresholds[1])) return 2;
  return bin >= toBin(thresholds[0]) ? 1 : 0;
}

/** Shares of tissue area, 0 to 1. */
export interface StainScore {
  /** Pixels of tissue. */
  readonly pixels: number;
  readonly weak: number;
  readonly moderate: number;
  readonly strong: number;
  /** Their sum. */
  readonly positive: number;
  /** 1 × % weak + 2 × % moderate + 3 × % strong, 0 to 300. */
  readonly hScore: number;
  /** Mean amount, optical density. */
  readonly mean: number;
}

/** @returns null without tissue. */
export function scoreOf({ counts, sum }: StainHistogram, thresholds: Thresholds): StainScore | null {
  const [weakBin, moderateBin, strongBin] = thresholds.map(toBin) as [number, number, number];
  const total = (from: number, to: number): number =>
    counts.subarray(from, to).reduce((all, count) => all + count, 0);
  const pixels = total(0, bins);
  if (pixels === 0) return null;
  const weak = total(weakBin, moderateBin) / pixels;
  const moderate = total(moderateBin, strongBin) / pixels;
  const strong = total(strongBin, bins) / pixels;
  return {
    pixels,
    weak,
    moderate,
    strong,
    positive: weak + moderate + strong,
    hScore: 100 * (weak + 2 * moderate + 3 * strong),
    mean: sum / pixels,
  };
}
