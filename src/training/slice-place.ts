/** Where a training slice lies round the pixel that was drawn for it. */
import type { Draw } from './draw.ts';
import type { ImageSquare } from './scaled-crop.ts';

/**
 * `anywhere` with the pixel inside of it; or on `half-steps`, as the paper's authors cut slices (1000 pixels, stride 500): from the
 * image's corner, each half a slice after the one before. With classes drawn in equal shares that is their screening: slices
 * that hold rare classes come as often as the others.
 */
export type SlicePlacement = 'anywhere' | 'half-steps';

/**
 * One of the up to four slices on half steps that hold a pixel, and within it the part that is read at a smaller scale.
 * @param side of a slice at its own scale, pixels
 * @param span of what is read: `side` times the drawn scale; round the slice's middle where it is larger
 * @returns a square that holds the pixel; it may reach over the image's border
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
    // What is read lies in the slice and holds the pixel.
    const low = Math.max(start, at + 1 - span);
    const high = Math.min(start + side - span, at);
    return low + random() * Math.max(0, high - low);
  };
  return { x: along(pixel.column), y: along(pixel.row), span };
}
