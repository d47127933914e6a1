/**
 * Objects of a mask, such as glands, and how well two sets of them agree, as in the GlaS contest (Sirinukunwattana et al.
 * 2017, "Gland segmentation in colon histology images", section 4): F1 of detection, object Dice, object Hausdorff.
 */
import { squaredDistances } from './distance-transform.ts';

/** Objects of an image. */
export interface ObjectMap {
  readonly width: number;
  readonly height: number;
  /** [height, width], number of the object from 1; 0 outside all. */
  readonly labels: Uint32Array;
  /** Pixels of each object; that of object 1 is at 0. */
  readonly areas: readonly number[];
}

/**
 * The 8-connected pieces of a mask.
 * @param mask [height, width]; every value but 0 belongs to an object
 * @param smallest pixels of the smallest object that counts; smaller pieces are no objects
 */
export function objectsOf(mask: Uint8Array, width: number, height: number, smallest = 1): ObjectMap {
  const labels = new Uint32Array(width * height);
  const areas: number[] = [];
  const pending = new Uint32Array(width * height);
  for (let start = 0; start < mask.length; start++) {
    if (mask[start] === 0 || labels[start] !== 0) continue;
    const label = areas.length + 1;
    let [found, next] = [1, 0];
    pending[0] = start;
    labels[start] = label;
    while (next < found) {
      const at = pending[next++]!;
      const [x, y] = [at % width, Math.floor(at / width)];
      for (let row = Math.max(0, y - 1); row <= Math.min(height - 1, y + 1); row++) {
        for (let column = Math.max(0, x - 1); column <= Math.min(width - 1, x + 1); column++) {
          const to = row * width + column;
          if (mask[to] === 0 || labels[to] !== 0) continue;
          labels[to] = label;
          pending[found++] = to;
        }
      }
    }
    if (found >= smallest) areas.push(found);
    else for (let i = 0; i < found; i++) labels[pending[i]!] = DROPPED;
  }
  for (let i = 0; i < labels.length; i++) if (labels[i] === DROPPED) labels[i] = 0;
  return { width, height, labels, areas };
}

/** Marks pixels of pieces that are too small, so that they are not visited again. */
const DROPPED = 0xffffffff;

/** Sums of the contest's measures; those of several images are added. */
export interface ObjectCounts {
  /** Predicted objects that cover more than half of a true object. */
  truePositives: number;
  falsePositives: number;
  /** True objects that no true positive stands for. */
  falseNegatives: number;
  /** Of both sides: the sums over objects of area × Dice, of area × Hausdorff distance, and of areas. Areas in µm². */
  readonly truth: { dice: number; hausdorff: number; area: number };
  readonly predicted: { dice: number; hausdorff: number; area: number };
}

export function noObjects(): ObjectCounts {
  const zero = (): ObjectCounts['truth'] => ({ dice: 0, hausdorff: 0, area: 0 });
  return { truePositives: 0, falsePositives: 0, falseNegatives: 0, truth: zero(), predicted: zero() };
}

/** Adds the counts of other images. */
export function poolObjects(into: ObjectCounts, from: ObjectCounts): void {
  into.truePositives += from.truePositives;
  into.falsePositives += from.falsePositives;
  into.falseNegatives += from.falseNegatives;
  for (const side of ['truth', 'predicted'] as const) {
    into[side].dice += from[side].dice;
    into[side].hausdorff += from[side].hausdorff;
    into[side].area += from[side].area;
  }
}

/** The figures of all images that were added. */
export interface ObjectFigures {
  /** Of detection, 0 to 1; null without an object on either side. */
  readonly f1: number | null;
  /** 0 to 1; null without an object on either side. */
  readonly dice: number | null;
  /** µm; null without pairs of objects. */
  readonly hausdorff: number | null;
}

export function objectFigures(counts: ObjectCounts): ObjectFigures {
  const { truePositives, falsePositives, falseNegatives, truth, predicted } = counts;
  const all = 2 * truePositives + falsePositives + falseNegatives;
  const mean = (of: 'dice' | 'hausdorff'): number =>
    [truth, predicted].reduce((sum, side) => sum + (side.area === 0 ? 0 : side[of] / side.area), 0) / 2;
  return {
    f1: all === 0 ? null : (2 * truePositives) / all,
    dice: all === 0 ? null : mean('dice'),
    hausdorff: truth.area === 0 || predicted.area === 0 ? null : mean('hausdorff'),
  };
}

/**
 * Adds an image. Each object's partner is the one on the other side that it overlaps most. Without any, its Dice is 0, and
 * its Hausdorff distance is that to the nearest object by this distance. Distances are between the objects' pixels, those
 * inside included. An image with objects on one side only adds no distances, since there is nothing to measure them to.
 * @param umPerPx of the maps
 * @throws RangeError on unequal sizes
 */
export function addObjects(
  counts: ObjectCounts,
  truth: ObjectMap,
  predicted: ObjectMap,
  umPerPx: number,
): void {
  if (truth.width !== predicted.width || truth.height !== predicted.height) {
    throw new RangeError('The two maps have different sizes.');
  }
  const ofTruth = partnersOf(truth, predicted);
  const ofPredicted = partnersOf(predicted, truth);
  const found = new Set<number>();
  for (const { partner, overlap } of ofPredicted) {
    const isHit = partner !== null && overlap > 0.5 * truth.areas[partner - 1]!;
    if (isHit) found.add(partner);
    counts[isHit ? 'truePositives' : 'falsePositives']++;
  }
  counts.falseNegatives += truth.areas.length - found.size;
  const [toTruth, toPredicted] = [new ObjectDistances(truth), new ObjectDistances(predicted)];
  addSide(counts.truth, [truth, toTruth], [predicted, toPredicted], ofTruth, umPerPx);
  addSide(counts.predicted, [predicted, toPredicted], [truth, toTruth], ofPredicted, umPerPx);
}

interface Partner {
  /** Number of the object on the other side; null for none. */
  readonly partner: number | null;
  /** Pixels in both. */
  readonly overlap: number;
}

/** For each object, the one on the other side that it overlaps most; the first in a tie. */
function partnersOf(own: ObjectMap, other: ObjectMap): Partner[] {
  const overlaps = own.areas.map(() => new Map<number, number>());
  own.labels.forEach((label, i) => {
    const partner = other.labels[i]!;
    if (label === 0 || partner === 0) return;
    const shared = overlaps[label - 1]!;
    shared.set(partner, (shared.get(partner) ?? 0) + 1);
  });
  return overlaps.map((shared) =>
    [...shared].reduce<Partner>(
      (best, [partner, overlap]) => (overlap > best.overlap ? { partner, overlap } : best),
      { partner: null, overlap: 0 },
    ),
  );
}

function addSide(
  sums: ObjectCounts['truth'],
  [own, toOwn]: readonly [ObjectMap, ObjectDistances],
  [others, toOthers]: readonly [ObjectMap, ObjectDistances],
  partners: readonly Partner[],
  umPerPx: number,
): void {
  for (const [i, { partner, overlap }] of partners.entries()) {
    const pixels = own.areas[i]!;
    const area = pixels * umPerPx ** 2;
    sums.area += area;
    if (partner !== null) sums.dice += (area * 2 * overlap) / (pixels + others.areas[partner - 1]!);
    if (others.areas.length === 0) continue;
    const candidates = partner === null ? others.areas.map((_, k) => k + 1) : [partner];
    const distances = candidates.map((other) =>
      Math.max(toOthers.farthest(other, own, i + 1), toOwn.farthest(i + 1, others, other)),
    );
    sums.hausdorff += area * umPerPx * Math.min(...distances);
  }
}

/** Distances to the objects of a map. */
class ObjectDistances {
  readonly #map: ObjectMap;
  readonly #squared = new Map<number, Float64Array>();

  constructor(map: ObjectMap) {
    this.#map = map;
  }

  /** How far the farthest pixel of another map's object is from an object of this one, pixels. */
  farthest(object: number, { labels }: ObjectMap, from: number): number {
    const squared = this.#to(object);
    let farthest = 0;
    labels.forEach((label, i) => {
      if (label === from && squared[i]! > farthest) farthest = squared[i]!;
    });
    return Math.sqrt(farthest);
  }

  #to(object: number): Float64Array {
    const kept = this.#squared.get(object);
    if (kept !== undefined) return kept;
    const { labels, width, height } = this.#map;
    const isObject = Uint8Array.from(labels, (label) => (label === object ? 1 : 0));
    const squared = squaredDistances(isObject, width, height);
    this.#squared.set(object, squared);
    return squared;
  }
}
