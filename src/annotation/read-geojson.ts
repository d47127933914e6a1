/** Areas from GeoJSON as QuPath writes it, in level-0 pixels. */
import { z } from 'zod';
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
const rgb = z.tuple([z.number(), z.number(), z.number()]).rest(z.number());
const geometry = z.looseObject({ type: z.string() });
/** Nothing but the geometry decides whether a feature is read: other programs put what they like into the rest. */
const feature = z.object({
  type: z.literal('Feature'),
  id: z.unknown().optional(),
  geometry: geometry.nullable(),
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

/** JSON as programs write it: NaN and Infinity (QuPath to 0.4, Python), which JSON does not have, become null. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const plain = text.replace(/"(?:[^"\\]|\\.)*"|-?\b(?:NaN|Infinity)\b/g, (token) =>
      token.startsWith('"') ? token : 'null',
    );
    if (plain === text) throw error;
    return JSON.parse(plain);
  }
}

/**
 * Reads polygons and skips points, lines and empty polygons, which have no area. A feature's label is the name of its
 * classification. Features with invalid coordinates are refused one by one.
 * @param name the file's name, for messages.
 * @throws AnnotationError when the text is not GeoJSON, or has no valid area.
 */
export function readGeoJson(text: string, name: string): AnnotationFile {
  const remedy = 'Choose annotations that QuPath exported as GeoJSON.';
  let json: unknown;
  try {
    json = parseJson(text);
  } catch {
    throw new AnnotationError(name, 'It is not JSON.', remedy);
  }
  const listed = membersOf(json);
  const members = (listed ?? []).map((each) => member.safeParse(each));
  if (listed === null || (members.length > 0 && members.every(({ success }) => !success))) {
    throw new AnnotationError(name, 'It is not a list of GeoJSON features.', remedy, 'not-geojson');
  }
  let leftOut = 0;
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
    const { label, colour } = classificationOf(properties.classification);
    const found = polygonsOf(data.geometry)?.map(([outer = [], ...holes]): AnnotatedRegion => ({
      id,
      label,
      colour,
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
  return { format: 'geojson', mpp: null, regions, leftOut, refused };
}

/** A text, or a number as text; empty for anything else. */
const textOf = (value: unknown): string =>
  typeof value === 'string' ? value.trim() : typeof value === 'number' ? String(value) : '';

const classification = z.looseObject({
  name: z.unknown().optional(),
  /** QuPath 0.5 and later: a derived class as the list of its parts. */
  names: z.array(z.string()).nullish().catch(null),
  color: z.unknown().optional(),
  /** QuPath before 0.4: one signed number, alpha first. */
  colorRGB: z.unknown().optional(),
});

/** QuPath's object, or what others make of it: a name, a list of names, the object as JSON in a text (geopandas). */
function classificationOf(value: unknown): { readonly label: string; readonly colour: string | null } {
  if (Array.isArray(value)) return { label: value.map(textOf).filter(Boolean).join(': '), colour: null };
  if (typeof value === 'string' && /^\s*[{[]/.test(value)) {
    try {
      const inner: unknown = parseJson(value);
      if (typeof inner === 'object') return classificationOf(inner);
    } catch {
      // A name that begins with a bracket.
    }
  }
  const parsed = classification.safeParse(value);
  if (!parsed.success) return { label: textOf(value), colour: null };
  const { name, names, color, colorRGB } = parsed.data;
  return { label: textOf(name) || (names ?? []).join(': ').trim(), colour: colourOf(color, colorRGB) };
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

function colourOf(color: unknown, colorRGB: unknown): string | null {
  if (typeof color === 'string' && /^#[0-9a-f]{6}$/i.test(color)) return color.toLowerCase();
  const listed = rgb.safeParse(color);
  const number = typeof colorRGB === 'number' ? colorRGB : null;
  const channels = listed.success
    ? listed.data
    : number === null
      ? null
      : [number >> 16, number >> 8, number];
  if (channels === null) return null;
  return `#${channels
    .slice(0, 3)
    .map((channel) => (channel & 255).toString(16).padStart(2, '0'))
    .join('')}`;
}
