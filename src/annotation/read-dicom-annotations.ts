/** DICOM files that are annotations: segmentations and microscopy bulk simple annotations. */
import { readDataSet, textOf } from '../slide/dicom/data-set.ts';
import { memoryByteSource } from '../slide/byte-source.ts';
import { ByteBudget } from '../slide/limits.ts';
import { AnnotationError, type AnnotatedSlide, type AnnotationFile } from './annotation-file.ts';
import { annotationStorage } from './annotation-names.ts';
import { segFrames } from './dicom-seg-frames.ts';
import { readDicomAnn } from './read-dicom-ann.ts';
import { readDicomSeg } from './read-dicom-seg.ts';

/**
 * @param file the file's name, for messages.
 * @throws AnnotationError when it is another kind of DICOM file, or one that can't be read; SlideError when it is damaged.
 */
export async function readDicomAnnotations(
  bytes: Uint8Array,
  file: string,
  slide: AnnotatedSlide | null,
): Promise<AnnotationFile> {
  const source = memoryByteSource(bytes, file);
  const budget = new ByteBudget(file);
  const { data, framePlaces, frameSegments, frameSpacing } = await readDataSet(source, budget);
  switch (textOf(data, 'x00080016')) {
    case annotationStorage.bulkAnnotations:
      return readDicomAnn(data, file, slide);
    case annotationStorage.segmentation:
    case annotationStorage.labelMap: {
      const frames = segFrames({ data, source, bytes, places: framePlaces, segments: frameSegments, budget });
      return readDicomSeg(data, frames, file, slide, frameSpacing);
    }
    default:
      throw new AnnotationError(
        file,
        'This DICOM file is neither a segmentation nor bulk annotations.',
        'Choose a DICOM SEG or ANN file; open slides by dropping them on the page.',
      );
  }
}
