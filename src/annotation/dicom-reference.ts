/** What DICOM annotations say of the image on which they were made, and how its coordinates lie on the slide. */
import type { DataSet } from 'dicom-parser';
import { bytesOf, itemsOf, numberOf, textOf } from '../slide/dicom/data-set.ts';
import type { AnnotatedSlide } from './annotation-file.ts';
import { decodeText } from './annotation-text.ts';
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

/** A doubt where the two count from different places on the glass, or the same is not known. */
export function checkFrameOfReference(data: DataSet, slide: AnnotatedSlide, list: RegionList): void {
  const [own, other] = [slide.properties.FrameOfReferenceUID ?? '', textOf(data, tag.frameOfReference)];
  if (own !== '' && other !== '' && own !== other) {
    list.doubt(`Its frame of reference is ${other}; that of ${slide.name} is ${own}.`);
  }
}

/** Encodings by DICOM's names (PS3.3 C.12.1.1.2). */
const characterSets: Readonly<Record<string, string>> = {
  ISO_IR_192: 'utf-8',
  ISO_IR_100: 'iso-8859-1',
  ISO_IR_101: 'iso-8859-2',
  ISO_IR_109: 'iso-8859-3',
  ISO_IR_110: 'iso-8859-4',
  ISO_IR_144: 'iso-8859-5',
  ISO_IR_127: 'iso-8859-6',
  ISO_IR_126: 'iso-8859-7',
  ISO_IR_138: 'iso-8859-8',
  ISO_IR_148: 'iso-8859-9',
  ISO_IR_13: 'shift_jis',
  GB18030: 'gb18030',
  GBK: 'gbk',
};
/** Longest text that is a label. */
const maxLabelBytes = 1024;

/** Reads a text that people wrote: in the file's character set, else UTF-8 or Windows-1252. */
export type LabelReader = (data: DataSet, key: string) => string;

/** @param whole the data set that names the character set. */
export function labelReader(whole: DataSet): LabelReader {
  const name = textOf(whole, 'x00080005').replaceAll(' ', '_');
  const encoding = Object.hasOwn(characterSets, name) ? characterSets[name] : undefined;
  return (data, key) => {
    const bytes = bytesOf(data, key)
      ?.subarray(0, maxLabelBytes)
      .filter((byte) => byte !== 0);
    if (bytes === undefined) return '';
    return (encoding === undefined ? decodeText(bytes) : new TextDecoder(encoding).decode(bytes)).trim();
  };
}

/** The meaning of the first code in a sequence; empty without one. */
export function codeMeaning(data: DataSet, sequence: string, label: LabelReader): string {
  const [code] = itemsOf(data, sequence);
  return code === undefined ? '' : label(code, 'x00080104');
}

/** µm per pixel of the pixel measures that all frames share; null without. */
export function sharedSpacing(data: DataSet): { readonly x: number; readonly y: number } | null {
  const [shared] = itemsOf(data, 'x52009229');
  const [measures] = shared === undefined ? [] : itemsOf(shared, 'x00289110');
  if (measures === undefined) return null;
  const [y, x] = [numberOf(measures, 'x00280030', 0), numberOf(measures, 'x00280030', 1)];
  return x !== null && y !== null && x > 0 && y > 0 ? { x: x * 1000, y: y * 1000 } : null;
}
