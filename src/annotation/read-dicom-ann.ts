/**
 * DICOM microscopy bulk simple annotations (PS3.3 A.87, C.37.1): groups of points, lines, polygons, rectangles and ellipses, in
 * pixels of the referenced image or in mm on the glass.
 */
import type { DataSet } from 'dicom-parser';
import { binaryOf, bytesOf, itemsOf, textOf } from '../slide/dicom/data-set.ts';
import { AnnotationError, type AnnotatedSlide, type AnnotationFile } from './annotation-file.ts';
import {
  checkFrameOfReference,
  checkReference,
  codeMeaning,
  labelReader,
  referencedInstances,
  type LabelReader,
} from './dicom-reference.ts';
import { RegionList } from './region-list.ts';
import { ellipseOutline } from './shape-outlines.ts';
import { slideOnGlass, type PlaceMapping } from './slide-on-glass.ts';

const tag = {
  coordinateType: 'x006a0001',
  groups: 'x006a0002',
  groupLabel: 'x006a0005',
  groupNumber: 'x0040a180',
  propertyType: 'x006a000a',
  count: 'x006a000c',
  commonZ: 'x006a0010',
  graphicType: 'x00700023',
  floats: 'x00660016',
  doubles: 'x00660022',
  indices: 'x00660040',
  pixelOrigin: 'x00480301',
} as const;

/** Points of one annotation; 0 for any number, as the index list says. */
const pointCounts: Readonly<Record<string, number>> = {
  POINT: 1,
  RECTANGLE: 4,
  ELLIPSE: 4,
  POLYLINE: 0,
  POLYGON: 0,
};

const remedy = 'Export the annotations again.';

/**
 * Reads polygons, rectangles and ellipses; points and lines have no area. A group's label, else the meaning of its type, is the
 * label of its regions.
 * @param file the file's name, for messages.
 * @throws AnnotationError when nothing valid has an area, or coordinates can't be placed on the slide.
 */
export function readDicomAnn(data: DataSet, file: string, slide: AnnotatedSlide | null): AnnotationFile {
  const list = new RegionList('dicom-ann', file);
  checkReference(data, slide, list);
  const place = placementOf(data, file, slide, list);
  const label = labelReader(data);
  itemsOf(data, tag.groups).forEach((group, i) => {
    addGroup(group, i + 1, place, list, label);
  });
  return list.done();
}

/** Level-0 pixels of a file's coordinates, and how many numbers a point has. */
interface Placement {
  readonly toPixels: PlaceMapping;
  readonly is3d: boolean;
}

/** @throws AnnotationError */
function placementOf(data: DataSet, file: string, slide: AnnotatedSlide | null, list: RegionList): Placement {
  const is3d = textOf(data, tag.coordinateType) === '3D';
  if (!is3d) {
    if (textOf(data, tag.pixelOrigin) === 'FRAME') {
      const problem = 'Its coordinates count from single frames, whose places it does not give.';
      throw new AnnotationError(file, problem, 'Export them relative to the whole image.');
    }
    const own = slide?.properties.SOPInstanceUID;
    const instances = referencedInstances(data);
    if (slide !== null && own !== undefined && instances.length > 0 && !instances.includes(own)) {
      list.doubt(
        `It was made on the DICOM instance ${instances[0]}; the full resolution of ${slide.name} is ${own}.`,
      );
    }
    return { toPixels: (x, y) => [x, y], is3d };
  }
  const toPixels = slide === null ? null : (slideOnGlass(slide)?.toPixels ?? null);
  if (slide === null || toPixels === null) {
    throw new AnnotationError(
      file,
      `Its coordinates are in mm on the glass, and ${slide?.name ?? 'the slide'} does not say where on the glass it lies.`,
      'Open the DICOM slide on which the annotations were made.',
    );
  }
  checkFrameOfReference(data, slide, list);
  return { toPixels, is3d };
}

function addGroup(
  group: DataSet,
  ordinal: number,
  { toPixels, is3d }: Placement,
  list: RegionList,
  labelOf: LabelReader,
): void {
  const graphic = textOf(group, tag.graphicType);
  const label = labelOf(group, tag.groupLabel) || codeMeaning(group, tag.propertyType, labelOf);
  const number = binaryOf(group, tag.groupNumber, 'uint16') ?? ordinal;
  const what = `Group ${number} ("${label.slice(0, 40)}")`;
  const perAnnotation = pointCounts[graphic];
  if (perAnnotation === undefined) {
    list.refuse(String(number), `${what} has the unknown graphic type "${graphic.slice(0, 20)}".`);
    return;
  }
  const values = coordinatesOf(group);
  // Where all points have one z, it is given once.
  const size = is3d && group.elements[tag.commonZ] === undefined ? 3 : 2;
  if (values === null || values.length % size !== 0) {
    list.refuse(String(number), `${what} has no coordinates, or half a point.`);
    return;
  }
  const starts = startsOf(group, values.length, perAnnotation * size, size);
  const count = binaryOf(group, tag.count, 'uint32');
  if (starts === null || (count !== null && count !== starts.length)) {
    const found = starts === null ? 'an index list that does not fit' : `${starts.length} of ${count} shapes`;
    list.refuse(String(number), `${what} has ${found}. ${remedy}`);
    return;
  }
  if (graphic === 'POINT' || graphic === 'POLYLINE') {
    list.leaveOut(starts.length);
    return;
  }
  starts.forEach((from, i) => {
    const points = placed(values, from, starts[i + 1] ?? values.length, size, toPixels);
    const outer = graphic === 'ELLIPSE' ? ellipseOf(points) : points;
    list.add(
      { id: `${number}.${i + 1}`, label, colour: null, outer, holes: [] },
      `Annotation ${i + 1} of ${what}`,
    );
  });
}

/** The group's numbers, of single or double precision; null without. */
function coordinatesOf(group: DataSet): Float64Array | null {
  const doubles = bytesOf(group, tag.doubles);
  const bytes = doubles ?? bytesOf(group, tag.floats);
  const size = doubles === null ? 4 : 8;
  if (bytes === null || bytes.length % size !== 0) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const values = new Float64Array(bytes.length / size);
  for (let i = 0; i < values.length; i++) {
    values[i] = doubles === null ? view.getFloat32(4 * i, true) : view.getFloat64(8 * i, true);
  }
  return values;
}

/** Where each annotation begins among the numbers; null for a list that does not fit. */
function startsOf(group: DataSet, length: number, each: number, size: number): number[] | null {
  if (each > 0) {
    if (length % each !== 0) return null;
    return Array.from({ length: length / each }, (_, i) => i * each);
  }
  const bytes = bytesOf(group, tag.indices);
  if (bytes === null || bytes.length % 4 !== 0) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  // They count numbers, not points, from 1.
  const starts = Array.from({ length: bytes.length / 4 }, (_, i) => view.getUint32(4 * i, true) - 1);
  const fit = starts.every(
    (start, i) => start % size === 0 && start < length && start > (i === 0 ? -1 : (starts[i - 1] ?? length)),
  );
  return fit && starts[0] === 0 ? starts : null;
}

function placed(
  values: Float64Array,
  from: number,
  to: number,
  size: number,
  toPixels: PlaceMapping,
): Float64Array {
  const points = new Float64Array(((to - from) / size) * 2);
  for (let i = from, o = 0; i < to; i += size, o += 2) {
    const [x, y] = toPixels(values[i] ?? NaN, values[i + 1] ?? NaN);
    points[o] = x;
    points[o + 1] = y;
  }
  return points;
}

/** Points of an ellipse that is given by the ends of its two axes. */
function ellipseOf(ends: Float64Array): Float64Array {
  const [ax = NaN, ay = NaN, bx = NaN, by = NaN, cx = NaN, cy = NaN, dx = NaN, dy = NaN] = ends;
  return ellipseOutline({
    x: (ax + bx) / 2,
    y: (ay + by) / 2,
    radiusX: Math.hypot(bx - ax, by - ay) / 2,
    radiusY: Math.hypot(dx - cx, dy - cy) / 2,
    rotation: Math.atan2(by - ay, bx - ax),
  });
}
