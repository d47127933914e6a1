/** Annotations as DICOM microscopy bulk simple annotations (PS3.3 A.87): polygons in pixels of the slide, a group per label. */
import type { AnnotatedRegion, AnnotatedSlide } from './annotation-file.ts';
import { annotationStorage } from './annotation-names.ts';
import { dicomFile, newUid, type DicomElement } from './dicom-encoding.ts';
import {
  algorithmItem,
  classCode,
  commonModules,
  referencedImage,
  shortText,
  tissueCategory,
  type DicomAlgorithm,
} from './dicom-modules.ts';

export interface WrittenAnnotations {
  readonly file: Blob;
  /** Holes that were filled: the format has none. */
  readonly filledHoles: number;
}

/** @param slide a DICOM slide, see `isDicomSlide`. @param algorithm what made them; null for people. */
export function writeDicomAnn(
  regions: readonly Pick<AnnotatedRegion, 'label' | 'outer' | 'holes'>[],
  slide: AnnotatedSlide,
  {
    date = new Date(),
    algorithm = null,
  }: { readonly date?: Date; readonly algorithm?: DicomAlgorithm | null } = {},
): WrittenAnnotations {
  const outlines = new Map<string, Float64Array[]>();
  for (const { label, outer } of regions) {
    const own = outlines.get(label);
    if (own === undefined) outlines.set(label, [outer]);
    else own.push(outer);
  }
  const labels = [...outlines.keys()];
  const groups = labels.map((label, i) => groupOf(label, i + 1, outlines.get(label) ?? [], algorithm));
  const content = {
    slide,
    sopClass: annotationStorage.bulkAnnotations,
    modality: 'ANN' as const,
    label: 'ANNOTATIONS',
    description: 'Research use only',
    date,
  };
  return {
    filledHoles: regions.reduce((sum, { holes }) => sum + holes.length, 0),
    file: dicomFile([
      ...commonModules(content),
      [0x00081140, 'SQ', [referencedImage(slide)]],
      [0x00480301, 'CS', 'VOLUME'],
      [0x006a0001, 'CS', '2D'],
      [0x006a0002, 'SQ', groups],
    ]),
  };
}

function groupOf(
  label: string,
  number: number,
  outlines: readonly Float64Array[],
  algorithm: DicomAlgorithm | null,
): readonly DicomElement[] {
  const starts: number[] = [];
  let length = 0;
  for (const outline of outlines) {
    // They count numbers, not points, from 1.
    starts.push(length + 1);
    length += outline.length;
  }
  const values = new Float64Array(length);
  outlines.forEach((outline, i) => values.set(outline, (starts[i] ?? 1) - 1));
  return [
    [0x0040a180, 'US', [number]],
    [0x00660022, 'OD', values],
    [0x00660040, 'OL', starts],
    [0x006a0003, 'UI', newUid()],
    [0x006a0005, 'LO', shortText(label)],
    [0x006a0007, 'CS', algorithm === null ? 'MANUAL' : 'AUTOMATIC'],
    ...(algorithm === null ? [] : [[0x006a0008, 'SQ', [algorithmItem(algorithm)]] as const]),
    [0x006a0009, 'SQ', [tissueCategory]],
    [0x006a000a, 'SQ', [classCode(number, label)]],
    [0x006a000c, 'UL', [outlines.length]],
    [0x006a000d, 'CS', 'YES'],
    [0x00700023, 'CS', 'POLYGON'],
  ];
}
