/** Squares of a labelled image: copied, scaled, reduced by an integer factor, or the whole image. */
import { axisWeights } from '../slide/axis-weights.ts';
import { Accumulator } from '../slide/resample.ts';
import type { LabelledImage } from './labelled-image.ts';

/** A square of RGB bytes, [side, side, 3]. */
export type RgbSquare = Uint8Array<ArrayBuffer>;

/** Copies the square at pixel (x, y). White outside the image. */
export function cropRgb(image: LabelledImage, x: number, y: number, side: number): RgbSquare {
  const out = new Uint8Array(side * side * 3).fill(255);
  eachInside(image, x, y, side, (from, to, pixels) => {
    out.set(image.rgb.subarray(from * 3, (from + pixels) * 3), to * 3);
  });
  return out;
}

/** Copies the classes of the square at pixel (x, y), [side, side]. Class 0 outside the image. */
export function cropClasses(
  image: LabelledImage,
  x: number,
  y: number,
  side: number,
): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(side * side);
  eachInside(image, x, y, side, (from, to, pixels) => {
    out.set(image.classes.subarray(from, from + pixels), to);
  });
  return out;
}

/**
 * Classes at the centres of `side` × `side` cells of `step` pixels, the first at (x, y). Class 0 outside the
 * image.
 */
export function classesAtCentres(
  { width, height, classes }: LabelledImage,
  x: number,
  y: number,
  side: number,
  step: number,
): Uint8Array<ArrayBuffer> {
  const out = new Uint8Array(side * side);
  const middle = step >> 1;
  for (let row = 0; row < side; row++) {
    const from = y + row * step + middle;
    if (from < 0 || from >= height) continue;
    for (let column = 0; column < side; column++) {
      const at = x + column * step + middle;
      if (at >= 0 && at < width) out[row * side + column] = classes[from * width + at]!;
    }
  }
  return out;
}

/** Calls `copy` for the part of each row of the square that is inside the image. */
function eachInside(
  { width, height }: LabelledImage,
  x: number,
  y: number,
  side: number,
  copy: (from: number, to: number, pixels: number) => void,
): void {
  const left = Math.max(0, x);
  const pixels = Math.min(width, x + side) - left;
  if (pixels <= 0) return;
  for (let row = Math.max(0, y); row < Math.min(height, y + side); row++) {
    copy(row * width + left, (row - y) * side + left - x, pixels);
  }
}

/**
 * The image reduced by an integer factor, by area averaging. Pixels outside the image count as white.
 * @returns ceil(width / factor) × ceil(height / factor) pixels, without classes
 */
export function reduceImage(image: LabelledImage, factor: number): LabelledImage {
  const width = Math.ceil(image.width / factor);
  const height = Math.ceil(image.height / factor);
  const rgb = new Uint8Array(width * height * 3);
  const sums = new Uint32Array(width * 3);
  const area = factor * factor;
  for (let row = 0; row < height; row++) {
    sums.fill(0);
    for (let line = row * factor; line < (row + 1) * factor; line++) {
      addLine(image, line, factor, sums);
    }
    for (let i = 0; i < sums.length; i++) rgb[row * width * 3 + i] = Math.round(sums[i]! / area);
  }
  return {
    name: image.name,
    width,
    height,
    umPerPx: image.umPerPx * factor,
    weight: image.weight,
    rgb,
    classes: new Uint8Array(0),
  };
}

function addLine(
  { width, height, rgb }: LabelledImage,
  line: number,
  factor: number,
  sums: Uint32Array,
): void {
  const columns = sums.length / 3;
  for (let column = 0; column < columns; column++) {
    for (let x = column * factor; x < (column + 1) * factor; x++) {
      const inside = x < width && line < height;
      const from = (line * width + x) * 3;
      for (let channel = 0; channel < 3; channel++) {
        sums[column * 3 + channel]! += inside ? rgb[from + channel]! : 255;
      }
    }
  }
}

const white = [255, 255, 255] as const;
/** Rows to resample at a time; limits memory. */
const rowsPerBand = 64;

/**
 * The context of kind `slide`: the smallest square that contains the whole image, from its top left corner,
 * resampled to `side` × `side` by area averaging. Outside the image it is white, class 0.
 * @returns RGB [side, side, 3] and the classes at the pixels' centres, [side, side]
 */
export function wholeImage(
  image: LabelledImage,
  side: number,
): { readonly rgb: RgbSquare; readonly classes: Uint8Array<ArrayBuffer> } {
  const { width, height } = image;
  const step = Math.max(width, height) / side;
  const sums = new Accumulator(
    axisWeights(0, step, side, width),
    axisWeights(0, step, side, height),
    side,
    side,
  );
  const band = new Uint8ClampedArray(width * rowsPerBand * 4);
  for (let top = 0; top < height; top += rowsPerBand) {
    const rows = Math.min(rowsPerBand, height - top);
    for (let i = 0, from = top * width * 3; i < rows * width; i++, from += 3) {
      band[i * 4] = image.rgb[from]!;
      band[i * 4 + 1] = image.rgb[from + 1]!;
      band[i * 4 + 2] = image.rgb[from + 2]!;
    }
    sums.add(band, width, 0, top, width, rows, white);
  }
  const rgba = sums.pixels(white);
  const rgb = new Uint8Array(side * side * 3);
  const classes = new Uint8Array(side * side);
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      const i = y * side + x;
      rgb.set(rgba.subarray(i * 4, i * 4 + 3), i * 3);
      const [column, row] = [Math.floor((x + 0.5) * step), Math.floor((y + 0.5) * step)];
      if (column < width && row < height) classes[i] = image.classes[row * width + column]!;
    }
  }
  return { rgb, classes };
}

/** A square of an image, in pixels. May start between pixels and cross the border. */
export interface ImageSquare {
  readonly x: number;
  readonly y: number;
  readonly span: number;
}

/**
 * The square scaled to `side` × `side` pixels by bilinear interpolation, [side, side, 3]. White outside the
 * image.
 */
export function scaledRgb(image: LabelledImage, square: ImageSquare, side: number): RgbSquare {
  const { x, y, span } = square;
  if (span === side && Number.isInteger(x) && Number.isInteger(y)) return cropRgb(image, x, y, side);
  const out = new Uint8Array(side * side * 3);
  const columns = neighbours(x, span, side);
  const rows = neighbours(y, span, side);
  for (let row = 0; row < side; row++) {
    const [top, down] = [rows.first[row]!, rows.share[row]!];
    for (let column = 0; column < side; column++) {
      const [left, right] = [columns.first[column]!, columns.share[column]!];
      for (let channel = 0; channel < 3; channel++) {
        const above = mix(at(image, left, top, channel), at(image, left + 1, top, channel), right);
        const below = mix(at(image, left, top + 1, channel), at(image, left + 1, top + 1, channel), right);
        out[(row * side + column) * 3 + channel] = Math.round(mix(above, below, down));
      }
    }
  }
  return out;
}

/**
 * The classes at the centres of the scaled pixels, [side, side]; never interpolated (DESIGN 4). Class 0
 * outside the image.
 */
export function scaledClasses(
  image: LabelledImage,
  square: ImageSquare,
  side: number,
): Uint8Array<ArrayBuffer> {
  const { x, y, span } = square;
  if (span === side && Number.isInteger(x) && Number.isInteger(y)) return cropClasses(image, x, y, side);
  const out = new Uint8Array(side * side);
  const step = span / side;
  for (let row = 0; row < side; row++) {
    const from = Math.floor(y + (row + 0.5) * step);
    if (from < 0 || from >= image.height) continue;
    for (let column = 0; column < side; column++) {
      const inside = Math.floor(x + (column + 0.5) * step);
      if (inside >= 0 && inside < image.width) {
        out[row * side + column] = image.classes[from * image.width + inside]!;
      }
    }
  }
  return out;
}

/**
 * For each of `side` pixels across `span`: the image pixel before its centre, and the weight of the next one.
 */
function neighbours(start: number, span: number, side: number): { first: Int32Array; share: Float32Array } {
  const first = new Int32Array(side);
  const share = new Float32Array(side);
  for (let i = 0; i < side; i++) {
    const middle = start + ((i + 0.5) * span) / side - 0.5;
    first[i] = Math.floor(middle);
    share[i] = middle - first[i]!;
  }
  return { first, share };
}

function at({ width, height, rgb }: LabelledImage, x: number, y: number, channel: number): number {
  return x < 0 || y < 0 || x >= width || y >= height ? 255 : rgb[(y * width + x) * 3 + channel]!;
}

function mix(a: number, b: number, share: number): number {
  return a + (b - a) * share;
}
