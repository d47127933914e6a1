/**
 * Aperio ImageScope XML: regions drawn by people, in level-0 pixels.
 *
 * The format has no public schema; what is read here is what ImageScope 12 writes: Annotations >
 * Annotation (a layer) > Regions > Region > Vertices > Vertex X, Y.
 */
import { XMLParser, XMLValidator } from 'fast-xml-parser';
import type { ClassPolygon } from './rasterise.ts';

/** One drawn shape, with what the file says of it. */
export interface ImageScopeRegion {
  /** The file's own Id of the region, and its place in the file from 1 on. */
  readonly id: string;
  readonly ordinal: number;
  /** Place of its layer (Annotation) in the file, from 0 on. */
  readonly layer: number;
  /**
   * The first Attribute's Value, else Text; trimmed. Empty when the region has neither, or the word
   * `null`, which some programs write for nothing.
   */
  readonly label: string;
  readonly shape: 'polygon' | 'rectangle' | 'ellipse' | 'other';
  /** Cut out of the regions of its layer. */
  readonly isNegative: boolean;
  /** x and y by turns, level-0 pixels: the outline, ellipses as polygons. */
  readonly points: Float64Array;
}

export interface ImageScopeAnnotations {
  /** µm per level-0 pixel as the file says; null when it doesn't. */
  readonly mpp: number | null;
  readonly regions: readonly ImageScopeRegion[];
}

/** What is wrong with an annotation file: which file, what, and what to do. */
export class AnnotationError extends Error {
  override readonly name = 'AnnotationError';
  constructor(
    readonly file: string,
    readonly problem: string,
    readonly remedy: string,
  ) {
    super(`${file}: ${problem} ${remedy}`);
  }
}

const shapes: Readonly<Record<string, ImageScopeRegion['shape']>> = {
  '0': 'polygon',
  '1': 'rectangle',
  '2': 'ellipse',
};

type Node = Readonly<Record<string, unknown>>;

/**
 * Reads ImageScope XML. Entities are left as they stand but for XML's own five; no document type is
 * looked at, so nothing outside of the text is ever read.
 * @param file the file's name, for messages.
 * @throws AnnotationError when the text is not XML or not ImageScope's.
 */
export function parseImageScope(xml: string, file: string): ImageScopeAnnotations {
  const remedy = 'Give an annotation file saved by Aperio ImageScope (XML).';
  // A document type could define entities; ImageScope writes none.
  if (/<!DOCTYPE|<!ENTITY/i.test(xml)) {
    throw new AnnotationError(file, 'The XML has a document type declaration, which is not read.', remedy);
  }
  const valid = XMLValidator.validate(xml);
  if (valid !== true) {
    throw new AnnotationError(file, `It is not well-formed XML: ${valid.err.msg}`, remedy);
  }
  const parser = new XMLParser({
    ignoreAttributes: false,
    attributeNamePrefix: '',
    parseAttributeValue: false,
    processEntities: false,
    isArray: (name) => ['Annotation', 'Region', 'Vertex', 'Attribute', 'Attributes'].includes(name),
  });
  const root = (parser.parse(xml) as Node).Annotations;
  if (root === undefined) throw new AnnotationError(file, 'It holds no <Annotations>.', remedy);
  const mppText = text(nodeOf(root), 'MicronsPerPixel');
  const mpp = Number(mppText);
  const regions: ImageScopeRegion[] = [];
  nodesOf(nodeOf(root).Annotation).forEach((annotation, layer) => {
    for (const holder of nodesOf(annotation.Regions)) {
      for (const region of nodesOf(holder.Region)) {
        regions.push(readRegion(region, layer, regions.length + 1, file));
      }
    }
  });
  return { mpp: mppText !== '' && mpp > 0 ? mpp : null, regions };
}

function readRegion(region: Node, layer: number, ordinal: number, file: string): ImageScopeRegion {
  const id = text(region, 'Id') || String(ordinal);
  const vertices = nodesOf(region.Vertices).flatMap((holder) => nodesOf(holder.Vertex));
  const drawn = new Float64Array(vertices.length * 2);
  vertices.forEach((vertex, i) => {
    drawn[2 * i] = coordinate(vertex, 'X');
    drawn[2 * i + 1] = coordinate(vertex, 'Y');
  });
  if (drawn.some(Number.isNaN)) {
    throw new AnnotationError(
      file,
      `Region ${id} has a vertex without a number for X or Y.`,
      'Mend or remove the region.',
    );
  }
  const shape = shapes[text(region, 'Type') || '0'] ?? 'other';
  const attributes = nodesOf(region.Attributes).flatMap((holder) => nodesOf(holder.Attribute));
  const value = attributes[0] ? text(attributes[0], 'Value').trim() : '';
  const label = value || text(region, 'Text').trim();
  return {
    id,
    ordinal,
    layer,
    label: label === 'null' ? '' : label,
    shape,
    isNegative: text(region, 'NegativeROA') === '1',
    points: shape === 'ellipse' ? ellipse(drawn) : shape === 'rectangle' ? rectangle(drawn) : drawn,
  };
}

/** Class index by label, lower case. */
export type LabelClasses = Readonly<Record<string, number>>;

/** BACH's labels (ICIAR 2018 challenge, part B). All else on a slide is normal, 0. */
export const bachLabels: LabelClasses = { benign: 1, 'in situ': 2, invasive: 3 };

/**
 * The regions as painted areas, in the file's order: later ones paint over earlier ones. A negative
 * region is a hole in every region of its layer. Shapes without area (rulers, arrows, two points)
 * are left out.
 * @throws AnnotationError for a region whose label is not in `labels`, naming file, region and label.
 */
export function toClassPolygons(
  { regions }: ImageScopeAnnotations,
  labels: LabelClasses,
  file: string,
): ClassPolygon[] {
  const areas = regions.filter((region) => region.shape !== 'other' && region.points.length >= 6);
  return areas
    .filter((region) => !region.isNegative)
    .map((region) => {
      const name = region.label.toLowerCase();
      if (!Object.hasOwn(labels, name)) {
        throw new AnnotationError(
          file,
          `Region ${region.id} has the unknown label "${region.label}".`,
          `Known labels: ${Object.keys(labels).join(', ')}.`,
        );
      }
      const holes = areas
        .filter((other) => other.isNegative && other.layer === region.layer)
        .map((other) => other.points);
      return { classIndex: labels[name]!, outer: region.points, holes };
    });
}

/**
 * Reads ImageScope XML as painted areas of `classNames`: a label is a class's name, whatever the case;
 * index 0 is what lies outside of all regions and is no label.
 * @throws AnnotationError as `parseImageScope` and `toClassPolygons`.
 */
export function readImageScope(xml: string, file: string, classNames: readonly string[]): ClassPolygon[] {
  const labels = Object.fromEntries(
    classNames.slice(1).map((name, i) => [name.toLowerCase(), i + 1] as const),
  );
  return toClassPolygons(parseImageScope(xml, file), labels, file);
}

/** Corners of the box about the vertices: ImageScope keeps two or four of them. */
function rectangle(drawn: Float64Array): Float64Array {
  if (drawn.length < 4) return drawn;
  const { left, top, right, bottom } = boxOf(drawn);
  return Float64Array.of(left, top, right, top, right, bottom, left, bottom);
}

const ellipsePoints = 90;

/** The ellipse in the box about the vertices. */
function ellipse(drawn: Float64Array): Float64Array {
  if (drawn.length < 4) return drawn;
  const { left, top, right, bottom } = boxOf(drawn);
  const points = new Float64Array(ellipsePoints * 2);
  for (let i = 0; i < ellipsePoints; i++) {
    const angle = (i / ellipsePoints) * Math.PI * 2;
    points[2 * i] = (left + right) / 2 + ((right - left) / 2) * Math.cos(angle);
    points[2 * i + 1] = (top + bottom) / 2 + ((bottom - top) / 2) * Math.sin(angle);
  }
  return points;
}

function boxOf(points: Float64Array): { left: number; top: number; right: number; bottom: number } {
  const xs = points.filter((_, i) => i % 2 === 0);
  const ys = points.filter((_, i) => i % 2 === 1);
  return {
    left: Math.min(...xs),
    top: Math.min(...ys),
    right: Math.max(...xs),
    bottom: Math.max(...ys),
  };
}

function isNode(value: unknown): value is Node {
  return typeof value === 'object' && value !== null;
}

function nodeOf(value: unknown): Node {
  return isNode(value) ? value : {};
}

/** The elements of one name, be there none, one or many. */
function nodesOf(value: unknown): Node[] {
  return (Array.isArray(value) ? value : [value]).filter(isNode);
}

const entities: Readonly<Record<string, string>> = { lt: '<', gt: '>', quot: '"', apos: "'", amp: '&' };

/** An attribute's text, XML's five entities resolved; empty when absent. */
function text(node: Node, name: string): string {
  const value = node[name];
  if (typeof value !== 'string') return '';
  return value.replace(/&(lt|gt|quot|apos|amp);/g, (_, entity: string) => entities[entity]!);
}

function coordinate(vertex: Node, name: string): number {
  const value = text(vertex, name).trim();
  return value === '' ? Number.NaN : Number(value);
}
