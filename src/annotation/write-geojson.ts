/**
 * GeoJSON as QuPath reads it: a FeatureCollection of polygons in level-0 pixels, each an annotation with a
 * classification. A classification that has a name must have a colour, or QuPath's reader fails.
 */
import type { TracedPolygon } from './trace-polygons.ts';

export interface GeoJsonClass {
  readonly name: string;
  /** Like #0072B2. */
  readonly colour: string;
}

/** How pixels of the traced map lie on the slide: level-0 pixels per map pixel, and where the slide ends. */
export interface MapPlacement {
  readonly scaleX: number;
  readonly scaleY: number;
  readonly slideWidth: number;
  readonly slideHeight: number;
}

/** What comes before the first feature, between two, and behind the last one: a file can be written as it grows. */
export const geoJsonHead = '{"type":"FeatureCollection","features":[\n';
export const geoJsonSeparator = ',\n';
export const geoJsonTail = '\n]}\n';

/** One polygon as the text of a feature. Rings are closed; coordinates have three decimals. */
export function geoJsonFeature(polygon: TracedPolygon, of: GeoJsonClass, placement: MapPlacement): string {
  const rings = [polygon.outer, ...polygon.holes].map((ring) => ringText(ring, placement));
  const colour = [1, 3, 5].map((at) => parseInt(of.colour.slice(at, at + 2), 16));
  return (
    `{"type":"Feature","geometry":{"type":"Polygon","coordinates":[${rings.join(',')}]},` +
    `"properties":{"objectType":"annotation","classification":${JSON.stringify({ name: of.name, color: colour })}}}`
  );
}

function ringText(ring: readonly number[], placement: MapPlacement): string {
  const { scaleX, scaleY, slideWidth, slideHeight } = placement;
  const points: string[] = [];
  for (let i = 0; i < ring.length; i += 2) {
    // The map's last pixels may reach over the slide.
    const x = Math.min(slideWidth, (ring[i] ?? 0) * scaleX);
    const y = Math.min(slideHeight, (ring[i + 1] ?? 0) * scaleY);
    points.push(`[${Math.round(x * 1000) / 1000},${Math.round(y * 1000) / 1000}]`);
  }
  return `[${points.join(',')},${points[0] ?? ''}]`;
}
