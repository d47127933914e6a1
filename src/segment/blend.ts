/**
 * Blending what overlapping slices say of the same pixels: their log-probabilities, weighted. All sums are of
 * whole numbers, so the result does not depend on the order of the slices.
 */
import { natsPerSquare } from '../runtime/relative-logits.ts';

/** Which part of a slice lies in a piece, along one axis: its first band, its middle, its last band. */
export type Place = 0 | 1 | 2;

/** What one slice says of a piece. */
export interface BlendLayer {
  /** Log-probabilities as `SliceMaps` has them, the class fastest; the piece's own or those of the whole slice. */
  readonly bytes: Uint8Array;
  /** Where the piece's first row begins in `bytes`, and from one row to the next. */
  readonly first: number;
  readonly stride: number;
  readonly across: Place;
  readonly down: Place;
}

export interface PieceMaps {
  readonly width: number;
  readonly height: number;
  readonly classes: Uint8Array;
  readonly confidence: Uint8Array;
}

/** Weights of two slices at a pixel add up to this. */
const whole = 1024;

/**
 * The class whose log-probability is the largest, weighted over the slices, and its share of what all classes have.
 * @param depth number of classes.
 * @param layers one per slice, in a fixed order.
 * @returns maps whose memory the next call uses again: copy what is needed of them first.
 */
export function blend(
  width: number,
  height: number,
  depth: number,
  layers: readonly BlendLayer[],
): PieceMaps {
  const pixels = width * height;
  if (memory.classes.length < pixels) {
    memory.classes = new Uint8Array(pixels);
    memory.confidence = new Uint8Array(pixels);
  }
  // Row by row: the sums of a whole piece would not stay in the processor's nearest memory.
  if (memory.sums.length < width * depth) memory.sums = new Float64Array(width * depth);
  if (memory.weights.length < width) memory.weights = new Int32Array(width);
  const classes = memory.classes.subarray(0, pixels);
  const confidence = memory.confidence.subarray(0, pixels);
  const columns = layers.map(({ across }) => ramp(width, across));
  const rows = layers.map(({ down }) => ramp(height, down));
  for (let y = 0; y < height; y++) {
    memory.sums.fill(0, 0, width * depth);
    memory.weights.fill(0, 0, width);
    for (let i = 0; i < layers.length; i++) {
      const { bytes, first, stride } = layers[i]!;
      addToRow(memory.sums, memory.weights, bytes, first + y * stride, depth, columns[i]!, rows[i]![y]!);
    }
    decideRow(memory.sums, memory.weights, depth, width, y * width, classes, confidence);
  }
  return { width, height, classes, confidence };
}

/** Memory that every piece uses again; sums and weights are those of one row. */
const memory = {
  sums: new Float64Array(0),
  weights: new Int32Array(0),
  classes: new Uint8Array(0),
  confidence: new Uint8Array(0),
};

/** Adds a layer's share of a row. @param at where the row begins in `bytes`. */
function addToRow(
  sums: Float64Array,
  weights: Int32Array,
  bytes: Uint8Array,
  at: number,
  depth: number,
  columns: Int32Array,
  row: number,
): void {
  for (let x = 0, to = 0; x < columns.length; x++) {
    const weight = columns[x]! * row;
    weights[x] = weights[x]! + weight;
    for (const end = to + depth; to < end; to++, at++) sums[to] = sums[to]! + weight * squares[bytes[at]!]!;
  }
}

/** Winner and confidence of a row's pixels, written from `pixel` on. */
function decideRow(
  sums: Float64Array,
  weights: Int32Array,
  depth: number,
  width: number,
  pixel: number,
  classes: Uint8Array,
  confidence: Uint8Array,
): void {
  let weight = 0;
  let steps = 0;
  for (let x = 0, first = 0; x < width; x++, pixel++, first += depth) {
    const end = first + depth;
    let best = first;
    let least = sums[first]!;
    for (let at = first + 1; at < end; at++) {
      const sum = sums[at]!;
      if (sum >= least) continue;
      best = at;
      least = sum;
    }
    // Mostly the same along a row: dividing takes long.
    if (weights[x] !== weight) {
      weight = weights[x]!;
      steps = (stepsPerNat * natsPerSquare) / weight;
    }
    let total = 0;
    // Rounds, as nothing here is negative.
    for (let at = first; at < end; at++) total += fallen[((sums[at]! - least) * steps + 0.5) | 0]!;
    classes[pixel] = best - first;
    confidence[pixel] = 255 / total + 0.5;
  }
}

/** By byte: how far below the winner, in units of `natsPerSquare`. Whole numbers: their sums are exact. */
const squares = Int32Array.from({ length: 256 }, (_value, byte) => (255 - byte) ** 2);

/** Steps of the table. */
const stepsPerNat = 128;

/** e to minus so many steps: how much less likely a class is than the winner, by the difference of their means. */
const fallen = Float64Array.from(
  { length: Math.ceil(255 ** 2 * natsPerSquare) * stepsPerNat + 1 },
  (_value, i) => Math.exp(-i / stepsPerNat),
);

const ramps = new Map<number, Int32Array>();

/**
 * Weights of a slice along one axis of a piece; those of the slices before and behind it add up to `whole`.
 * Everywhere in a slice's middle they are 1: nothing else is there.
 */
export function ramp(length: number, place: Place): Int32Array {
  const key = 3 * length + place;
  const known = ramps.get(key);
  if (known !== undefined) return known;
  const weights = Int32Array.from({ length }, (_value, i) => {
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
 * begin to count. docs/decisions/0010 has what this and other shapes gave.
 */
export function laterShare(t: number): number {
  return (1 + 0.6 * t + 1.3 * t ** 3 - 0.9 * t ** 5) / 2;
}
