/** Where a training slice's context lies: the rules of the engine's grid, with chance where it leaves room. */
import type { ContextKind } from '../model/config.ts';
import type { SamplingGeometry } from './sample.ts';
import type { ImageSquare } from './scaled-crop.ts';
import { ConfigError } from './training-config.ts';

/**
 * Where regions lie: `anywhere` with the slice inside of them, so that few slides give many; or on the
 * `lattice` from the image's corner, as the engine cuts them: small images are then seen whole, as they will be.
 */
export type RegionPlacement = 'anywhere' | 'lattice';

/** Whether the context is a wide field that has to be placed. */
export function isPlaced(kind: ContextKind): boolean {
  return kind === 'region' || kind === 'centred';
}

/**
 * Left and top of the context of a slice, in the slice's own pixels.
 * @param span side of the context, as it is read
 * @param side of the lattice's regions; null where regions lie anywhere
 * @param below draws a whole number, 0 to n - 1
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
  // As much of the region as the scale allows, with the slice inside: all of it at scale 1.
  const draw = (from: number): number => {
    const start = Math.floor(from / side) * side;
    const low = Math.max(from - room, Math.min(start, start + side - span));
    const high = Math.min(from, Math.max(start, start + side - span));
    return low + (below(1001) / 1000) * Math.max(0, high - low);
  };
  return [draw(slice.x), draw(slice.y)];
}

/**
 * Where regions lie on a lattice: moves a drawn slice into the image and the region of its pixel.
 * @param side of the lattice's regions; null where there are none, and only the image bounds the slice
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

/** @throws ConfigError when a context pixel does not cover a whole number of slice pixels. */
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
