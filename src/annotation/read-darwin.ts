/** Darwin JSON of V7 (version 2.0, and 1.0): polygons as paths by the even-odd rule, boxes, ellipses, raster masks. */
import { type AnnotatedSlide, type AnnotationFile } from './annotation-file.ts';
import { isObject, listOf, numberOf, objectOf, textOf, type JsonObject } from './annotation-json.ts';
import { nestRings } from './nested-rings.ts';
import { RegionList } from './region-list.ts';
import { boxOutline, ellipseOutline } from './shape-outlines.ts';
import { checkName, declaredScale, isNameOf } from './slide-match.ts';
import { maskTracer, TraceBudget } from './traced-mask.ts';

/** Whether a document is of this kind. */
export function isDarwin(json: unknown): boolean {
  return isObject(json) && Array.isArray(json.annotations) && (isObject(json.item) || isObject(json.image));
}

/**
 * Reads polygons, boxes, ellipses and masks of one image. An annotation's class name is its label; lines, points and tags have
 * no area.
 * @param file the file's name, for messages.
 * @throws AnnotationError when nothing valid has an area.
 */
export function readDarwin(json: unknown, file: string, slide: AnnotatedSlide | null): AnnotationFile {
  const list = new RegionList('darwin', file);
  const document = objectOf(json);
  const image = imageOf(document, slide);
  checkName([image.file, textOf(objectOf(document.item).name)], slide, list);
  const scale = declaredScale(image, slide, list);
  const annotations = listOf(document.annotations).map(objectOf);
  const labels = new Map(annotations.map(({ id, name }) => [textOf(id), textOf(name)]));
  const budget = new TraceBudget(file);
  annotations.forEach((annotation, i) => {
    const slots = listOf(annotation.slot_names).map(textOf);
    if (image.slot !== '' && slots.length > 0 && !slots.includes(image.slot)) return;
    const id = textOf(annotation.id) || String(i + 1);
    const what = `Annotation ${i + 1} ("${textOf(annotation.name).slice(0, 40)}")`;
    if (isObject(annotation.raster_layer)) {
      const problem = addMasks(annotation.raster_layer, { image, scale, labels, list, budget });
      if (problem !== null) list.refuse(id, `${what} ${problem}.`);
      return;
    }
    // Its pixels are in a raster layer.
    if (annotation.mask !== undefined) return;
    const shapes = shapesOf(annotation, scale);
    if (shapes === null) list.refuse(id, `${what} has too many paths.`);
    else if (shapes.length === 0) list.leaveOut();
    else {
      for (const shape of shapes) {
        list.add({ id, label: textOf(annotation.name), colour: null, ...shape }, what);
      }
    }
  });
  return list.done();
}

interface DarwinImage {
  /** Empty where the file gives none. */
  readonly file: string;
  readonly slot: string;
  readonly width: number;
  readonly height: number;
}

/** The slot with the slide's name, else the first; in version 1.0 the image. */
function imageOf(document: JsonObject, slide: AnnotatedSlide | null): DarwinImage {
  const slots = listOf(objectOf(document.item).slots).map((member): DarwinImage => {
    const slot = objectOf(member);
    const [source] = listOf(slot.source_files);
    const { width, height } = slot;
    return {
      file: textOf(objectOf(source).file_name),
      slot: textOf(slot.slot_name),
      width: numberOf(width),
      height: numberOf(height),
    };
  });
  const named = slide === null ? undefined : slots.find((slot) => isNameOf(slot.file, slide));
  const { original_filename, filename, width, height } = objectOf(document.image);
  return (
    named ??
    slots[0] ?? {
      file: textOf(original_filename) || textOf(filename),
      slot: '',
      width: numberOf(width),
      height: numberOf(height),
    }
  );
}

interface Shape {
  readonly outer: Float64Array;
  readonly holes: readonly Float64Array[];
}

/** Empty for an annotation without an area; null for too many paths. NaN where the file gives no number. */
function shapesOf(annotation: JsonObject, scale: number): Shape[] | null {
  const { polygon, complex_polygon, ellipse, bounding_box } = annotation;
  const paths = isObject(polygon) ? polygon : complex_polygon;
  if (isObject(paths)) {
    const written = listOf(paths.paths ?? paths.path);
    // Version 1.0: one path, and more beside it; a complex polygon has a list of paths under the same name.
    const isOne = written.length > 0 && isObject(written[0]);
    const all = [...(isOne ? [written] : written), ...listOf(paths.additional_paths)];
    return nestRings(all.map((path) => ringOf(path, scale)));
  }
  if (isObject(ellipse)) {
    const [centre, radius] = [objectOf(ellipse.center), objectOf(ellipse.radius)];
    const outer = ellipseOutline({
      x: numberOf(centre.x) * scale,
      y: numberOf(centre.y) * scale,
      radiusX: numberOf(radius.x) * scale,
      radiusY: numberOf(radius.y) * scale,
      rotation: ellipse.angle === undefined ? 0 : numberOf(ellipse.angle),
    });
    return [{ outer, holes: [] }];
  }
  if (!isObject(bounding_box)) return [];
  const [x, y, w, h] = [bounding_box.x, bounding_box.y, bounding_box.w, bounding_box.h].map(
    (value) => numberOf(value) * scale,
  );
  return [{ outer: boxOutline(x ?? NaN, y ?? NaN, w ?? NaN, h ?? NaN), holes: [] }];
}

function ringOf(path: unknown, scale: number): Float64Array {
  const points = listOf(path).map(objectOf);
  const ring = new Float64Array(points.length * 2);
  points.forEach(({ x, y }, i) => {
    ring[2 * i] = numberOf(x) * scale;
    ring[2 * i + 1] = numberOf(y) * scale;
  });
  return ring;
}

interface MaskContext {
  readonly image: DarwinImage;
  readonly scale: number;
  /** Class names by annotation id. */
  readonly labels: ReadonlyMap<string, string>;
  readonly list: RegionList;
  readonly budget: TraceBudget;
}

/** Longest side of an image of V7. */
const isSide = (side: number): boolean => Number.isInteger(side) && side > 0 && side <= 2 ** 24;

/**
 * The masks of a raster layer: pairs of a value and how many pixels have it, row by row.
 * @returns what is wrong with it, as the end of a sentence; null for nothing.
 */
function addMasks(
  { dense_rle, mask_annotation_ids_mapping }: JsonObject,
  { image, scale, labels, list, budget }: MaskContext,
): string | null {
  const { width, height } = image;
  const runs = listOf(dense_rle).map(numberOf);
  if (!isSide(width) || !isSide(height)) return 'needs the size of its image';
  const total = runs.reduce((sum, count, i) => (i % 2 === 1 ? sum + count : sum), 0);
  const isValue = (value: number): boolean => Number.isInteger(value) && value >= 0 && value < 256;
  const areRuns = runs.every((one, i) =>
    i % 2 === 0 ? isValue(one) : Number.isSafeInteger(one) && one >= 0,
  );
  if (!areRuns || total !== width * height)
    return `has runs that do not fill its ${width} × ${height} pixels`;
  budget.spend(total);
  const ids = new Map(
    Object.entries(objectOf(mask_annotation_ids_mapping)).map(([id, value]) => [numberOf(value), id]),
  );
  const placement = { left: 0, top: 0, scaleX: scale, scaleY: scale, right: Infinity, bottom: Infinity };
  const tracer = maskTracer(list, placement, (value) => {
    const id = ids.get(value);
    return id === undefined ? null : { id, label: labels.get(id) ?? '', colour: null };
  });
  const row = new Uint8Array(width);
  let filled = 0;
  for (let i = 0; i + 1 < runs.length; i += 2) {
    for (let left = runs[i + 1] ?? 0; left > 0;) {
      const count = Math.min(left, width - filled);
      row.fill(runs[i] ?? 0, filled, filled + count);
      left -= count;
      filled += count;
      if (filled < width) continue;
      tracer.row(row);
      filled = 0;
    }
  }
  tracer.finish();
  return null;
}
