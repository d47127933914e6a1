/**
 * Estimates stain vectors from pixels: both at once by M. Macenko et al., A method for normalizing histology slides for
 * quantitative analysis, ISBI 2009, or one from an area that shows it alone.
 */
import { densityTable, checkWhite, type WhiteLevel } from './optical-density.ts';
import type { RgbaBytes } from './deconvolve.ts';
import { StainError } from './stain-error.ts';
import { unitVector, unmixMatrix, type StainSet, type StainVector } from './stain-vectors.ts';

/** Pixels with less optical density (length of the three channels' vector) say little of a stain's colour: Macenko's β. */
export const leastDensity = 0.15;
/** Share of pixels beyond each of the two stains' angles: Macenko's α, 1 %. */
const beyond = 0.01;
/** Fewest stained pixels to estimate from. */
const leastPixels = 100;

/**
 * The two stains that a picture's colours lie between: the 1st and 99th percentile of the angles in the plane of the
 * colours' two main directions. The first is the one that absorbs more red, in H&E and H-DAB hematoxylin.
 * @throws StainError `too-few-pixels`, or `parallel` where the tissue shows one stain only.
 */
export function estimateStains(rgba: RgbaBytes, white: WhiteLevel): StainSet {
  const densities = stainedDensities(rgba, white);
  checkCount(densities.length / 3, 'Choose an area with more tissue, or one of the listed stains.');
  const [main, next] = mainDirections(densities);
  const angles = new Float64Array(densities.length / 3);
  for (let i = 0; i < angles.length; i++) {
    const [r, g, b] = [densities[3 * i]!, densities[3 * i + 1]!, densities[3 * i + 2]!];
    angles[i] = Math.atan2(r * next[0] + g * next[1] + b * next[2], r * main[0] + g * main[1] + b * main[2]);
  }
  angles.sort();
  const at = (share: number): StainVector => {
    const angle = percentile(angles, share);
    const [x, y] = [Math.cos(angle), Math.sin(angle)];
    const mixed = (i: 0 | 1 | 2): number => Math.max(0, x * main[i] + y * next[i]);
    return unitVector([mixed(0), mixed(1), mixed(2)]);
  };
  return ordered(at(beyond), at(1 - beyond));
}

/** Two stains as a set, the one that absorbs more red first. @throws StainError */
export function ordered(one: StainVector, other: StainVector): StainSet {
  unmixMatrix(one, other);
  const [first, second] = one[0] >= other[0] ? [one, other] : [other, one];
  return { kind: 'own', first, second };
}

/**
 * The stain of an area that shows it alone: the mean optical density of its stained pixels, as a unit vector.
 * @param isInside 1 for pixels of the area; by default all are.
 * @throws StainError `too-few-pixels`.
 */
export function stainOfArea(rgba: RgbaBytes, white: WhiteLevel, isInside?: ArrayLike<number>): StainVector {
  const densities = stainedDensities(rgba, white, isInside);
  checkCount(densities.length / 3, 'Draw the area over stained tissue.');
  const sum: [number, number, number] = [0, 0, 0];
  for (let i = 0; i < densities.length; i++) sum[i % 3]! += densities[i]!;
  return unitVector([Math.max(0, sum[0]), Math.max(0, sum[1]), Math.max(0, sum[2])]);
}

function checkCount(pixels: number, remedy: string): void {
  if (pixels >= leastPixels) return;
  throw new StainError(
    'too-few-pixels',
    `Only ${pixels} pixels are stained, too few to estimate a stain from (at least ${leastPixels}).`,
    remedy,
  );
}

/** Optical densities of the stained pixels, three each. */
function stainedDensities(rgba: RgbaBytes, white: WhiteLevel, isInside?: ArrayLike<number>): Float64Array {
  const [red, green, blue] = checkWhite(white).map(densityTable) as [
    Float64Array,
    Float64Array,
    Float64Array,
  ];
  const densities = new Float64Array((rgba.length >> 2) * 3);
  let count = 0;
  for (let pixel = 0, at = 0; at + 3 < rgba.length; pixel++, at += 4) {
    if (isInside !== undefined && isInside[pixel] !== 1) continue;
    const [r, g, b] = [red[rgba[at]!]!, green[rgba[at + 1]!]!, blue[rgba[at + 2]!]!];
    if (Math.hypot(r, g, b) < leastDensity) continue;
    densities[count++] = r;
    densities[count++] = g;
    densities[count++] = b;
  }
  return densities.subarray(0, count);
}

/** The two eigenvectors with the largest eigenvalues of the second moments about 0; the first points to positive sums. */
function mainDirections(densities: Float64Array): readonly [StainVector, StainVector] {
  const moments = new Float64Array(9);
  for (let at = 0; at < densities.length; at += 3) {
    for (let i = 0; i < 3; i++) {
      for (let j = 0; j < 3; j++) moments[3 * i + j]! += densities[at + i]! * densities[at + j]!;
    }
  }
  const { values, vectors } = symmetricEigen(moments);
  const order = [0, 1, 2].sort((a, b) => values[b]! - values[a]!);
  const column = (i: number): StainVector => [vectors[i]!, vectors[3 + i]!, vectors[6 + i]!];
  const [main, next] = [column(order[0]!), column(order[1]!)];
  const sign = main[0] + main[1] + main[2] < 0 ? -1 : 1;
  return [[sign * main[0], sign * main[1], sign * main[2]], next];
}

/** Jacobi's rotations of a symmetric 3 × 3 matrix, row by row; eigenvectors are the columns. */
function symmetricEigen(matrix: Float64Array): { values: number[]; vectors: Float64Array } {
  const a = matrix.slice();
  const v = Float64Array.of(1, 0, 0, 0, 1, 0, 0, 0, 1);
  // Converges quadratically: a handful of sweeps is exact.
  for (let sweep = 0; sweep < 20; sweep++) {
    for (const [p, q] of [
      [0, 1],
      [0, 2],
      [1, 2],
    ] as const) {
      const off = a[3 * p + q]!;
      if (Math.abs(off) < 1e-300) continue;
      const theta = (a[4 * q]! - a[4 * p]!) / (2 * off);
      const t = Math.sign(theta || 1) / (Math.abs(theta) + Math.sqrt(theta * theta + 1));
      const c = 1 / Math.sqrt(t * t + 1);
      const s = t * c;
      for (let k = 0; k < 3; k++) {
        const [kp, kq] = [a[3 * k + p]!, a[3 * k + q]!];
        a[3 * k + p] = c * kp - s * kq;
        a[3 * k + q] = s * kp + c * kq;
      }
      for (let k = 0; k < 3; k++) {
        const [pk, qk] = [a[3 * p + k]!, a[3 * q + k]!];
        a[3 * p + k] = c * pk - s * qk;
        a[3 * q + k] = s * pk + c * qk;
        const [kp, kq] = [v[3 * k + p]!, v[3 * k + q]!];
        v[3 * k + p] = c * kp - s * kq;
        v[3 * k + q] = s * kp + c * kq;
      }
    }
  }
  return { values: [a[0]!, a[4]!, a[8]!], vectors: v };
}

/** Linear between the two nearest ranks. @param sorted ascending, not empty. @param share 0 to 1. */
function percentile(sorted: Float64Array, share: number): number {
  const rank = share * (sorted.length - 1);
  const below = Math.floor(rank);
  const above = Math.min(sorted.length - 1, below + 1);
  return sorted[below]! + (rank - below) * (sorted[above]! - sorted[below]!);
}
