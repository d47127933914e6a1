/** Where a DICOM slide lies on the glass (PS3.3 C.7.6.2, C.8.12.4), by its own properties. */
import type { AnnotatedSlide } from './annotation-file.ts';

/** Level-0 pixels of a place on the glass, which is in mm, or the reverse. */
export type PlaceMapping = (x: number, y: number) => readonly [x: number, y: number];

/** Where a slide lies on the glass: places in mm from level-0 pixels and back. A pixel's position is that of its centre. */
export interface SlideOnGlass {
  readonly toPixels: PlaceMapping;
  readonly toGlass: PlaceMapping;
  /** Cosines of the directions of rows and columns, six numbers. */
  readonly orientation: readonly number[];
}

/** @returns null where the slide does not say it, or is not flat on the glass. */
export function slideOnGlass({
  mpp,
  properties,
}: Pick<AnnotatedSlide, 'mpp' | 'properties'>): SlideOnGlass | null {
  const [originX = NaN, originY = NaN] = numbersOf(properties.TotalPixelMatrixOrigin);
  const cosines = numbersOf(properties.ImageOrientationSlide);
  const [rowX = NaN, rowY = NaN, , columnX = NaN, columnY = NaN] = cosines;
  if (mpp === null || ![originX, originY, rowX, rowY, columnX, columnY].every(Number.isFinite)) return null;
  // Rows and columns are at right angles.
  if (Math.abs(rowX * columnX + rowY * columnY) > 0.01 || Math.hypot(rowX, rowY) < 0.99) return null;
  return {
    orientation: cosines,
    toPixels: (x, y) => {
      const [dx, dy] = [x - originX, y - originY];
      return [
        ((dx * rowX + dy * rowY) * 1000) / mpp.x + 0.5,
        ((dx * columnX + dy * columnY) * 1000) / mpp.y + 0.5,
      ];
    },
    toGlass: (x, y) => {
      const [along, down] = [((x - 0.5) * mpp.x) / 1000, ((y - 0.5) * mpp.y) / 1000];
      return [originX + along * rowX + down * columnX, originY + along * rowY + down * columnY];
    },
  };
}

const numbersOf = (text = ''): number[] =>
  text === '' ? [] : text.split('\\').map((part) => (part.trim() === '' ? NaN : Number(part)));
