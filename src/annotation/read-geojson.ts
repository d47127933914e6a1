/** Areas of GeoJSON as QuPath writes it, in level-0 pixels. */
import { z } from 'zod';
import { AnnotationError } from './read-imagescope.ts';

/** One polygon. Rings hold x and y by turns, closed by themselves. */
export interface GeoJsonArea {
  /** Name of its classification; null without one. */
  readonly name: string | null;
  readonly outer: readonly number[];
  readonly holes: readonly (readonly number[])[];
}

const ring = z.array(z.tuple([z.number(), z.number()]).rest(z.number())).min(3);
const polygon = z.array(ring).min(1);
const feature = z.object({
  type: z.literal('Feature'),
  geometry: z.looseObject({ type: z.string() }).nullable(),
  properties: z
    .looseObject({ classification: z.looseObject({ name: z.string().nullish() }).nullish() })
    .nullish(),
});
const file = z.union([
  z.object({ type: z.literal('FeatureCollection'), features: z.array(feature) }).transform((f) => f.features),
  feature.transform((one) => [one]),
  z.array(feature),
]);

/**
 * Reads polygons; points and lines are left out, as they have no area.
 * @param name the file's name, for messages.
 * @throws AnnotationError when the text is not GeoJSON, or holds no area.
 */
export function readGeoJson(text: string, name: string): GeoJsonArea[] {
  const remedy = 'Give annotations that QuPath exported as GeoJSON.';
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw new AnnotationError(name, 'It is not JSON.', remedy);
  }
  const parsed = file.safeParse(json);
  if (!parsed.success) throw new AnnotationError(name, 'It is not a list of GeoJSON features.', remedy);
  const areas = parsed.data.flatMap(({ geometry, properties }, at) => {
    const label = properties?.classification?.name ?? null;
    return polygonsOf(geometry, at, name).map(([outer = [], ...holes]): GeoJsonArea => ({
      name: label,
      outer: flat(outer),
      holes: holes.map(flat),
    }));
  });
  if (areas.length === 0) throw new AnnotationError(name, 'It holds no polygon.', remedy);
  return areas;
}

type Rings = z.infer<typeof polygon>;

function polygonsOf(geometry: z.infer<typeof feature>['geometry'], at: number, name: string): Rings[] {
  if (geometry?.type !== 'Polygon' && geometry?.type !== 'MultiPolygon') return [];
  const { type, coordinates } = geometry;
  const parsed = (type === 'Polygon' ? polygon.transform((one) => [one]) : z.array(polygon)).safeParse(
    coordinates,
  );
  if (parsed.success) return parsed.data;
  throw new AnnotationError(
    name,
    `Feature ${at + 1} has coordinates that make no polygon.`,
    'Mend or remove the feature.',
  );
}

function flat(points: z.infer<typeof ring>): number[] {
  return points.flatMap(([x, y]) => [x, y]);
}
