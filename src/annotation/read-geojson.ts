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
const polygon = z.array(ring).min(1);
const rgb = z.tuple([z.number(), z.number(), z.number()]).rest(z.number());
const classification = z.looseObject({
  name: z.string().nullish(),
  /** QuPath 0.5 and later: a derived class as the list of its parts. */
  names: z.array(z.string()).nullish(),
  color: rgb.nullish().catch(null),
  /** QuPath before 0.4: one signed number, alpha first. */
  colorRGB: z.number().nullish().catch(null),
});
const geometry = z.looseObject({ type: z.string() });
const feature = z.object({
  type: z.literal('Feature'),
  id: z.union([z.string(), z.number()]).nullish(),
  geometry: geometry.nullable(),
  properties: z
    .looseObject({ name: z.string().nullish(), classification: classification.nullish() })
    .nullish(),
});
type Feature = z.infer<typeof feature>;

const bare = geometry
  .refine(({ type }) => ['Polygon', 'MultiPolygon', 'GeometryCollection'].includes(type))
  .transform((shape): Feature => ({ type: 'Feature', geometry: shape }));
const member = z.union([feature, bare]);
/** Members are parsed one by one, so that a broken one does not cost the others. */
const file = z.union([
  z
    .object({ type: z.literal('FeatureCollection'), features: z.array(z.unknown()) })
    .transform((f) => f.features),
  z.array(z.unknown()),
  member.transform((one): unknown[] => [one]),
]);

/**
 * Reads polygons and skips points and lines, which have no area. A feature's label is the name of its
 * classification. Features with invalid coordinates are refused one by one.
 * @param name the file's name, for messages.
 * @throws AnnotationError when the text is not GeoJSON, or has no valid area.
 */
export function readGeoJson(text: string, name: string): AnnotationFile {
  const remedy = 'Choose annotations that QuPath exported as GeoJSON.';
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw new AnnotationError(name, 'It is not JSON.', remedy);
  }
  const parsed = file.safeParse(json);
  const members = parsed.success ? parsed.data.map((each) => member.safeParse(each)) : [];
  if (!parsed.success || (members.length > 0 && members.every(({ success }) => !success))) {
    throw new AnnotationError(name, 'It is not a list of GeoJSON features.', remedy, 'not-geojson');
  }
  let leftOut = 0;
  const refused: RefusedRegion[] = [];
  const regions = members.flatMap(({ data }, at): AnnotatedRegion[] => {
    const ordinal = String(at + 1);
    if (data === undefined) {
      refused.push({ id: ordinal, problem: `Feature ${ordinal} is not a GeoJSON feature.` });
      return [];
    }
    const id = String(data.properties?.name ?? data.id ?? ordinal);
    const of = data.properties?.classification;
    const found = polygonsOf(data.geometry)?.map(([outer = [], ...holes]): AnnotatedRegion => ({
      id,
      label: (of?.name ?? of?.names?.join(': ') ?? '').trim(),
      colour: colourOf(of ?? null),
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
      for (const rings of parsed.data) found.push(rings);
    }
  }
  return found;
}

function flat(points: z.infer<typeof ring>): Float64Array {
  return Float64Array.from(points.flatMap(([x, y]) => [x, y]));
}

function colourOf(of: z.infer<typeof classification> | null): string | null {
  const number = of?.colorRGB;
  const channels = of?.color ?? (number == null ? null : [number >> 16, number >> 8, number]);
  if (channels === null) return null;
  return `#${channels
    .slice(0, 3)
    .map((channel) => (channel & 255).toString(16).padStart(2, '0'))
    .join('')}`;
}
