/**
 * COCO object detection (cocodataset.org, "Data format"): images, categories and annotations with polygons, run-length masks or
 * boxes, in pixels of the image.
 */
import { AnnotationError, type AnnotatedSlide, type AnnotationFile } from './annotation-file.ts';
import { isObject, listOf, numberOf, objectOf, textOf, type JsonObject } from './annotation-json.ts';
import { readRle } from './coco-rle.ts';
import { RegionList } from './region-list.ts';
import { boxOutline } from './shape-outlines.ts';
import { checkName, declaredScale, isNameOf, shortName } from './slide-match.ts';
import { maskTracer, TraceBudget, type MaskClass } from './traced-mask.ts';

/** Whether a document is of this kind. */
export function isCoco(json: unknown): boolean {
  return isObject(json) && Array.isArray(json.images) && Array.isArray(json.annotations);
}

/**
 * Reads the annotations of one image: the file's only one, else the one with the slide's name. The polygons of an annotation
 * are areas of their own: COCO has no holes but in masks. A box counts where there is no outline.
 * @param file the file's name, for messages.
 * @throws AnnotationError when no image has the slide's name, or nothing valid has an area.
 */
export function readCoco(json: unknown, file: string, slide: AnnotatedSlide | null): AnnotationFile {
  const list = new RegionList('coco', file);
  const document = objectOf(json);
  const image = imageOf(listOf(document.images), list, file, slide);
  const size = { width: numberOf(image.width), height: numberOf(image.height) };
  const scale = declaredScale(size, slide, list);
  const names = categoryNames(document);
  const budget = new TraceBudget(file);
  listOf(document.annotations).forEach((member, i) => {
    const annotation = objectOf(member);
    if (annotation.image_id !== undefined && textOf(annotation.image_id) !== textOf(image.id)) return;
    const id = textOf(annotation.id) || String(i + 1);
    const category = textOf(annotation.category_id);
    const label = names.get(category) ?? category;
    addAnnotation(annotation, { id, label, colour: null }, scale, list, budget);
  });
  return list.done();
}

/** @throws AnnotationError */
function imageOf(
  images: readonly unknown[],
  list: RegionList,
  file: string,
  slide: AnnotatedSlide | null,
): JsonObject {
  const [only] = images;
  const nameOf = (image: unknown): string => textOf(objectOf(image).file_name);
  if (images.length === 1) {
    checkName([nameOf(only)], slide, list);
    return objectOf(only);
  }
  const found = slide === null ? [] : images.filter((image) => isNameOf(nameOf(image), slide));
  if (found.length === 1) {
    list.note(`Of its ${images.length} images, ${shortName(nameOf(found[0]))} was read.`);
    return objectOf(found[0]);
  }
  const some = images.slice(0, 3).map((image) => shortName(nameOf(image)) || '(without a name)');
  throw new AnnotationError(
    file,
    images.length === 0
      ? 'It lists no image.'
      : `It describes ${images.length} images (${some.join(', ')}${images.length > 3 ? ', …' : ''}), and ${found.length === 0 ? 'none' : 'more than one'} is called ${slide?.name ?? 'like the slide'}.`,
    'Keep the annotations of one image, or give the image the name of the slide.',
  );
}

function categoryNames({ categories }: JsonObject): Map<string, string> {
  return new Map(
    listOf(categories)
      .map(objectOf)
      .map(({ id, name }) => [textOf(id), textOf(name)] as const)
      .filter(([, name]) => name !== ''),
  );
}

function addAnnotation(
  { segmentation, bbox }: JsonObject,
  of: MaskClass,
  scale: number,
  list: RegionList,
  budget: TraceBudget,
): void {
  const what = `Annotation ${of.id}`;
  if (isObject(segmentation)) {
    const mask = readRle(segmentation, (pixels) => {
      budget.spend(pixels);
    });
    if (typeof mask === 'string') list.refuse(of.id, `${what} ${mask}.`);
    else if (mask === null) list.leaveOut();
    else {
      const [left, top] = [mask.left * scale, mask.top * scale];
      const placement = { left, top, scaleX: scale, scaleY: scale, right: Infinity, bottom: Infinity };
      const tracer = maskTracer(list, placement, () => of);
      for (let at = 0; at < mask.map.length; at += mask.width) {
        tracer.row(mask.map.subarray(at, at + mask.width));
      }
      tracer.finish();
    }
    return;
  }
  const polygons = listOf(segmentation);
  if (polygons.length > 0) {
    for (const polygon of polygons) {
      const outer = Float64Array.from(listOf(polygon), (value) => numberOf(value) * scale);
      if (outer.length % 2 === 1) list.refuse(of.id, `${what} has an x without a y.`);
      else list.add({ ...of, outer, holes: [] }, what);
    }
    return;
  }
  const box = listOf(bbox).map((value) => numberOf(value) * scale);
  if (box.length === 0) list.leaveOut();
  else {
    const [x = NaN, y = NaN, width = NaN, height = NaN] = box;
    list.add({ ...of, outer: boxOutline(x, y, width, height), holes: [] }, what);
  }
}
