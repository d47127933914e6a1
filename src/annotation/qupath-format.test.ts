/**
 * What QuPath's reader requires of a GeoJSON file, checked without this project's own reader: objects and
 * properties as QuPath 0.4 and later write them, rings as the Java Topology Suite accepts them (closed, four
 * positions or more). QuPath itself is not available here to open the files.
 */
import { expect, it } from 'vitest';
import { tracePolygons } from './trace-polygons.ts';
import { geoJsonFeature, geoJsonHead, geoJsonSeparator, geoJsonTail } from './write-geojson.ts';

type Position = readonly [x: number, y: number];

/** Twice the area of a ring; positive if it runs clockwise on screen, with y downwards. */
function doubleArea(ring: readonly Position[]): number {
  return ring.slice(1).reduce((sum, [x, y], i) => sum + ring[i]![0] * y - x * ring[i]![1], 0);
}

/** Even-odd; points on the border may count either way. */
function isInside(ring: readonly Position[], [x, y]: Position): boolean {
  let inside = false;
  ring.slice(1).forEach(([bx, by], i) => {
    const [ax, ay] = ring[i]!;
    if (ay > y !== by > y && x < ax + ((y - ay) / (by - ay)) * (bx - ax)) inside = !inside;
  });
  return inside;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** What is wrong with one feature; null where QuPath would accept it. */
function problemOf(feature: unknown): string | null {
  if (!isRecord(feature) || feature.type !== 'Feature') return 'no Feature';
  const { geometry, properties } = feature;
  if (!isRecord(properties) || properties.objectType !== 'annotation') return 'no annotation';
  const { classification } = properties;
  if (!isRecord(classification) || typeof classification.name !== 'string') return 'no class name';
  const { color } = classification;
  const isByte = (value: unknown): boolean =>
    Number.isInteger(value) && Number(value) >= 0 && Number(value) < 256;
  if (!Array.isArray(color) || color.length !== 3 || !color.every(isByte)) return 'no colour';
  if (!isRecord(geometry) || geometry.type !== 'Polygon') return 'no Polygon';
  const rings = geometry.coordinates as readonly (readonly Position[])[];
  for (const ring of rings) {
    if (!ring.every((position) => position.length === 2 && position.every(Number.isFinite)))
      return 'positions';
    if (ring.length < 4) return 'too few positions';
    if (ring[0]!.join() !== ring.at(-1)!.join()) return 'not closed';
    if (ring.slice(1).some((position, i) => position.join() === ring[i]!.join())) return 'a position twice';
    if (doubleArea(ring) === 0) return 'no area';
  }
  const [outer, ...holes] = rings;
  if (outer === undefined) return 'no ring';
  if (holes.some((hole) => Math.sign(doubleArea(hole)) === Math.sign(doubleArea(outer)))) {
    return 'a hole with the same direction as its outline';
  }
  // Some of a hole's corners may be on the outline.
  const isLost = (hole: readonly Position[]): boolean => !hole.some((corner) => isInside(outer, corner));
  return holes.some(isLost) ? 'a hole outside its outline' : null;
}

/** Blobs, rings, single pixels and diagonal contacts. */
function maps(): readonly Uint8Array[] {
  let state = 7;
  const random = (): number => (state = (state * 1103515245 + 12345) % 2 ** 31) / 2 ** 31;
  const noise = Uint8Array.from({ length: 64 * 48 }, () =>
    random() < 0.5 ? 0 : 1 + Math.floor(random() * 2),
  );
  const blobs = Uint8Array.from({ length: 64 * 48 }, (_, i) => {
    const distance = Math.hypot((i % 64) - 30, Math.floor(i / 64) - 22);
    return distance < 6 || (distance > 12 && distance < 20.5) ? 1 : distance > 30 ? 2 : 0;
  });
  return [noise, blobs];
}

it.each([0, 0.5, 1, 2])('QuPath accepts every feature, simplified within %s pixels', (tolerance) => {
  const placement = { scaleX: 3.65, scaleY: 3.65, slideWidth: 64 * 3.65 - 1.5, slideHeight: 48 * 3.65 };
  for (const map of maps()) {
    const polygons = tracePolygons(map, 64, { isTraced: (value) => value > 0, tolerance });
    const features = polygons.map((one) =>
      geoJsonFeature(one, { name: `class "${one.classValue}"`, colour: '#0072B2' }, placement),
    );
    const json: unknown = JSON.parse(geoJsonHead() + features.join(geoJsonSeparator) + geoJsonTail);
    if (!isRecord(json) || !Array.isArray(json.features)) throw new Error('No FeatureCollection.');
    expect(json.type).toBe('FeatureCollection');
    expect(json.features.length).toBeGreaterThan(2);
    const problems = json.features.map(problemOf).filter((problem) => problem !== null);
    expect(problems).toEqual([]);
  }
});
