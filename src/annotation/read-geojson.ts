/** Areas from GeoJSON as QuPath writes it, in level-0 pixels. */
import { z } from 'zod';
import { AnnotationError, type AnnotatedRegion, type AnnotationFile } from './annotation-file.ts';

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
const file = z.union([
  z.object({ type: z.literal('FeatureCollection'), features: z.array(feature) }).transform((f) => f.features),
  feature.transform((one) => [one]),
  bare.transform((one) => [one]),
  z.array(z.union([feature, bare])),
]);

/**
 * Reads polygons and skips points and lines, which have no area. A feature's label is the name of its
 * classification.
 * @param name the file's name, for messages.
 * @throws AnnotationError when the text is not GeoJSON, or has no area.
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
  if (!parsed.success) {
    throw new AnnotationError(name, 'It is not a list of GeoJSON features.', remedy, 'not-geojson');
  }
  let leftOut = 0;
  const regions = parsed.data.flatMap((one, at) => {
    const polygons = polygonsOf(one.geometry, at, name);
    if (polygons.length === 0) leftOut++;
    const of = one.properties?.classification;
    return polygons.map(([outer = [], ...holes]): AnnotatedRegion => ({
      id: String(one.properties?.name ?? one.id ?? at + 1),
      label: (of?.name ?? of?.names?.join(': ') ?? '').trim(),
      colour: colourOf(of ?? null),
      outer: flat(outer),
      holes: holes.map(flat),
    }));
  });
  if (regions.length === 0) throw new AnnotationError(name, 'It has no polygon.', remedy);
  return { format: 'geojson', mpp: null, regions, leftOut };
}

type Rings = z.infer<typeof polygon>;

function polygonsOf(shape: Feature['geometry'], at: number, name: string): Rings[] {
  if (shape?.type === 'GeometryCollection') {
    const parts = z.array(geometry).safeParse(shape.geometries);
    return parts.success ? parts.data.flatMap((part) => polygonsOf(part, at, name)) : [];
  }
  if (shape?.type !== 'Polygon' && shape?.type !== 'MultiPolygon') return [];
  const { type, coordinates } = shape;
  const parsed = (type === 'Polygon' ? polygon.transform((one) => [one]) : z.array(polygon)).safeParse(
    coordinates,
  );
  if (parsed.success) return parsed.data;
  throw new AnnotationError(
    name,
    `Feature ${at + 1} has coordinates that form no polygon.`,
    'Correct or remove the feature.',
  );
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
