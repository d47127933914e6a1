/**
 * A slice's maps as one row of bytes: classes, confidence, and of the log-probabilities those that a neighbour is blended
 * with, in the band along the border. Pure.
 */
import type { SliceMaps } from '../runtime/segmenter.ts';

/** Side of a slice and width of its margin, in pixels of the maps, as a plan has them. */
export interface SliceShape {
  readonly sizePx: number;
  readonly marginPx: number;
}

/**
 * The bytes of a slice. Their number depends on the shape and on how many classes there are, and on nothing else.
 * @throws RangeError when the maps are of another size, or overlapping slices come without log-probabilities.
 */
export function packSlice(maps: SliceMaps, shape: SliceShape): Uint8Array<ArrayBuffer> {
  const { sizePx, marginPx } = shape;
  const { classes, confidence, logProbabilities } = maps;
  const pixels = sizePx * sizePx;
  if (classes.length !== pixels || confidence.length !== pixels) {
    throw new RangeError(`A slice has ${pixels} pixels, not ${classes.length}.`);
  }
  if (marginPx > 0 && logProbabilities === undefined) {
    throw new RangeError('Slices that overlap need log-probabilities.');
  }
  const depth = marginPx === 0 ? 0 : (logProbabilities?.length ?? 0) / pixels;
  const bytes = new Uint8Array(2 * pixels + bandPixels(shape) * depth);
  bytes.set(classes);
  bytes.set(confidence, pixels);
  let to = 2 * pixels;
  for (const { from, length } of bandRuns(shape)) {
    bytes.set(logProbabilities?.subarray(from * depth, (from + length) * depth) ?? [], to);
    to += length * depth;
  }
  return bytes;
}

/**
 * The maps in what `packSlice` gave; log-probabilities off the band are 0.
 * @returns null when the bytes are no slice of this shape.
 */
export function unpackSlice(bytes: Uint8Array, shape: SliceShape): SliceMaps | null {
  const size = shape.sizePx;
  const pixels = size * size;
  const band = bandPixels(shape);
  const depth = band === 0 ? 0 : (bytes.length - 2 * pixels) / band;
  if (bytes.length !== 2 * pixels + band * depth || !Number.isInteger(depth)) return null;
  if (band > 0 && depth < 1) return null;
  const classes = bytes.slice(0, pixels);
  const confidence = bytes.slice(pixels, 2 * pixels);
  if (depth === 0) return { size, classes, confidence };
  const logProbabilities = new Uint8Array(pixels * depth);
  let at = 2 * pixels;
  for (const { from, length } of bandRuns(shape)) {
    logProbabilities.set(bytes.subarray(at, at + length * depth), from * depth);
    at += length * depth;
  }
  return { size, classes, confidence, logProbabilities };
}

/** Pixels in the band: twice the margin wide, because a slice reaches as far over the border as its neighbour does. */
function bandPixels({ sizePx, marginPx }: SliceShape): number {
  return sizePx ** 2 - (sizePx - 4 * marginPx) ** 2;
}

/** The band as runs of pixels, row by row. */
function* bandRuns({ sizePx, marginPx }: SliceShape): Generator<{ from: number; length: number }> {
  const width = 2 * marginPx;
  if (width === 0) return;
  for (let y = 0; y < sizePx; y++) {
    const from = y * sizePx;
    if (y < width || y >= sizePx - width) yield { from, length: sizePx };
    else {
      yield { from, length: width };
      yield { from: from + sizePx - width, length: width };
    }
  }
}
