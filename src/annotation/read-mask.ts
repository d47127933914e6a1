/** Index masks: images whose values are classes, of the slide's size or a whole-number reduction of it. */
import { AnnotationError, type AnnotatedSlide, type AnnotationFile } from './annotation-file.ts';
import type { Mask } from './mask-rows.ts';
import { labelOfMaskValue } from './mask-values.ts';
import { RegionList } from './region-list.ts';
import { reductionOf } from './slide-match.ts';
import { maskTracer } from './traced-mask.ts';

/** Most different values: a photograph has more, a mask has a handful. */
const maxValues = 64;

/**
 * The pieces of each value but 0 as regions along the pixels' edges, labelled by their value.
 * @param file the file's name, for messages.
 * @throws AnnotationError when the mask's size is not the slide's, or it has no value but 0.
 */
export async function readMask(
  mask: Mask,
  file: string,
  slide: AnnotatedSlide | null,
): Promise<AnnotationFile> {
  const { width, height, palette } = mask;
  const scale = slide === null ? 1 : reductionOf(width, height, slide);
  if (scale === null) {
    throw new AnnotationError(
      file,
      `The mask has ${width} × ${height} pixels, which is no whole-number fraction of ${slide?.name} with ${slide?.width} × ${slide?.height}.`,
      'Choose the mask of this slide, saved at the size of the slide or a half, third … of it.',
    );
  }
  const list = new RegionList('mask', file);
  if (scale > 1) list.note(`Each of its pixels was taken for ${scale} × ${scale} pixels of the slide.`);
  const [right, bottom] = [slide?.width ?? Infinity, slide?.height ?? Infinity];
  const placement = { left: 0, top: 0, scaleX: scale, scaleY: scale, right, bottom };
  const tracer = maskTracer(list, placement, (value) => {
    const label = labelOfMaskValue(value);
    return { id: label, label, colour: palette[value] ?? null };
  });
  const seen = new Uint8Array(256);
  await mask.rows((values) => {
    for (const value of values) seen[value] = 1;
    if (seen.reduce((sum, one) => sum + one, 0) > maxValues) {
      throw new AnnotationError(
        file,
        `It has more than ${maxValues} different values: it is a picture, not a mask of classes.`,
        'Choose a mask whose values are classes; to open the picture, drop it on the page.',
      );
    }
    tracer.row(values);
  });
  tracer.finish();
  return list.done();
}
