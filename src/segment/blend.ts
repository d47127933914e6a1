/**
 * Blending what overlapping slices say of the same pixels: their log-probabilities, weighted. All sums are of
 * whole numbers, so the result does not depend on the order of the slices.
 */
import { leastLogProbability } from '../runtime/segmenter.ts';

/** Which part of a slice lies in a piece, along one axis: its first band, its middle, its last band. */
export type Place = 0 | 1 | 2;

/** What one slice says of a piece. */
export interface Layer {
  /** Log-probabilities as `SliceMaps` has them, `width × height × classes`. */
  readonly bytes: Uint8Array;
  readonly across: Place;
  readonly down: Place;
}

export interface PieceMaps {
  readonly width: number;
  readonly height: number;
  readonly classes: Uint8Array;
  readonly confidence: Uint8Array;
}

/** Weights of two slices at a pixel add up to this; its square times a byte fits 32 bits. */
const whole = 1024;

/**
 * The class with the largest weighted sum of log-probabilities, and its share of what all classes have.
 * @param layers one per slice, in a fixed order.
 */
export function blend(width: number, height: number, layers: readonly Layer[]): PieceMaps {
  const depth = (layers[0]?.bytes.length ?? 0) / (width * height);
  const sums = zeros('sums', width * height * depth);
  const weights = zeros('weights', width * height);
  for (const { bytes, across, down } of layers) {
    const columns = ramp(width, across);
    const rows = ramp(height, down);
    for (let y = 0, pixel = 0, at = 0; y < height; y++) {
      const row = rows[y]!;
      for (let x = 0; x < width; x++, pixel++) {
        const weight = columns[x]! * row;
        weights[pixel] = weights[pixel]! + weight;
        for (const end = at + depth; at < end; at++) sums[at] = sums[at]! + weight * bytes[at]!;
      }
    }
  }
  const classes = new Uint8Array(width * height);
  const confidence = new Uint8Array(width * height);
  for (let pixel = 0, first = 0; pixel < classes.length; pixel++, first += depth) {
    let best = 0;
    let most = sums[first]!;
    for (let value = 1; value < depth; value++) {
      const sum = sums[first + value]!;
      if (sum <= most) continue;
      best = value;
      most = sum;
    }
    const steps = stepsPerByte / weights[pixel]!;
    let total = 0;
    for (let value = 0; value < depth; value++)
      total += fallen[Math.round((most - sums[first + value]!) * steps)]!;
    classes[pixel] = best;
    confidence[pixel] = Math.round(255 / total);
  }
  return { width, height, classes, confidence };
}

/** Steps of the table per step of a byte. */
const stepsPerByte = 16;

/** e to minus so many steps: how much less likely a class is than the winner, by the difference of their means. */
const fallen = Float64Array.from({ length: 255 * stepsPerByte + 1 }, (_value, i) =>
  Math.exp((leastLogProbability * i) / (255 * stepsPerByte)),
);

/** Memory for sums, used again for every piece: it is as large as the piece's log-probabilities and more. */
const scratch = { sums: new Uint32Array(0), weights: new Uint32Array(0) };

function zeros(name: keyof typeof scratch, length: number): Uint32Array {
  if (scratch[name].length < length) scratch[name] = new Uint32Array(length);
  return scratch[name].subarray(0, length).fill(0);
}

const ramps = new Map<number, Uint32Array>();

/**
 * Weights of a slice along one axis of a piece; those of the slices before and behind it add up to `whole`.
 * Everywhere in a slice's middle they are 1: nothing else is there.
 */
export function ramp(length: number, place: Place): Uint32Array {
  const key = 3 * length + place;
  const known = ramps.get(key);
  if (known !== undefined) return known;
  const weights = Uint32Array.from({ length }, (_value, i) => {
    if (place === 1) return 1;
    const share = laterShare((2 * i + 1) / length - 1);
    // Never nothing: the other slice may be missing.
    const rising = Math.max(1, Math.min(whole - 1, Math.round(whole * share)));
    return place === 0 ? rising : whole - rising;
  });
  ramps.set(key, weights);
  return weights;
}

/**
 * Share of the later slice, from the band's start (t = -1) over the border in its middle (0) to its end (1). Flat in the
 * middle: where two slices disagree, they are mostly about equally sure, and change class where the weights are
 * equal; on a straight ramp that is in the same place everywhere, a line. Flat at the ends, where the outermost pixels of a slice
 * begin to count. docs/decisions.md has what this and other shapes gave.
 */
export function laterShare(t: number): number {
  return (1 + 0.6 * t + 1.3 * t ** 3 - 0.9 * t ** 5) / 2;
}
