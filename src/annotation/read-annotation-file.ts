/** Annotation files as bytes, of any known format, recognised by content: the one way in for the page and the commands. */
import { hasPreamble } from '../base/dicom-start.ts';
import { TiffFile } from '../slide/tiff/tiff-file.ts';
import type { AnnotatedSlide, AnnotationFile } from './annotation-file.ts';
import { checkLength, decodeText, gunzip, isGzip } from './annotation-text.ts';
import { isPng, pngMask, tiffMask } from './mask-rows.ts';
import { readAnnotations } from './read-annotations.ts';
import { readDicomAnnotations } from './read-dicom-annotations.ts';
import { readMask } from './read-mask.ts';
import { matchedToSlide } from './slide-match.ts';

/**
 * Reads any annotation file; gzip is unpacked.
 * @param name the file's name, for messages; its extension does not matter.
 * @param slide on which the annotations should be; null where there is none.
 * @throws AnnotationError, SlideError naming the file, the problem, and the remedy.
 */
export async function readAnnotationFile(
  bytes: Uint8Array<ArrayBuffer>,
  name: string,
  slide: AnnotatedSlide | null,
): Promise<AnnotationFile> {
  const content = isGzip(bytes) ? await gunzip(bytes, name) : bytes;
  if (hasPreamble(content)) return matchedToSlide(await readDicomAnnotations(content, name, slide), slide);
  const mask = isPng(content)
    ? pngMask(content, name)
    : TiffFile.recognises(content)
      ? await tiffMask(content, name)
      : null;
  if (mask !== null) return matchedToSlide(await readMask(mask, name, slide), slide);
  checkLength(content, name);
  return readAnnotations(decodeText(content), name, slide);
}
