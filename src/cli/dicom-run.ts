/** Writes annotations as DICOM, with the writers that the page uses. */
import { readFile } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { lockOf, withOutputLock } from '../base/output-lock.node.ts';
import { replaceFile } from '../base/replace-file.node.ts';
import {
  AnnotationError,
  labelCounts,
  paintedAreas,
  requireAllRegions,
  type AnnotatedRegion,
} from '../annotation/annotation-file.ts';
import { isDicomSlide, type DicomAlgorithm } from '../annotation/dicom-modules.ts';
import { rasterise } from '../annotation/rasterise.ts';
import { readAnnotationFile } from '../annotation/read-annotation-file.ts';
import { writeDicomAnn } from '../annotation/write-dicom-ann.ts';
import { canHaveSegmentation, MapDicomSeg } from '../export/map-dicom-seg.ts';
import type { SlideMetadata } from '../slide/slide.ts';
import { CommandError } from './command.ts';
import { createFolder } from './create-folder.ts';
import { codeVersion } from './package-info.ts';
import { rejectTaken } from './taken-output.ts';
import { warn } from './terminal.ts';

export type DicomKind = 'seg' | 'ann';

export interface DicomCall {
  /** A file of annotations. */
  readonly annotations: string;
  readonly format: DicomKind;
  readonly out: string;
  /** Of a segmentation. */
  readonly umPerPx?: number;
  /** What made the annotations; absent for people. */
  readonly algorithm?: string;
  readonly overwrite?: boolean;
}

export interface WrittenDicom {
  readonly slide: string;
  readonly format: DicomKind;
  readonly out: string;
  readonly bytes: number;
  readonly regions: number;
  readonly classes: readonly string[];
  /** Of a segmentation: its size in pixels, and µm per pixel; else null. */
  readonly map: { readonly width: number; readonly height: number; readonly umPerPx: number } | null;
  /** Holes that were filled: bulk annotations have none. */
  readonly filledHoles: number;
}

/** Values of a class map, without the background. */
const mostClasses = 254;

/**
 * @throws CommandError for a slide that no DICOM file can refer to, an output that exists or can't be written;
 * AnnotationError for annotations that can't all be read, or of another slide.
 */
export async function writeDicom(slide: SlideMetadata, call: DicomCall): Promise<WrittenDicom> {
  const { format, out, overwrite = false } = call;
  if (format === 'seg' ? !canHaveSegmentation(slide) : !isDicomSlide(slide)) {
    const problem = isDicomSlide(slide)
      ? 'Does not say where it lies on the glass, which a segmentation repeats. Write --format ann.'
      : 'Is no DICOM slide, to which DICOM annotations refer. Give the files of a DICOM slide.';
    throw new CommandError(`${slide.name}: ${problem}`);
  }
  if (!overwrite) await rejectTaken(out);
  const regions = await regionsOf(call.annotations, slide);
  const classes = [...labelCounts(regions).keys()];
  const algorithm: DicomAlgorithm | null =
    call.algorithm === undefined ? null : { name: call.algorithm, version: await codeVersion() };
  const umPerPx = call.umPerPx ?? Math.max(1, slide.mpp?.x ?? 1, slide.mpp?.y ?? 1);
  const made =
    format === 'seg'
      ? segmentationOf(regions, classes, slide, umPerPx, algorithm)
      : { ...writeDicomAnn(regions, slide, { algorithm }), map: null };
  if (made.filledHoles > 0) {
    warn(
      `${out}: ${made.filledHoles} ${made.filledHoles === 1 ? 'hole was' : 'holes were'} filled: DICOM ANN has none.`,
    );
  }
  const bytes = new Uint8Array(await made.file.arrayBuffer());
  await createFolder(dirname(out));
  await withOutputLock(lockOf(out), async () => {
    // Someone else may have written it since.
    if (!overwrite) await rejectTaken(out);
    await replaceFile(out, bytes);
  });
  const { map, filledHoles } = made;
  return {
    ...{ slide: slide.name, format, out, bytes: bytes.length, regions: regions.length, classes },
    ...{ map, filledHoles },
  };
}

/** All regions of a file, with a label each. */
async function regionsOf(path: string, slide: SlideMetadata): Promise<readonly AnnotatedRegion[]> {
  const bytes = await readFile(path).catch(() => null);
  if (bytes === null) throw new CommandError(`${path}: Can't be read. Check the path.`);
  const file = basename(path);
  const { regions, refused, notes, doubts, offSlide } = await readAnnotationFile(
    new Uint8Array(bytes),
    file,
    slide,
  );
  requireAllRegions(refused, file);
  const check = 'Check that the annotations were made on this slide, at its full resolution.';
  if (regions.length === 0) throw new AnnotationError(file, 'It has no regions.', 'Give another file.');
  if (offSlide === regions.length) throw new AnnotationError(file, doubts.join(' '), check);
  for (const note of notes) warn(`${file}: ${note}`);
  for (const doubt of doubts) warn(`${file}: ${doubt} ${check}`);
  return regions.map((region) => ({ ...region, label: region.label || 'unknown' }));
}

/** Painted in order: later regions lie over earlier ones. */
function segmentationOf(
  regions: readonly AnnotatedRegion[],
  labels: readonly string[],
  slide: SlideMetadata,
  umPerPx: number,
  algorithm: DicomAlgorithm | null,
): { readonly file: Blob; readonly filledHoles: number; readonly map: WrittenDicom['map'] } {
  if (labels.length > mostClasses)
    throw new CommandError(
      `${slide.name}: The annotations have ${labels.length} classes; a segmentation takes ${mostClasses}.`,
    );
  const { x, y } = slide.mpp!;
  const [scaleX, scaleY] = [umPerPx / x, umPerPx / y];
  const [width, height] = [Math.ceil(slide.width / scaleX), Math.ceil(slide.height / scaleY)];
  const background = { name: 'background', colour: '#ffffff', background: true };
  const seg = new MapDicomSeg({
    ...{ slide, width, height, scaleX, scaleY, algorithm },
    classes: [background, ...labels.map((name) => ({ name, colour: '#000000', background: false }))],
    description: 'Research use only',
  });
  const numbers = new Map(labels.map((label, i) => [label, i + 1]));
  const areas = paintedAreas(regions, (label) => numbers.get(label) ?? null).map((area) => ({
    area,
    ...rowsOf(area.outer),
  }));
  for (let row = 0; row < height; row += seg.stripRows) {
    const rows = Math.min(seg.stripRows, height - row);
    const rect = { x: 0, y: row * scaleY, width: width * scaleX, height: rows * scaleY };
    const here = areas.filter(({ top, bottom }) => bottom >= rect.y && top <= rect.y + rect.height);
    seg.push(
      rasterise(
        here.map(({ area }) => area),
        rect,
        width,
        rows,
      ),
    );
  }
  const file = seg.finish();
  if (file === null) {
    const problem = `Its regions cover no pixel at ${umPerPx} µm per pixel.`;
    throw new CommandError(`${slide.name}: ${problem} Give a smaller --um-per-px.`);
  }
  return { file, filledHoles: 0, map: { width, height, umPerPx } };
}

/** Least and greatest y of an outline. */
function rowsOf(outline: ArrayLike<number>): { readonly top: number; readonly bottom: number } {
  let [top, bottom] = [Infinity, -Infinity];
  for (let i = 1; i < outline.length; i += 2) {
    top = Math.min(top, outline[i]!);
    bottom = Math.max(bottom, outline[i]!);
  }
  return { top, bottom };
}
