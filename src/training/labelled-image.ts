import { Accumulator, axisWeights } from '../slide/resample.ts';

/**
 * Slides prepared for training: pixels and classes in memory at the slice's resolution, so that a sample is a
 * copy. 12 × 10 mm at 2.4 µm/px are 20 megapixels, 80 MB.
 */

/** RGB and class per pixel, row by row, at `umPerPx`. */
export interface LabelledImage {
  readonly name: string;
  readonly width: number;
  readonly height: number;
  readonly umPerPx: number;
  /** As of the dataset's item. */
  readonly weight: number;
  /** [height, width, 3], 0 to 255. */
  readonly rgb: Uint8Array;
  /** [height, width], class index; `UNCOUNTED` where a pixel is neither drawn nor trained on. */
  readonly classes: Uint8Array;
}

/** The class of pixels that do not count: no network has so many classes. */
export const UNCOUNTED = 255;

/** A square of RGB bytes, [side, side, 3]. */
export type RgbSquare = Uint8Array<ArrayBuffer>;

/** Copies the square at (x, y) in pixels; white where it reaches over the border. */
export function cropRgb(image: LabelledImage, x: number, y: number, side: number): RgbSquare {
  const out = new Uint8Array(side * side * 3).fill(255);
  eachInside(image, x, y, side, (from, to, pixels) => {
    out.set(image.rgb.subarray(from * 3, (from + pixels) * 3), to * 3);
  });
  return out;
}

/** Copies the classes of the square at (x, y); class 0 outside. */
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
 * Classes at the middles of `side` × `side` cells of `step` pixels, the first at (x, y); class 0 outside.
 */
export function sampleClasses(
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

/** Calls `copy` for the part of each row of the square that lies inside the image. */
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
 * The image reduced by a whole factor, areas averaged; pixels over the border count as white. The result
 * covers ceil(width / factor) × ceil(height / factor).
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

const WHITE = [255, 255, 255] as const;
/** Rows that are resampled at a time, to need little memory beside the image. */
const BAND = 64;

/**
 * The smallest square that holds the whole image, from its top left corner, resampled to `side` × `side`:
 * the context of kind `slide`. Areas are averaged; what lies off the image is white, class 0.
 * @returns RGB [side, side, 3] and the classes at the pixels' middles, [side, side].
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
  const band = new Uint8ClampedArray(width * BAND * 4);
  for (let top = 0; top < height; top += BAND) {
    const rows = Math.min(BAND, height - top);
    for (let i = 0, from = top * width * 3; i < rows * width; i++, from += 3) {
      band[i * 4] = image.rgb[from]!;
      band[i * 4 + 1] = image.rgb[from + 1]!;
      band[i * 4 + 2] = image.rgb[from + 2]!;
    }
    sums.add(band, width, 0, top, width, rows, WHITE);
  }
  const rgba = sums.pixels(WHITE);
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
