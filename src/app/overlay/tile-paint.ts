/**
 * Paints a part of the overlay, pixel by pixel. Pure, without a canvas, so that a worker does it.
 *
 * Borders between classes are smooth: each class's share around a point is a weighted mean of the map's pixels (a blur, then a
 * quadratic B-spline), and the class with the largest share wins. Where the two largest are equal runs the border; its distance
 * is their difference over the slope of that difference, which is exact next to it.
 */
import type { Affine } from '../viewer/affine.ts';
import { noClass, noSlice } from './map-window.ts';
import type { MapWindow } from './map-window.ts';

/** Pixels of the map that a point depends on, on each side. */
export const windowMargin = 4;

/** Bytes R, G, B, A in memory order. 0 is transparent. */
export type Rgba = number;

export interface HatchTable {
  /** Coverage of a square of the pattern, 0 to 255, row by row; one per kind in use. */
  readonly masks: readonly Uint8Array<ArrayBuffer>[];
  /** Side of the square, device pixels. */
  readonly period: number;
  /** Index of the mask by class value; 255 for none. */
  readonly maskOf: Uint8Array<ArrayBuffer>;
  /** By class value. */
  readonly colours: Uint32Array<ArrayBuffer>;
}

/** What is painted, as plain data. */
export interface PaintStyle {
  /** Opaque colours of class values, or of confidence values; null for no fill. */
  readonly fill: Uint32Array<ArrayBuffer> | null;
  readonly confidence: boolean;
  /** Opaque colours of class values; null for no outline. */
  readonly lines: Uint32Array<ArrayBuffer> | null;
  /** Device pixels. */
  readonly lineWidth: number;
  /** 0 to 1. */
  readonly lineOpacity: number;
  readonly hatch: HatchTable | null;
}

export interface TileJob {
  readonly window: MapWindow;
  /** Pixels of the picture to pixels of the window. */
  readonly toWindow: Affine;
  readonly width: number;
  readonly height: number;
  /** Whether the window is at the map's own resolution, whose steps are seen when its pixels are enlarged. */
  readonly isFinest: boolean;
  /** The picture's position in the pattern of hatches, device pixels. */
  readonly originX: number;
  readonly originY: number;
}

/** RGBA, not premultiplied; null for nothing. */
export interface TilePicture {
  readonly fill: Uint8ClampedArray<ArrayBuffer> | null;
  readonly marks: Uint8ClampedArray<ArrayBuffer> | null;
}

/** A soft rim, dark around light colours and light around dark ones, keeps lines visible on any ground. */
const rimWidth = 1;
const rimOpacity = 0.45;

function rimOf(colour: Rgba): Rgba {
  return 2 * red(colour) + 5 * green(colour) + blue(colour) < 8 * 80 ? 0xffffffff : 0xff101010;
}

export function paintTile(job: TileJob, style: PaintStyle): TilePicture {
  const { window, width, height } = job;
  const fill = style.fill === null ? null : new Uint32Array(width * height);
  const marks = style.lines === null && style.hatch === null ? null : new Uint32Array(width * height);
  const { a, b, c, d, e, f } = job.toWindow;
  const blur = job.isFinest && Math.hypot(a, b) < 1 ? strongBlur : lightBlur;
  const mixed = mixedPixels(window, blur.length);
  const border = new BorderFinder(window, job.toWindow, blur);
  const { classes } = window;
  let anyFill = false;
  let anyMark = false;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const u = a * (x + 0.5) + c * (y + 0.5) + e;
      const v = b * (x + 0.5) + d * (y + 0.5) + f;
      const i = Math.floor(u);
      const j = Math.floor(v);
      if (i < 0 || j < 0 || i >= window.width || j >= window.height) continue;
      const own = classes[j * window.width + i] ?? noSlice;
      if (own === noSlice) continue;
      if (mixed[j * window.width + i] === 1) border.find(u, v);
      else border.none(own);
      const { winner, second, distance } = border;
      const at = y * width + x;
      if (fill !== null && style.fill !== null) {
        const pixel = style.confidence
          ? winner === noClass
            ? 0
            : (style.fill[confidenceAt(window, u, v)] ?? 0)
          : mixColours(style.fill[winner] ?? 0, style.fill[second] ?? 0, distance);
        if (pixel !== 0) {
          fill[at] = pixel;
          anyFill = true;
        }
      }
      if (marks !== null) {
        const pixel = markAt(job, style, x, y, border);
        if (pixel !== 0) {
          marks[at] = pixel;
          anyMark = true;
        }
      }
    }
  }
  return {
    fill: fill !== null && anyFill ? new Uint8ClampedArray(fill.buffer) : null,
    marks: marks !== null && anyMark ? new Uint8ClampedArray(marks.buffer) : null,
  };
}

/** Hatch of the class, and outline above it. */
function markAt(
  { originX, originY }: TileJob,
  { hatch, lines, lineWidth, lineOpacity }: PaintStyle,
  x: number,
  y: number,
  { winner, second, distance }: BorderFinder,
): Rgba {
  let pixel: Rgba = 0;
  if (hatch !== null) {
    const mask = hatch.masks[hatch.maskOf[winner] ?? noClass];
    if (mask !== undefined) {
      const { period } = hatch;
      const column = (((originX + x) % period) + period) % period;
      const row = (((originY + y) % period) + period) % period;
      // Smooth at the class's border.
      const inside = Math.min(1, distance + 0.5);
      pixel = withAlpha(hatch.colours[winner] ?? 0, (inside * (mask[row * period + column] ?? 0)) / 255);
    }
  }
  const half = lineWidth / 2;
  if (lines === null || distance >= half + rimWidth + 0.5) return pixel;
  const colour = (lines[winner] ?? 0) !== 0 ? (lines[winner] ?? 0) : (lines[second] ?? 0);
  if (colour === 0) return pixel;
  const within = (width: number): number => Math.min(1, Math.max(0, width + 0.5 - distance));
  const rim = withAlpha(rimOf(colour), within(half + rimWidth) * rimOpacity * lineOpacity);
  const line = withAlpha(colour, within(half) * Math.min(1, lineWidth) * lineOpacity);
  return over(line, over(rim, pixel));
}

/** Finds the border next to a point. One object per picture, so that a pixel allocates nothing. */
class BorderFinder {
  /** The class at the point. */
  winner = 0;
  /** The class across the border. */
  second = 0;
  /** Device pixels to the border; Infinity if it is far. */
  distance = Infinity;
  readonly #window: MapWindow;
  readonly #to: Affine;
  readonly #blur: Blur;
  readonly #weightsX = new Float64Array(7);
  readonly #weightsY = new Float64Array(7);
  readonly #slopesX = new Float64Array(7);
  readonly #slopesY = new Float64Array(7);
  readonly #share = new Float64Array(256);
  readonly #shareX = new Float64Array(256);
  readonly #shareY = new Float64Array(256);
  readonly #met = new Uint8Array(49);

  constructor(window: MapWindow, to: Affine, blur: Blur) {
    this.#window = window;
    this.#to = to;
    this.#blur = blur;
  }

  /** The point is far from any border. */
  none(own: number): void {
    this.winner = this.second = own;
    this.distance = Infinity;
  }

  /** @param u position in the window, pixels @param v as `u` */
  find(u: number, v: number): void {
    const { width, height, classes } = this.#window;
    const i = Math.floor(u);
    const j = Math.floor(v);
    const reach = this.#blur.length;
    const taps = 2 * reach + 1;
    weigh(u - i - 0.5, this.#blur, this.#weightsX, this.#slopesX);
    weigh(v - j - 0.5, this.#blur, this.#weightsY, this.#slopesY);
    const share = this.#share;
    const shareX = this.#shareX;
    const shareY = this.#shareY;
    let met = 0;
    for (let dj = 0; dj < taps; dj++) {
      const y = j + dj - reach;
      if (y < 0 || y >= height) continue;
      const weightY = this.#weightsY[dj] ?? 0;
      const slopeY = this.#slopesY[dj] ?? 0;
      for (let di = 0; di < taps; di++) {
        const x = i + di - reach;
        if (x < 0 || x >= width) continue;
        const value = classes[y * width + x] ?? noSlice;
        if (value === noSlice) continue;
        const weightX = this.#weightsX[di] ?? 0;
        let known = false;
        for (let k = 0; k < met; k++) if (this.#met[k] === value) known = true;
        if (!known) {
          this.#met[met++] = value;
          share[value] = shareX[value] = shareY[value] = 0;
        }
        share[value] = (share[value] ?? 0) + weightX * weightY;
        shareX[value] = (shareX[value] ?? 0) + (this.#slopesX[di] ?? 0) * weightY;
        shareY[value] = (shareY[value] ?? 0) + weightX * slopeY;
      }
    }
    let first = this.#met[0] ?? 0;
    let next = -1;
    for (let k = 1; k < met; k++) {
      const value = this.#met[k] ?? 0;
      if ((share[value] ?? 0) > (share[first] ?? 0)) {
        next = first;
        first = value;
      } else if (next < 0 || (share[value] ?? 0) > (share[next] ?? 0)) next = value;
    }
    if (next < 0) {
      this.none(first);
      return;
    }
    this.winner = first;
    this.second = next;
    const slopeU = (shareX[first] ?? 0) - (shareX[next] ?? 0);
    const slopeV = (shareY[first] ?? 0) - (shareY[next] ?? 0);
    const { a, b, c, d } = this.#to;
    const slope = Math.hypot(slopeU * a + slopeV * b, slopeU * c + slopeV * d);
    this.distance = slope < 1e-12 ? Infinity : ((share[first] ?? 0) - (share[next] ?? 0)) / slope;
  }
}

/** Shares of a pixel itself, of its next neighbours, and so on; twice all but the first add up to 1. */
type Blur = readonly number[];
const lightBlur: Blur = [0.75, 0.125];
/** Binomial: takes away steps of one pixel. */
const strongBlur: Blur = [6 / 16, 4 / 16, 1 / 16];

/**
 * Weights of the pixels in a row that a point depends on, and their derivatives: the blur of a quadratic B-spline.
 * @param t from the middle pixel's centre, −0.5 to 0.5
 * @param weights of 2 × `blur.length` + 1 pixels
 */
function weigh(t: number, blur: Blur, weights: Float64Array, slopes: Float64Array): void {
  weights.fill(0);
  slopes.fill(0);
  const reach = blur.length;
  const spline = [0.5 * (0.5 - t) ** 2, 0.75 - t * t, 0.5 * (0.5 + t) ** 2] as const;
  const slope = [t - 0.5, -2 * t, t + 0.5] as const;
  for (let k = 0; k < 3; k++) {
    for (let by = 1 - reach; by < reach; by++) {
      const at = reach + k - 1 + by;
      const share = blur[Math.abs(by)] ?? 0;
      weights[at] = (weights[at] ?? 0) + share * (spline[k] ?? 0);
      slopes[at] = (slopes[at] ?? 0) + share * (slope[k] ?? 0);
    }
  }
}

/** 1 for pixels that have another value within `reach` pixels across or down. */
function mixedPixels({ width, height, classes }: MapWindow, reach: number): Uint8Array {
  // Squares of 2 × 2 that are not of one value, then all pixels near one.
  const corners = new Uint8Array(width * height);
  for (let y = 0; y + 1 < height; y++) {
    for (let x = 0; x + 1 < width; x++) {
      const at = y * width + x;
      const value = classes[at];
      if (value !== classes[at + 1] || value !== classes[at + width] || value !== classes[at + width + 1]) {
        corners[at] = 1;
      }
    }
  }
  const across = new Uint8Array(width * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      if (corners[y * width + x] === 0) continue;
      const end = Math.min(width - 1, x + reach);
      for (let near = Math.max(0, x - reach + 1); near <= end; near++) across[y * width + near] = 1;
    }
  }
  const mixed = new Uint8Array(width * height);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      if (across[y * width + x] === 0) continue;
      const end = Math.min(height - 1, y + reach);
      for (let near = Math.max(0, y - reach + 1); near <= end; near++) mixed[near * width + x] = 1;
    }
  }
  return mixed;
}

/** Confidence between the centres of pixels, 0 to 255. */
function confidenceAt({ width, height, confidence }: MapWindow, u: number, v: number): number {
  if (confidence === null) return 0;
  const x = Math.min(width - 1.001, Math.max(0, u - 0.5));
  const y = Math.min(height - 1.001, Math.max(0, v - 0.5));
  const at = Math.floor(y) * width + Math.floor(x);
  const right = x - Math.floor(x);
  const down = y - Math.floor(y);
  const above = (confidence[at] ?? 0) * (1 - right) + (confidence[at + 1] ?? 0) * right;
  const below = (confidence[at + width] ?? 0) * (1 - right) + (confidence[at + width + 1] ?? 0) * right;
  return Math.round(above * (1 - down) + below * down);
}

const red = (pixel: Rgba): number => pixel & 255;
const green = (pixel: Rgba): number => (pixel >>> 8) & 255;
const blue = (pixel: Rgba): number => (pixel >>> 16) & 255;
const alpha = (pixel: Rgba): number => pixel >>> 24;

function rgba(r: number, g: number, b: number, opacity: number): Rgba {
  return ((opacity << 24) | (b << 16) | (g << 8) | r) >>> 0;
}

/** @param opacity 0 to 1, of an opaque colour */
function withAlpha(colour: Rgba, opacity: number): Rgba {
  const value = Math.round(255 * opacity);
  return value === 0 || colour === 0 ? 0 : ((colour & 0xffffff) | (value << 24)) >>> 0;
}

/** The fill of a pixel that a border may cross. */
function mixColours(own: Rgba, other: Rgba, distance: number): Rgba {
  if (distance >= 0.5 || own === other) return own;
  const share = 0.5 + distance;
  if (own === 0) return withAlpha(other, 1 - share);
  if (other === 0) return withAlpha(own, share);
  const mix = (one: number, two: number): number => Math.round(one * share + two * (1 - share));
  return rgba(mix(red(own), red(other)), mix(green(own), green(other)), mix(blue(own), blue(other)), 255);
}

function over(top: Rgba, bottom: Rgba): Rgba {
  if (bottom === 0 || alpha(top) === 255) return top;
  if (top === 0) return bottom;
  const a1 = alpha(top) / 255;
  const a2 = (alpha(bottom) / 255) * (1 - a1);
  const whole = a1 + a2;
  const mix = (one: number, two: number): number => Math.round((one * a1 + two * a2) / whole);
  return rgba(
    mix(red(top), red(bottom)),
    mix(green(top), green(bottom)),
    mix(blue(top), blue(bottom)),
    Math.round(255 * whole),
  );
}
