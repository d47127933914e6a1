/** Annotation files as bytes, of any known format, recognised by content: the one way in for the page and the commands. */
import type { AnnotatedSlide, AnnotationFile } from './annotation-file.ts';
import { checkLength, decodeText, gunzip, isGzip } from './annotation-text.ts';
import { readAnnotations } from './read-annotations.ts';

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
  checkLength(content, name);
  return readAnnotations(decodeText(content), name, slide);
}
