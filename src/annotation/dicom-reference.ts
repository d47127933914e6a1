/** What DICOM annotations say of the image on which they were made, and how its coordinates lie on the slide. */
import type { DataSet } from 'dicom-parser';
import { itemsOf, numberOf, textOf } from '../slide/dicom/data-set.ts';
import type { AnnotatedSlide } from './annotation-file.ts';
import type { RegionList } from './region-list.ts';

const tag = {
  sopInstance: 'x00081155',
  series: 'x0020000e',
  frameOfReference: 'x00200052',
  referencedSeries: 'x00081115',
  referencedImages: 'x00081140',
  referencedInstances: 'x0008114a',
} as const;

/** Adds doubts where the file refers to another series than the slide's, and a note where that cannot be told. */
export function checkReference(data: DataSet, slide: AnnotatedSlide | null, list: RegionList): void {
  if (slide === null) return;
  const [reference] = itemsOf(data, tag.referencedSeries);
  const series = reference === undefined ? '' : textOf(reference, tag.series);
  if (series === '') return;
  const own = slide.properties.SeriesInstanceUID ?? '';
  if (own === '') {
    list.note(
      `It was made on the DICOM series ${series}; ${slide.name} does not say whether it is that one.`,
    );
  } else if (own !== series) {
    list.doubt(`It was made on the DICOM series ${series}; ${slide.name} is the series ${own}.`);
  }
}

/** The instances that the annotations were made on; empty where the file names none. */
export function referencedInstances(data: DataSet): string[] {
  const inSeries = itemsOf(data, tag.referencedSeries).flatMap((series) =>
    itemsOf(series, tag.referencedInstances),
  );
  return [...inSeries, ...itemsOf(data, tag.referencedImages)]
    .map((item) => textOf(item, tag.sopInstance))
    .filter((uid) => uid !== '');
}

/** Level-0 pixels of a place on the glass, which is in mm (PS3.3 C.7.6.2). */
export type GlassToPixels = (x: number, y: number) => readonly [x: number, y: number];

/**
 * The slide's own place on the glass. A pixel's position is that of its centre.
 * @returns null where the slide does not say it, or is not flat on the glass.
 */
export function glassToPixels({ mpp, properties }: AnnotatedSlide): GlassToPixels | null {
  const [originX = NaN, originY = NaN] = numbersOf(properties.TotalPixelMatrixOrigin);
  const cosines = numbersOf(properties.ImageOrientationSlide);
  const [rowX = NaN, rowY = NaN, , columnX = NaN, columnY = NaN] = cosines;
  if (mpp === null || ![originX, originY, rowX, rowY, columnX, columnY].every(Number.isFinite)) return null;
  // Rows and columns are at right angles.
  if (Math.abs(rowX * columnX + rowY * columnY) > 0.01 || Math.hypot(rowX, rowY) < 0.99) return null;
  return (x, y) => {
    const [dx, dy] = [x - originX, y - originY];
    return [
      ((dx * rowX + dy * rowY) * 1000) / mpp.x + 0.5,
      ((dx * columnX + dy * columnY) * 1000) / mpp.y + 0.5,
    ];
  };
}

const numbersOf = (text = ''): number[] =>
  text === '' ? [] : text.split('\\').map((part) => (part.trim() === '' ? NaN : Number(part)));

/** A doubt where the two count from different places on the glass, or the same is not known. */
export function checkFrameOfReference(data: DataSet, slide: AnnotatedSlide, list: RegionList): void {
  const [own, other] = [slide.properties.FrameOfReferenceUID ?? '', textOf(data, tag.frameOfReference)];
  if (own !== '' && other !== '' && own !== other) {
    list.doubt(`Its frame of reference is ${other}; that of ${slide.name} is ${own}.`);
  }
}

/** The meaning of the first code in a sequence; empty without one. */
export function codeMeaning(data: DataSet, sequence: string): string {
  const [code] = itemsOf(data, sequence);
  return code === undefined ? '' : textOf(code, 'x00080104');
}

/** µm per pixel of the pixel measures that all frames share; null without. */
export function sharedSpacing(data: DataSet): { readonly x: number; readonly y: number } | null {
  const [shared] = itemsOf(data, 'x52009229');
  const [measures] = shared === undefined ? [] : itemsOf(shared, 'x00289110');
  if (measures === undefined) return null;
  const [y, x] = [numberOf(measures, 'x00280030', 0), numberOf(measures, 'x00280030', 1)];
  return x !== null && y !== null && x > 0 && y > 0 ? { x: x * 1000, y: y * 1000 } : null;
}
