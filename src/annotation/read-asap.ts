/**
 * ASAP XML (Computational Pathology Group, Radboud UMC), as in the CAMELYON data sets: Annotations >
 * Annotation > Coordinates > Coordinate Order, X, Y in level-0 pixels. An annotation's group is its label.
 */
import { AnnotationError, type AnnotatedRegion, type AnnotationFile } from './annotation-file.ts';
import { attribute, coordinate, nodeOf, nodesOf, parseXml, type XmlNode } from './annotation-xml.ts';

const remedy = 'Choose an annotation file saved by ASAP (XML).';

/** Kinds with an area. A spline becomes the polygon of its control points, which it passes through. */
const areaTypes = ['polygon', 'rectangle', 'spline'];

/**
 * Reads ASAP XML.
 * @param file the file's name, for messages.
 * @throws AnnotationError when the text is not ASAP's XML, a coordinate is not a number, or nothing has an
 * area.
 */
export function readAsap(xml: string, file: string): AnnotationFile {
  const document = parseXml(xml, file, ['Annotation', 'Coordinate'], remedy);
  if (document.ASAP_Annotations === undefined) {
    throw new AnnotationError(file, 'It has no <ASAP_Annotations>.', remedy);
  }
  const annotations = nodesOf(nodeOf(document.ASAP_Annotations).Annotations).flatMap((holder) =>
    nodesOf(holder.Annotation),
  );
  const regions = annotations.flatMap((annotation, at) => readRegion(annotation, at + 1, file));
  if (regions.length === 0) {
    throw new AnnotationError(file, 'It has no region with an area.', 'Draw a polygon or rectangle.');
  }
  return { format: 'asap', mpp: null, regions, leftOut: annotations.length - regions.length };
}

function readRegion(annotation: XmlNode, ordinal: number, file: string): AnnotatedRegion[] {
  const id = attribute(annotation, 'Name').trim() || String(ordinal);
  const points = nodesOf(annotation.Coordinates)
    .flatMap((holder) => nodesOf(holder.Coordinate))
    .map((point) => ({
      order: coordinate(point, 'Order'),
      x: coordinate(point, 'X'),
      y: coordinate(point, 'Y'),
    }));
  if (points.some(({ x, y }) => !Number.isFinite(x + y))) {
    throw new AnnotationError(
      file,
      `Region "${id}" has a coordinate without a number for X or Y.`,
      'Correct or remove the region.',
    );
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
