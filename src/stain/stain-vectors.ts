/**
 * Stain vectors: the optical density of a stain in red, green and blue, as a direction of length 1, and what follows from
 * two of them. A. C. Ruifrok and D. A. Johnston, Quantification of histochemical staining by color deconvolution,
 * Anal. Quant. Cytol. Histol. 23 (2001) 291–299.
 */
import { StainError } from './stain-error.ts';

/** Optical densities in red, green and blue. */
export type StainVector = readonly [red: number, green: number, blue: number];

/** Which stains a slide has, and their names in the order of the vectors. */
export type StainKind = 'he' | 'hdab' | 'own';

export interface StainSet {
  readonly kind: StainKind;
  readonly first: StainVector;
  readonly second: StainVector;
}

/** Of one stain alone, as measured by Ruifrok and Johnston. */
const hematoxylin: StainVector = [0.65, 0.704, 0.286];
const eosin: StainVector = [0.072, 0.99, 0.105];
const dab: StainVector = [0.268, 0.57, 0.776];

/** Stains that need no estimate. */
export const stainPresets: Readonly<Record<'he' | 'hdab', StainSet>> = {
  he: { kind: 'he', first: hematoxylin, second: eosin },
  hdab: { kind: 'hdab', first: hematoxylin, second: dab },
};

/** What is left when two stains have explained what they can. */
export const residualName = 'Residual';

/** The stains' names. */
export function stainNames(kind: StainKind): readonly [first: string, second: string, residual: string] {
  switch (kind) {
    case 'he':
      return ['Hematoxylin', 'Eosin', residualName];
    case 'hdab':
      return ['Hematoxylin', 'DAB', residualName];
    case 'own':
      return ['Stain 1', 'Stain 2', residualName];
  }
}

/** The smallest angle between two stains, degrees: below it, noise of one grey value moves a pixel from one to the other. */
const leastAngle = 5;

/** A vector scaled to length 1. @throws StainError `vector` for one that no stain has. */
export function unitVector(vector: StainVector): StainVector {
  const length = Math.hypot(...vector);
  if (!vector.every((value) => Number.isFinite(value) && value >= 0) || !(length > 0)) {
    throw new StainError(
      'vector',
      `${vector.join(', ')} is no stain vector.`,
      'Give three optical densities of red, green and blue, none negative and not all 0.',
    );
  }
  return scaled(vector, 1 / length);
}

/** Angle between two vectors, degrees. */
export function angleBetween(one: StainVector, other: StainVector): number {
  const cosine = dot(one, other) / (Math.hypot(...one) * Math.hypot(...other));
  return (Math.acos(Math.min(1, Math.max(-1, cosine))) * 180) / Math.PI;
}

/** Rows by columns: the amounts of three stains are the three products of a row with a pixel's optical densities. */
export type UnmixMatrix = readonly [StainVector, StainVector, StainVector];

/**
 * The inverse of the stain matrix. Amounts are optical densities along the stains' unit vectors, so that 0.5 of any stain
 * absorbs alike.
 * @param third by default the residual: perpendicular to both others (cross product), so that it takes nothing from them.
 * @throws StainError `vector` or `parallel`.
 */
export function unmixMatrix(first: StainVector, second: StainVector, third?: StainVector): UnmixMatrix {
  const [a, b] = [unitVector(first), unitVector(second)];
  const angle = angleBetween(a, b);
  if (angle < leastAngle) {
    throw new StainError(
      'parallel',
      `The two stains differ by ${angle.toFixed(1)}°, too little to tell them apart.`,
      `Choose stains or areas whose colours differ more (at least ${leastAngle}°).`,
    );
  }
  const residual = cross(a, b);
  const c = third === undefined ? scaled(residual, 1 / Math.hypot(...residual)) : unitVector(third);
  const [bc, ca, ab] = [cross(b, c), cross(c, a), cross(a, b)];
  const determinant = dot(a, bc);
  if (Math.abs(determinant) < 0.01) {
    throw new StainError(
      'parallel',
      'The third stain is a mixture of the other two.',
      'Leave it out, or give one whose colour the other two can’t mix.',
    );
  }
  return [scaled(bc, 1 / determinant), scaled(ca, 1 / determinant), scaled(ab, 1 / determinant)];
}

function dot(one: StainVector, other: StainVector): number {
  return one[0] * other[0] + one[1] * other[1] + one[2] * other[2];
}

function cross([ax, ay, az]: StainVector, [bx, by, bz]: StainVector): StainVector {
  return [ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx];
}

function scaled([x, y, z]: StainVector, factor: number): StainVector {
  return [x * factor, y * factor, z * factor];
}
