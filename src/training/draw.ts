/** The chance in a sample. */
import { mulberry32 } from '../runtime/variables.ts';

/** Uniform numbers that depend on the seed and the sample's number alone. */
export interface Draw {
  /** In [0, 1). */
  readonly random: () => number;
  /** A whole number from 0 to n - 1. */
  readonly below: (n: number) => number;
}

export function drawFor(seed: number, number: number): Draw {
  const random = mulberry32(Math.imul(seed, 0x9e3779b1) ^ Math.imul(number + 1, 0x85ebca6b));
  for (let i = 0; i < 4; i++) random();
  return { random, below: (n) => Math.floor(random() * n) };
}

/** The index at a random share of the summed weights; of equal weights the one that `below` would give. */
export function drawWeighted({ random }: Draw, weights: readonly number[]): number {
  let rest = random() * weights.reduce((sum, weight) => sum + weight, 0);
  const found = weights.findIndex((weight) => (rest -= weight) < 0);
  return Math.max(0, found);
}
