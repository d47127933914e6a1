/** Areas from GeoJSON as QuPath writes it, in level-0 pixels. */
import { z } from 'zod';
import { textOf } from './annotation-json.ts';
import { classificationOf, colourOf } from './geojson-classification.ts';
import {
  AnnotationError,
  hasValidCoordinates,
  requireAllRegions,
  type AnnotatedRegion,
  type AnnotationFile,
  type RefusedRegion,
} from './annotation-file.ts';

const ring = z.array(z.tuple([z.number(), z.number()]).rest(z.number())).min(3);
const polygon = z.array(ring);
const geometry = z.looseObject({ type: z.string() });
/** Nothing but the geometry decides whether a feature is read: other programs put what they like into the rest. */
const feature = z.object({
  type: z.literal('Feature'),
  id: z.unknown().optional(),
  geometry: geometry.nullable(),
  /** QuPath's cells have a second outline. */
  nucleusGeometry: geometry.nullish().catch(null),
  properties: z.record(z.string(), z.unknown()).nullish().catch(null),
});
type Feature = z.infer<typeof feature>;

const bare = geometry
  .refine(({ type }) => ['Polygon', 'MultiPolygon', 'GeometryCollection'].includes(type))
  .transform((shape): Feature => ({ type: 'Feature', geometry: shape, properties: null }));
const member = z.union([feature, bare]);
const collection = z.object({ type: z.literal('FeatureCollection'), features: z.array(z.unknown()) });

/** Features, in a collection, a list, a list of collections, or alone; null for anything else. */
function membersOf(json: unknown): unknown[] | null {
  const whole = collection.safeParse(json);
  if (whole.success) return whole.data.features;
  if (!Array.isArray(json)) return member.safeParse(json).success ? [json] : null;
  // Members are parsed one by one, so that a broken one does not cost the others.
  const found: unknown[] = [];
  for (const each of json as unknown[]) {
    const inner = collection.safeParse(each);
    if (!inner.success) found.push(each);
    else for (const one of inner.data.features) found.push(one);
  }
  return found;
}

/**
 * Reads polygons and skips points, lines and empty polygons, which have no area. A feature's label is the name of its
 * classification. Of QuPath's objects, cells count with their outline, not that of the nucleus; missing cores of a tissue
 * microarray and the object that stands for the whole image are left out. Features with invalid coordinates are refused one by
 * one.
 * @param name the file's name, for messages.
 * @throws AnnotationError when the value is not GeoJSON, or has no valid area.
 */
export function geoJsonRegions(json: unknown, name: string): AnnotationFile {
  const remedy = 'Choose annotations that QuPath exported as GeoJSON.';
  const listed = membersOf(json);
  const members = (listed ?? []).map((each) => member.safeParse(each));
  if (listed === null || (members.length > 0 && members.every(({ success }) => !success))) {
    throw new AnnotationError(name, 'Not a session, GeoJSON or slide.', remedy, { code: 'not-geojson' });
  }
  let leftOut = 0;
  const said = new FeatureNotes();
  const refused: RefusedRegion[] = [];
  const regions = members.flatMap(({ data }, at): AnnotatedRegion[] => {
    const ordinal = String(at + 1);
    if (data === undefined) {
      refused.push({
        id: ordinal,
        problem: `Feature ${ordinal} is not a GeoJSON feature: its type or geometry is missing or invalid.`,
      });
      return [];
    }
    const properties = data.properties ?? {};
    const id = textOf(properties.name) || textOf(data.id) || ordinal;
    if (isRoot(data) || said.isMissingCore(data)) {
      leftOut++;
      return [];
    }
    const { label, colour } = classificationOf(properties.classification);
    const found = polygonsOf(said.geometryOf(data))?.map(([outer = [], ...holes]): AnnotatedRegion => ({
      id,
      label,
      colour: colour ?? colourOf(properties.color, properties.colorRGB),
      outer: flat(outer),
      holes: holes.map(flat),
    }));
    if (found?.every(hasValidCoordinates) !== true) {
      refused.push({ id, problem: `Feature ${ordinal} has coordinates that form no polygon.` });
      return [];
    }
    if (found.length === 0) leftOut++;
    return found;
  });
  if (regions.length === 0) {
    requireAllRegions(refused, name, 'Correct or remove the feature.');
    throw new AnnotationError(name, 'It has no polygon.', remedy);
  }
  return {
    format: 'geojson',
    mpp: null,
    regions,
    leftOut,
    refused,
    notes: said.sentences(),
    doubts: [],
    offSlide: 0,
  };
}

type Rings = z.infer<typeof polygon>;

/** The polygons of a geometry, collections in collections included; null if one is invalid. */
function polygonsOf(shape: Feature['geometry']): Rings[] | null {
  const found: Rings[] = [];
  // A list, not recursion: collections may be nested deeper than calls can be.
  const rest = [shape];
  for (let next = rest.pop(); next !== undefined; next = rest.pop()) {
    if (next?.type === 'GeometryCollection') {
      const parts = z.array(geometry).safeParse(next.geometries);
      if (!parts.success) return null;
      // Not spread: a collection may have more parts than a call can take arguments.
      for (const part of parts.data.reverse()) rest.push(part);
    } else if (next?.type === 'Polygon' || next?.type === 'MultiPolygon') {
      const { type, coordinates } = next;
      const parsed = (type === 'Polygon' ? polygon.transform((one) => [one]) : z.array(polygon)).safeParse(
        coordinates,
      );
      if (!parsed.success) return null;
      // Empty coordinates may be taken for null (RFC 7946, 3.1).
      for (const rings of parsed.data) if (rings.length > 0) found.push(rings);
    }
  }
  return found;
}

function flat(points: z.infer<typeof ring>): Float64Array {
  return Float64Array.from(points.flatMap(([x, y]) => [x, y]));
}

/** The object that stands for the whole image (QuPath to 0.3). */
function isRoot({ id }: Feature): boolean {
  return id === 'PathRootObject';
}

/** Counts what is read otherwise than one might expect, for sentences about the whole file. */
class FeatureNotes {
  #missingCores = 0;
  #nuclei = 0;
  /** Focal planes and time points that shapes lie on. */
  readonly #planes = new Set<string>();

  /** A core of a tissue microarray that is missing on the slide. */
  isMissingCore({ properties }: Feature): boolean {
    const isMissing = properties?.isMissing === true || properties?.missing === true;
    if (isMissing) this.#missingCores++;
    return isMissing;
  }

  /** The outline that counts. */
  geometryOf({ geometry: own, nucleusGeometry }: Feature): Feature['geometry'] {
    const chosen = own ?? nucleusGeometry ?? null;
    if (own !== null && nucleusGeometry != null) this.#nuclei++;
    const plane = z.object({ z: z.number(), t: z.number() }).safeParse(chosen?.plane);
    if (plane.success) this.#planes.add(`${plane.data.z}, ${plane.data.t}`);
    return chosen;
  }

  sentences(): string[] {
    const [cores, nuclei, planes] = [this.#missingCores, this.#nuclei, this.#planes.size];
    return [
      cores === 0 ? '' : `${cores} missing ${cores === 1 ? 'core was' : 'cores were'} left out.`,
      nuclei === 0
        ? ''
        : `Of ${nuclei} ${nuclei === 1 ? 'cell' : 'cells'}, the outline was read and the nucleus left out.`,
      planes < 2 ? '' : `Its shapes lie on ${planes} focal planes or time points; all were read.`,
    ].filter((sentence) => sentence !== '');
  }
}
