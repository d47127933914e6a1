/**
 * Aperio ImageScope XML: hand-drawn regions, in level-0 pixels.
 *
 * The format has no public schema; this reads what ImageScope 12 writes: Annotations > Annotation (a layer) >
 * Regions > Region > Vertices > Vertex X, Y. HALO (.annotations) writes the same with V for Vertex, and shapes by name.
 */
import {
  AnnotationError,
  isCoordinate,
  requireAllRegions,
  type AnnotatedRegion,
  type AnnotationFile,
  type RefusedRegion,
} from './annotation-file.ts';
import { edgesOfRings, type Edges } from '../base/polygon.ts';
import { attribute, coordinate, nodeOf, nodesOf, parseXml, type XmlNode } from './annotation-xml.ts';
import type { ClassPolygon } from './rasterise.ts';
import { boxOutline, ellipseOutline } from './shape-outlines.ts';

/** One drawn shape, with its properties in the file. */
export interface ImageScopeRegion {
  /** The file's own Id of the region, and its number in the file, counted from 1. */
  readonly id: string;
  readonly ordinal: number;
  /** Number of its layer (Annotation) in the file, counted from 0. */
  readonly layer: number;
  /** The layer's Name, else the Name of its first Attribute; empty without one. */
  readonly layerName: string;
  /** `#rrggbb` of the layer; null without one. */
  readonly colour: string | null;
  /**
   * The first Attribute's Value, else Text; trimmed. Empty when the region has neither, or the word `null`,
   * which some programs write for an empty label.
   */
  readonly label: string;
  readonly shape: 'polygon' | 'rectangle' | 'ellipse' | 'other';
  /** Cut out of the regions of its layer. */
  readonly isNegative: boolean;
  /** Outline with alternating x and y in level-0 pixels; ellipses as polygons. */
  readonly points: Float64Array;
}

export interface ImageScopeAnnotations {
  /** µm per level-0 pixel from the file; null without one. */
  readonly mpp: number | null;
  readonly regions: readonly ImageScopeRegion[];
  readonly refused: readonly RefusedRegion[];
}

const shapes: Readonly<Record<string, ImageScopeRegion['shape']>> = {
  '0': 'polygon',
  '1': 'rectangle',
  '2': 'ellipse',
  polygon: 'polygon',
  rectangle: 'rectangle',
  ellipse: 'ellipse',
};

/** Whether a text is ImageScope's or HALO's: ASAP has an element of the same name. */
export function isImageScope(xml: string): boolean {
  return /<Annotations\b/.test(xml) && !/<ASAP_Annotations\b/.test(xml);
}

/**
 * Reads ImageScope XML region by region, without interpretation. Regions with invalid coordinates are refused one by
 * one.
 * @param file the file's name, for messages.
 * @throws AnnotationError when the text is not XML or not ImageScope's.
 */
export function parseImageScope(xml: string, file: string): ImageScopeAnnotations {
  const lists = ['Annotation', 'Region', 'Vertex', 'V', 'Attribute', 'Attributes'];
  const root = parseXml(xml, file, lists, remedy).Annotations;
  if (root === undefined) throw new AnnotationError(file, 'It has no <Annotations>.', remedy);
  const mppText = attribute(nodeOf(root), 'MicronsPerPixel');
  const mpp = Number(mppText);
  const regions: ImageScopeRegion[] = [];
  const refused: RefusedRegion[] = [];
  nodesOf(nodeOf(root).Annotation).forEach((annotation, layer) => {
    const of = { layerName: layerName(annotation), colour: lineColour(annotation) };
    for (const holder of nodesOf(annotation.Regions)) {
      for (const region of nodesOf(holder.Region)) {
        const read = readRegion(region, layer, regions.length + refused.length + 1);
        if (read.points.every(isCoordinate)) regions.push({ ...of, ...read });
        else refused.push({ id: read.id, problem: invalidVertex(read.id) });
      }
    }
  });
  return { mpp: mppText !== '' && mpp > 0 && mpp < Infinity ? mpp : null, regions, refused };
}

function invalidVertex(id: string): string {
  return `Region ${id} has a vertex without a valid number for X or Y.`;
}

const remedy = 'Choose an annotation file saved by Aperio ImageScope or HALO (XML).';

function layerName(annotation: XmlNode): string {
  const [first] = nodesOf(annotation.Attributes).flatMap((holder) => nodesOf(holder.Attribute));
  const name = first === undefined ? '' : attribute(first, 'Name').trim();
  // ImageScope gives every layer a field called Description.
  return attribute(annotation, 'Name').trim() || (name === 'Description' ? '' : name);
}

/** Windows' order: blue is the highest byte. */
function lineColour(annotation: XmlNode): string | null {
  const number = Number(attribute(annotation, 'LineColor') || NaN);
  if (!Number.isInteger(number)) return null;
  const channels = [number, number >> 8, number >> 16].map((each) => (each & 255).toString(16));
  return `#${channels.map((each) => each.padStart(2, '0')).join('')}`;
}

function readRegion(
  region: XmlNode,
  layer: number,
  ordinal: number,
): Omit<ImageScopeRegion, 'layerName' | 'colour'> {
  const id = attribute(region, 'Id') || String(ordinal);
  const vertices = nodesOf(region.Vertices).flatMap((holder) => [
    ...nodesOf(holder.Vertex),
    ...nodesOf(holder.V),
  ]);
  const drawn = new Float64Array(vertices.length * 2);
  vertices.forEach((vertex, i) => {
    drawn[2 * i] = coordinate(vertex, 'X');
    drawn[2 * i + 1] = coordinate(vertex, 'Y');
  });
  const shape = shapes[(attribute(region, 'Type') || '0').toLowerCase()] ?? 'other';
  const attributes = nodesOf(region.Attributes).flatMap((holder) => nodesOf(holder.Attribute));
  const value = attributes[0] ? attribute(attributes[0], 'Value').trim() : '';
  const label = value || attribute(region, 'Text').trim();
  return {
    id,
    ordinal,
    layer,
    label: label === 'null' ? '' : label,
    shape,
    isNegative: attribute(region, 'NegativeROA') === '1',
    points: shape === 'ellipse' ? ellipse(drawn) : shape === 'rectangle' ? rectangle(drawn) : drawn,
  };
}

/** Most holes of all regions together, and pairs of regions that are compared: far more than anybody draws. */
const maxHoles = 1_000_000;
const maxPairs = 200_000_000;

/**
 * The regions as areas, in file order. A negative region is a hole in every region of its layer that it may
 * touch. Shapes without an area (rulers, arrows, two points) are skipped.
 * @throws AnnotationError when negative regions and others are so many that the holes would fill the memory.
 */
function areasOf(
  { regions }: ImageScopeAnnotations,
  file: string,
): (ImageScopeRegion & { holes: Float64Array[] })[] {
  const areas = regions
    .filter((region) => region.shape !== 'other' && region.points.length >= 6)
    .map((region) => ({ region, edges: edgesOfRings([region.points]) }));
  const negative = new Map<number, typeof areas>();
  for (const area of areas) {
    const { layer, isNegative } = area.region;
    if (!isNegative) continue;
    const own = negative.get(layer);
    if (own === undefined) negative.set(layer, [area]);
    else own.push(area);
  }
  let pairs = 0;
  let count = 0;
  return areas
    .filter(({ region }) => !region.isNegative)
    .map(({ region, edges }) => {
      const others = negative.get(region.layer) ?? [];
      pairs += others.length;
      const holes = pairs > maxPairs ? [] : others.filter((other) => edgesIntersect(other.edges, edges));
      count += holes.length;
      if (pairs > maxPairs || count > maxHoles) {
        throw new AnnotationError(
          file,
          'It has too many negative regions: every one is a hole in many others.',
          'Split it into layers or files.',
        );
      }
      return { ...region, holes: holes.map((other) => other.region.points) };
    });
}

function edgesIntersect(a: Edges, b: Edges): boolean {
  return a.left <= b.right && b.left <= a.right && a.top <= b.bottom && b.top <= a.bottom;
}

/**
 * Reads ImageScope XML as labelled areas. A region without a label takes that of its layer.
 * @throws AnnotationError as `parseImageScope`, and when nothing has an area.
 */
export function readImageScopeFile(xml: string, file: string): AnnotationFile {
  const read = parseImageScope(xml, file);
  const areas = areasOf(read, file);
  if (areas.length === 0) {
    requireAllRegions(read.refused, file);
    throw new AnnotationError(file, 'It has no region with an area.', 'Draw one.');
  }
  const negative = read.regions.filter((region) => region.isNegative).length;
  return {
    format: 'imagescope',
    mpp: read.mpp,
    leftOut: read.regions.length - negative - areas.length,
    refused: read.refused,
    notes: [],
    doubts: [],
    offSlide: 0,
    regions: areas.map(({ id, label, layerName, colour, points, holes }): AnnotatedRegion => ({
      id,
      label: label || layerName,
      colour,
      outer: points,
      holes,
    })),
  };
}

/** Class index by label in lower case. */
export type LabelClasses = Readonly<Record<string, number>>;

/**
 * The regions as painted areas, in file order: later ones paint over earlier ones.
 * @throws AnnotationError for a refused region, and for one whose label is not in `labels`, naming file, region and
 * label.
 */
export function toClassPolygons(
  annotations: ImageScopeAnnotations,
  labels: LabelClasses,
  file: string,
): ClassPolygon[] {
  requireAllRegions(annotations.refused, file);
  return areasOf(annotations, file).map(({ id, label, points, holes }) => {
    const name = label.toLowerCase();
    if (!Object.hasOwn(labels, name)) {
      throw new AnnotationError(
        file,
        `Region ${id} has the unknown label "${label}".`,
        `Known labels: ${Object.keys(labels).join(', ')}.`,
      );
    }
    return { classIndex: labels[name]!, outer: points, holes };
  });
}

/**
 * Reads ImageScope XML as painted areas of `classNames`: a label is a class name in any case. Index 0 is the
 * area outside all regions and is not a label.
 * @throws AnnotationError as `parseImageScope` and `toClassPolygons`.
 */
export function readImageScope(xml: string, file: string, classNames: readonly string[]): ClassPolygon[] {
  const labels = Object.fromEntries(
    classNames.slice(1).map((name, i) => [name.toLowerCase(), i + 1] as const),
  );
  return toClassPolygons(parseImageScope(xml, file), labels, file);
}

/** Corners of the vertices' bounding box: ImageScope stores two or four of them. */
function rectangle(drawn: Float64Array): Float64Array {
  if (drawn.length < 4) return drawn;
  const { left, top, right, bottom } = edgesOfRings([drawn]);
  return boxOutline(left, top, right - left, bottom - top);
}

/** The ellipse in the vertices' bounding box. */
function ellipse(drawn: Float64Array): Float64Array {
  if (drawn.length < 4) return drawn;
  const { left, top, right, bottom } = edgesOfRings([drawn]);
  return ellipseOutline({
    x: (left + right) / 2,
    y: (top + bottom) / 2,
    radiusX: (right - left) / 2,
    radiusY: (bottom - top) / 2,
  });
}
