/**
 * GeoJSON as QuPath reads it: a FeatureCollection of polygons in level-0 pixels, each an annotation with a
 * classification. A classification with a name needs a colour, or QuPath's reader fails.
 */
import type { TracedPolygon } from './trace-polygons.ts';

export interface GeoJsonClass {
  readonly name: string;
  /** Like #0072B2. */
  readonly colour: string;
}

/**
 * How pixels of the traced map are positioned on the slide: level-0 pixels per map pixel, and the slide's
 * size.
 */
export interface MapPlacement {
  readonly scaleX: number;
  readonly scaleY: number;
  readonly slideWidth: number;
  readonly slideHeight: number;
}

/**
 * The text before the first feature, between features and after the last one: a file can be written as it
 * grows.
 * @param warning about all features; absent if there is none.
 * @param members of our own, each as the text of its name and value.
 */
export function geoJsonHead(warning?: string, members: readonly string[] = []): string {
  // Members that GeoJSON does not know: readers ignore them.
  const all = [...members, ...(warning === undefined ? [] : [`"warning":${JSON.stringify(warning)}`])];
  return `{"type":"FeatureCollection",${all.map((member) => `${member},`).join('')}"features":[\n`;
}
export const geoJsonSeparator = ',\n';
export const geoJsonTail = '\n]}\n';

/** A polygon: rings alternate x and y and are not closed. */
export type GeoJsonPolygon = Pick<TracedPolygon, 'outer' | 'holes'>;

/**
 * One polygon as the text of a feature. Rings are closed; coordinates have three decimals.
 * @param of null for an annotation without a class.
 */
export function geoJsonFeature(
  polygon: GeoJsonPolygon,
  of: GeoJsonClass | null,
  placement: MapPlacement,
): string {
  const rings = [polygon.outer, ...polygon.holes].map((ring) => ringText(ring, placement));
  const classification =
    of === null ? '' : `,"classification":${JSON.stringify({ name: of.name, color: channelsOf(of.colour) })}`;
  return (
    `{"type":"Feature","geometry":{"type":"Polygon","coordinates":[${rings.join(',')}]},` +
    `"properties":{"objectType":"annotation"${classification}}}`
  );
}

function channelsOf(colour: string): number[] {
  return [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16));
}

/** Unchanged: level-0 pixels, not clipped to the slide. */
const asDrawn: MapPlacement = { scaleX: 1, scaleY: 1, slideWidth: Infinity, slideHeight: Infinity };

/** Polygons in level-0 pixels as a whole file. */
export function geoJsonFile(
  features: readonly { polygon: GeoJsonPolygon; of: GeoJsonClass | null }[],
): string {
  const texts = features.map(({ polygon, of }) => geoJsonFeature(polygon, of, asDrawn));
  return `${geoJsonHead()}${texts.join(geoJsonSeparator)}${geoJsonTail}`;
}

function ringText(ring: readonly number[], placement: MapPlacement): string {
  const { scaleX, scaleY, slideWidth, slideHeight } = placement;
  const points: string[] = [];
  for (let i = 0; i < ring.length; i += 2) {
    // The map's last pixels may extend beyond the slide.
    const x = Math.min(slideWidth, (ring[i] ?? 0) * scaleX);
    const y = Math.min(slideHeight, (ring[i + 1] ?? 0) * scaleY);
    points.push(`[${Math.round(x * 1000) / 1000},${Math.round(y * 1000) / 1000}]`);
  }
  return `[${points.join(',')},${points[0] ?? ''}]`;
}
