/**
 * Annotations of the Digital Slide Archive and HistomicsUI (large_image's annotation schema): elements in level-0 pixels, one
 * annotation or a list of them, alone or as the server returns them.
 */
import { AnnotationError, type AnnotationFile } from './annotation-file.ts';
import { cssColour, listOf, numberOf, objectOf, textOf, type JsonObject } from './annotation-json.ts';
import { RegionList } from './region-list.ts';
import { ellipseOutline, rectangleOutline } from './shape-outlines.ts';

/** Elements without an area, and images that lie elsewhere. */
const withoutArea: ReadonlySet<string> = new Set([
  ...['point', 'arrow', 'heatmap', 'griddata', 'image', 'pixelmap'],
]);

/** The annotations of a document; none where it is of another kind. */
function annotationsOf(json: unknown): JsonObject[] {
  const members = Array.isArray(json) ? (json as unknown[]) : [json];
  return members.flatMap((member) => {
    const one = objectOf(member);
    return [one, objectOf(one.annotation)].filter(({ elements }) => Array.isArray(elements));
  });
}

/** Whether a document is of this kind. */
export function isDsa(json: unknown): boolean {
  return annotationsOf(json).length > 0;
}

/**
 * Reads closed polylines, rectangles, ellipses and circles. An element's group, else its label, else its annotation's name is
 * the label: HistomicsTK goes by the group.
 * @param file the file's name, for messages.
 * @throws AnnotationError when nothing valid has an area.
 */
export function readDsa(json: unknown, file: string): AnnotationFile {
  const list = new RegionList('dsa', file);
  const annotations = annotationsOf(json);
  if (annotations.length === 0) {
    throw new AnnotationError(file, 'It has no list of elements.', 'Export it again from the archive.');
  }
  let ordinal = 0;
  for (const annotation of annotations) {
    for (const member of listOf(annotation.elements)) {
      const number = String(++ordinal);
      const element = objectOf(member);
      const type = textOf(element.type);
      const id = textOf(element.id) || number;
      const what = `Element ${number}`;
      const outer = outlineOf(element, type);
      if (outer === null) {
        if (withoutArea.has(type) || type === 'polyline') list.leaveOut();
        else list.refuse(id, `${what} is of the unknown type "${type.slice(0, 40)}".`);
        continue;
      }
      const label = textOf(element.group) || textOf(objectOf(element.label).value) || textOf(annotation.name);
      const holes = type === 'polyline' ? listOf(element.holes).map(pointsOf) : [];
      list.add({ id, label, colour: cssColour(element.lineColor), outer, holes }, what);
    }
  }
  return list.done();
}

/** Null for an element without an area, or of an unknown type; NaN where the file gives no number. */
function outlineOf(element: JsonObject, type: string): Float64Array | null {
  const [x, y] = listOf(element.center).map(numberOf);
  const rotation = element.rotation === undefined ? 0 : numberOf(element.rotation);
  const shape = {
    x: x ?? NaN,
    y: y ?? NaN,
    radiusX: numberOf(element.width) / 2,
    radiusY: numberOf(element.height) / 2,
    rotation,
  };
  switch (type) {
    case 'polyline':
      return element.closed === true ? pointsOf(element.points) : null;
    case 'rectangle':
    case 'rectanglegrid':
      return rectangleOutline(shape);
    case 'ellipse':
      return ellipseOutline(shape);
    case 'circle': {
      const radius = numberOf(element.radius);
      return ellipseOutline({ ...shape, radiusX: radius, radiusY: radius, rotation: 0 });
    }
    default:
      return null;
  }
}

/** Coordinates of x, y, z; NaN where one is not a number. */
function pointsOf(points: unknown): Float64Array {
  const list = listOf(points);
  const outline = new Float64Array(list.length * 2);
  list.forEach((point, i) => {
    const [x, y] = listOf(point);
    outline[2 * i] = numberOf(x);
    outline[2 * i + 1] = numberOf(y);
  });
  return outline;
}
