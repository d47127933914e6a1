/**
 * Places training slices and their contexts by the rules of the engine's grid, at random where the rules
 * leave room.
 */
import type { ContextKind } from '../model/config.ts';
import type { Draw, SamplingGeometry } from './sample.ts';
import type { ImageSquare } from './crops.ts';
import { ConfigError } from './training-config.ts';

/**
 * Position of a slice: `anywhere` around a drawn pixel, or on `half-steps`. The paper's authors cut slices on
 * half steps (1000 pixels, stride 500): from the image's corner, each half a slice after the previous one.
 * Drawing classes with equal weights reproduces their balancing, by which slices with rare classes appear as
 * often as others.
 */
export type SlicePlacement = 'anywhere' | 'half-steps';

/**
 * One of the up to four slices on half steps that contain a pixel. If `span` is smaller than `side`, only a
 * part of the slice.
 * @param side of a slice at scale 1, pixels
 * @param span of the square to read: `side` times the drawn scale. A larger square is centred on the slice.
 * @returns a square that contains the pixel and may cross the image's border
 */
export function onHalfSteps(
  pixel: { readonly column: number; readonly row: number },
  side: number,
  span: number,
  { random, below }: Draw,
): ImageSquare {
  const along = (at: number): number => {
    const step = side / 2;
    const last = Math.floor(at / step);
    const start = Math.max(0, last - below(2)) * step;
    if (span >= side) return start - (span - side) / 2;
    // Inside the slice, around the pixel.
    const low = Math.max(start, at + 1 - span);
    const high = Math.min(start + side - span, at);
    return low + random() * Math.max(0, high - low);
  };
  return { x: along(pixel.column), y: along(pixel.row), span };
}

/**
 * Position of a region: `anywhere` around its slice, so that few slides give many regions, or on the
 * `lattice` from the image's corner that the engine uses. On the lattice, small images are seen whole, as in
 * use.
 */
export type RegionPlacement = 'anywhere' | 'lattice';

/** Whether the context is a wide field that needs a position. */
export function isPlaced(kind: ContextKind): boolean {
  return kind === 'region' || kind === 'centred';
}

/**
 * Left and top of a slice's context, in slice pixels.
 * @param span side of the context to read, slice pixels
 * @param side of the lattice's regions, slice pixels; null for `anywhere`
 * @param below draws an integer from 0 to n - 1
 */
export function contextCorner(
  kind: ContextKind,
  slice: ImageSquare,
  span: number,
  side: number | null,
  below: (n: number) => number,
): [left: number, top: number] {
  const room = span - slice.span;
  if (kind === 'centred') return [slice.x - room / 2, slice.y - room / 2];
  if (side === null) return [slice.x - below(room + 1), slice.y - below(room + 1)];
  // As much of the region as the scale allows, including the slice. At scale 1, the whole region.
  const draw = (from: number): number => {
    const start = Math.floor(from / side) * side;
    const low = Math.max(from - room, Math.min(start, start + side - span));
    const high = Math.min(from, Math.max(start, start + side - span));
    return low + (below(1001) / 1000) * Math.max(0, high - low);
  };
  return [draw(slice.x), draw(slice.y)];
}

/**
 * Moves a slice into the image and into the lattice region of its pixel.
 * @param side of the lattice's regions; null without regions, so that only the image bounds the slice
 */
export function insideRegion(
  { x, y, span }: ImageSquare,
  pixel: { readonly column: number; readonly row: number },
  image: { readonly width: number; readonly height: number },
  side: number | null,
): ImageSquare {
  const move = (from: number, at: number, size: number): number => {
    const start = side === null ? 0 : Math.floor(at / side) * side;
    const end = side === null ? size : Math.min(start + side, size);
    return Math.max(start, Math.min(from, end - span));
  };
  return { x: move(x, pixel.column, image.width), y: move(y, pixel.row, image.height), span };
}

/**
 * Slice pixels per context pixel.
 * @throws ConfigError when a context pixel does not cover a whole number of slice pixels.
 */
export function contextFactor(geometry: SamplingGeometry): number {
  const { contextKind, contextFieldUm, contextPx, sliceFieldUm, slicePx } = geometry;
  if (contextFieldUm === null || contextPx === null || contextKind === 'slide') return 1;
  const factor = contextFieldUm / contextPx / (sliceFieldUm / slicePx);
  const whole = Math.round(factor);
  if (whole < 1 || Math.abs(factor - whole) > 1e-6) {
    throw new ConfigError(
      `A context pixel must cover a whole number of slice pixels, not ${String(factor)}.`,
      'Change the sizes or fields in "geometry".',
    );
  }
  return whole;
}
