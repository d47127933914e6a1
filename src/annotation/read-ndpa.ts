/**
 * NDPA (Hamamatsu NDP.view): annotations > ndpviewstate > annotation, in nanometres from the centre of the glass. The slide
 * says where its own centre lies (NDPI tags 65422 and 65423). The format has no public description; this reads what NDP.view
 * 2 writes.
 */
import { AnnotationError, type AnnotatedSlide, type AnnotationFile } from './annotation-file.ts';
import {
  attribute,
  childNumber,
  childText,
  nodeOf,
  nodesOf,
  parseXml,
  type XmlNode,
} from './annotation-xml.ts';
import { RegionList } from './region-list.ts';
import { ellipseOutline } from './shape-outlines.ts';
import { checkName, shortName } from './slide-match.ts';

const remedy = 'Choose an annotation file saved by NDP.view (.ndpa).';

/** Nanometres of the units that `coordformat` names. */
const units: Readonly<Record<string, number>> = { nanometers: 1, micrometers: 1000, millimeters: 1_000_000 };

/** Level-0 pixels from nanometres. */
interface Placement {
  readonly x: (nm: number) => number;
  readonly y: (nm: number) => number;
  readonly perNm: { readonly x: number; readonly y: number };
}

/** Whether a text is NDPA. */
export function isNdpa(xml: string): boolean {
  return /<ndpviewstate\b/.test(xml);
}

/**
 * Reads closed freehand shapes, rectangles and circles. Open lines, rulers, pins and pointers have no area. A shape's title is
 * its label.
 * @param file the file's name, for messages.
 * @throws AnnotationError when the text is not NDPA, nothing valid has an area, or the slide does not say where it lies on the
 *   glass.
 */
export function readNdpa(xml: string, file: string, slide: AnnotatedSlide | null): AnnotationFile {
  const document = parseXml(xml, file, ['ndpviewstate', 'annotation', 'point'], remedy);
  const states = nodesOf(nodeOf(document.annotations).ndpviewstate);
  if (states.length === 0) throw new AnnotationError(file, 'It has no <ndpviewstate>.', remedy);
  const placement = placementOf(slide, file);
  const list = new RegionList('ndpa', file);
  const named = /^(.*\.ndpi)\.ndpa$/i.exec(file)?.[1];
  if (named !== undefined) checkName([named], slide, list);
  states.forEach((state, i) => {
    const shapes = nodesOf(state.annotation);
    const id = childText(state, 'title') || attribute(state, 'id') || String(i + 1);
    const what = `Annotation ${i + 1} ("${shortName(id)}")`;
    const unit = units[childText(state, 'coordformat').toLowerCase() || 'nanometers'];
    if (unit === undefined) {
      list.refuse(id, `${what} has coordinates in "${shortName(childText(state, 'coordformat'))}".`);
      return;
    }
    for (const shape of shapes) {
      const outer = outlineOf(shape, placement, unit);
      if (outer === null) list.leaveOut();
      else
        list.add({ id, label: childText(state, 'title'), colour: colourOf(shape), outer, holes: [] }, what);
    }
  });
  return list.done();
}

/** @throws AnnotationError where the slide does not say where it lies on the glass. */
function placementOf(slide: AnnotatedSlide | null, file: string): Placement {
  const offset = (name: string): number => Number(slide?.properties[name] ?? NaN);
  const x = offset('XOffsetFromSlideCentre');
  const y = offset('YOffsetFromSlideCentre');
  const mpp = slide?.mpp ?? null;
  if (slide === null || mpp === null || !Number.isFinite(x) || !Number.isFinite(y)) {
    throw new AnnotationError(
      file,
      `NDP.view counts from the centre of the glass, and ${slide?.name ?? 'the slide'} does not say where that is: it is no Hamamatsu NDPI, or lacks its place and pixel size.`,
      'Open the .ndpi slide on which the annotations were made, or export them from QuPath as GeoJSON.',
    );
  }
  const perNm = { x: 1 / (1000 * mpp.x), y: 1 / (1000 * mpp.y) };
  const { width, height } = slide;
  return {
    x: (nm) => (nm - x) * perNm.x + width / 2,
    y: (nm) => (nm - y) * perNm.y + height / 2,
    perNm,
  };
}

/** Null for a shape without an area; coordinates are NaN where the file gives no number. */
function outlineOf(shape: XmlNode, { x, y, perNm }: Placement, unit: number): Float64Array | null {
  const type = attribute(shape, 'type').toLowerCase();
  if (type === 'circle') {
    const radius = childNumber(shape, 'radius') * unit;
    return ellipseOutline({
      x: x(childNumber(shape, 'x') * unit),
      y: y(childNumber(shape, 'y') * unit),
      radiusX: radius * perNm.x,
      radiusY: radius * perNm.y,
    });
  }
  if (type !== 'freehand' || childText(shape, 'closed') === '0') return null;
  const points = nodesOf(shape.pointlist).flatMap((holder) => nodesOf(holder.point));
  const outline = new Float64Array(points.length * 2);
  points.forEach((point, i) => {
    outline[2 * i] = x(childNumber(point, 'x') * unit);
    outline[2 * i + 1] = y(childNumber(point, 'y') * unit);
  });
  return outline;
}

function colourOf(shape: XmlNode): string | null {
  const colour = attribute(shape, 'color').trim();
  return /^#[0-9a-f]{6}$/i.test(colour) ? colour.toLowerCase() : null;
}
