/**
 * ASAP XML (Computational Pathology Group, Radboud UMC), as in the CAMELYON data sets: Annotations >
 * Annotation > Coordinates > Coordinate Order, X, Y in level-0 pixels. An annotation's group is its label.
 */
import {
  AnnotationError,
  isCoordinate,
  requireAllRegions,
  type AnnotatedRegion,
  type AnnotationFile,
  type RefusedRegion,
} from './annotation-file.ts';
import { attribute, coordinate, nodeOf, nodesOf, parseXml, type XmlNode } from './annotation-xml.ts';

const remedy = 'Choose an annotation file saved by ASAP (XML).';

/** Kinds with an area. A spline becomes the polygon of its control points, which it passes through. */
const areaTypes = ['polygon', 'rectangle', 'spline'];

/**
 * Reads ASAP XML. Regions with invalid coordinates are refused one by one.
 * @param file the file's name, for messages.
 * @throws AnnotationError when the text is not ASAP's XML, or nothing valid has an area.
 */
export function readAsap(xml: string, file: string): AnnotationFile {
  const document = parseXml(xml, file, ['Annotation', 'Coordinate'], remedy);
  if (document.ASAP_Annotations === undefined) {
    throw new AnnotationError(file, 'It has no <ASAP_Annotations>.', remedy);
  }
  const annotations = nodesOf(nodeOf(document.ASAP_Annotations).Annotations).flatMap((holder) =>
    nodesOf(holder.Annotation),
  );
  const refused: RefusedRegion[] = [];
  const regions = annotations.flatMap((annotation, at) => readRegion(annotation, at + 1, refused));
  if (regions.length === 0) {
    requireAllRegions(refused, file);
    throw new AnnotationError(file, 'It has no region with an area.', 'Draw a polygon or rectangle.');
  }
  const leftOut = annotations.length - regions.length - refused.length;
  return { format: 'asap', mpp: null, regions, leftOut, refused, notes: [], doubts: [], offSlide: 0 };
}

function readRegion(annotation: XmlNode, ordinal: number, refused: RefusedRegion[]): AnnotatedRegion[] {
  const id = attribute(annotation, 'Name').trim() || String(ordinal);
  const points = nodesOf(annotation.Coordinates)
    .flatMap((holder) => nodesOf(holder.Coordinate))
    .map((point) => ({
      order: coordinate(point, 'Order'),
      x: coordinate(point, 'X'),
      y: coordinate(point, 'Y'),
    }));
  if (!points.every(({ x, y }) => isCoordinate(x) && isCoordinate(y))) {
    refused.push({ id, problem: `Region "${id}" has a coordinate without a valid number for X or Y.` });
    return [];
  }
  const type = attribute(annotation, 'Type').toLowerCase();
  if (!areaTypes.includes(type) || points.length < 3) return [];
  // File order applies where numbers are missing.
  if (points.every(({ order }) => Number.isFinite(order))) points.sort((a, b) => a.order - b.order);
  const group = attribute(annotation, 'PartOfGroup').trim();
  // ASAP numbers annotations itself; a custom name is as good as a group.
  const name = /^Annotation \d+$/i.test(id) || id === String(ordinal) ? '' : id;
  const colour = attribute(annotation, 'Color').trim();
  return [
    {
      id,
      label: group === '' || group === 'None' ? name : group,
      colour: /^#[0-9a-f]{6}$/i.test(colour) ? colour : null,
      outer: Float64Array.from(points.flatMap(({ x, y }) => [x, y])),
      holes: [],
    },
  ];
}
