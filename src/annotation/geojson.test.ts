import { describe, expect, it } from 'vitest';
import { rasterise } from './rasterise.ts';
import { parseAnnotationJson } from './annotation-json.ts';
import { geoJsonRegions } from './read-geojson.ts';
import { tracePolygons } from './trace-polygons.ts';
import { geoJsonFeature, geoJsonHead, geoJsonSeparator, geoJsonTail } from './write-geojson.ts';

const readGeoJson = (text: string, name: string) => geoJsonRegions(parseAnnotationJson(text, name), name);

const classes = [
  { name: 'normal', colour: '#999999' },
  { name: 'in "situ"', colour: '#F0E442' },
  { name: 'invasive', colour: '#0072B2' },
];

/** A map of rings and half planes, on a slide whose sides are not a whole number of map pixels. */
const width = 90;
const height = 70;
const placement = { scaleX: 4.37, scaleY: 4.41, slideWidth: 390.5, slideHeight: 307 };
const map = Uint8Array.from({ length: width * height }, (_value, i) => {
  const x = i % width;
  const y = Math.floor(i / width);
  const distance = Math.hypot(x - 40, y - 35);
  return distance < 10 || (distance > 16 && distance < 28) ? 1 : x + y > 120 ? 2 : 0;
});

function written(tolerance: number): string {
  const polygons = tracePolygons(map, width, { isTraced: (value) => value > 0, tolerance });
  const features = polygons.map((one) => geoJsonFeature(one, classes[one.classValue]!, placement));
  return geoJsonHead() + features.join(geoJsonSeparator) + geoJsonTail;
}

/**
 * The share of pixels, among those whose centre is on the slide, that a round trip through GeoJSON preserves.
 */
function agreement(tolerance: number): number {
  const shapes = readGeoJson(written(tolerance), 'a.geojson').regions.map(({ label, outer, holes }) => ({
    classIndex: classes.findIndex((each) => each.name === label),
    outer,
    holes,
  }));
  const rect = { x: 0, y: 0, width: width * placement.scaleX, height: height * placement.scaleY };
  const back = rasterise(shapes, rect, width, height);
  const onSlide = [...map.keys()].filter(
    (i) =>
      ((i % width) + 0.5) * placement.scaleX < placement.slideWidth &&
      (Math.floor(i / width) + 0.5) * placement.scaleY < placement.slideHeight,
  );
  return onSlide.filter((i) => back[i] === map[i]).length / onSlide.length;
}

describe('GeoJSON', () => {
  it('has everything that QuPath reads', () => {
    const { type, features } = JSON.parse(written(0)) as { type: string; features: unknown[] };
    expect(type).toBe('FeatureCollection');
    expect(features).toHaveLength(3);
    for (const feature of features) {
      expect(feature).toMatchObject({
        type: 'Feature',
        geometry: { type: 'Polygon' },
        properties: { objectType: 'annotation' },
      });
    }
    const [first] = features as {
      geometry: { coordinates: number[][][] };
      properties: { classification: unknown };
    }[];
    expect(first!.properties.classification).toEqual({ name: 'in "situ"', color: [240, 228, 66] });
    for (const ring of first!.geometry.coordinates) expect(ring.at(-1)).toEqual(ring[0]);
    const numbers = JSON.stringify(features).match(/\d+(\.\d+)?,\d+(\.\d+)?(?=\])/g)!;
    for (const pair of numbers) {
      const [x, y] = pair.split(',').map(Number);
      expect(x).toBeLessThanOrEqual(placement.slideWidth);
      expect(y).toBeLessThanOrEqual(placement.slideHeight);
    }
  });

  it('restores the same mask: exactly without a tolerance, 99 % with one pixel', () => {
    expect(agreement(0)).toBe(1);
    expect(agreement(1)).toBeGreaterThan(0.99);
    expect(written(1).length).toBeLessThan(written(0).length / 2);
  });

  it('reads single features, lists and multipolygons', () => {
    const square = [
      [
        [0, 0],
        [9, 0],
        [9, 9],
        [0, 0],
      ],
    ];
    const one = { type: 'Feature', geometry: { type: 'Polygon', coordinates: square } };
    const many = {
      type: 'Feature',
      geometry: { type: 'MultiPolygon', coordinates: [square, square] },
      properties: { classification: { name: 'Tumor' } },
    };
    expect(readGeoJson(JSON.stringify(one), 'a').regions).toEqual([
      { id: '1', label: '', colour: null, outer: Float64Array.of(0, 0, 9, 0, 9, 9, 0, 0), holes: [] },
    ]);
    expect(readGeoJson(JSON.stringify([one, many]), 'a').regions.map(({ label }) => label)).toEqual([
      '',
      'Tumor',
      'Tumor',
    ]);
  });

  it('explains what is wrong', () => {
    const point = { type: 'Feature', geometry: { type: 'Point', coordinates: [1, 2] } };
    const broken = { type: 'Feature', geometry: { type: 'Polygon', coordinates: [[[1, 2]]] } };
    expect(() => readGeoJson('<xml>', 'a.geojson')).toThrow('a.geojson: It is not JSON.');
    expect(() => readGeoJson('{"type":"Topology"}', 'a')).toThrow('Not a session, GeoJSON or slide');
    expect(() => readGeoJson(JSON.stringify([point]), 'a')).toThrow('It has no polygon.');
    expect(() => readGeoJson(JSON.stringify([point, broken]), 'a')).toThrow('Feature 2 has coordinates');
  });

  it.each(['1e999', 'null', '"7"', '1e300'])(
    'leaves out and names a feature with the coordinate %s',
    (value) => {
      const text = (x: string): string =>
        `{"type":"Feature","geometry":{"type":"Polygon","coordinates":[[[0,0],[${x},0],[9,9]]]}}`;
      const read = readGeoJson(`[${text('9')},${text(value)},{"type":"Feature"},${text('8')}]`, 'a');
      expect(read.regions.map(({ outer }) => outer[2])).toEqual([9, 8]);
      expect(read.refused.map(({ id }) => id)).toEqual(['2', '3']);
      expect(() => readGeoJson(text(value), 'a')).toThrow(
        'a: Feature 1 has coordinates that form no polygon.',
      );
    },
  );

  it('reads collections nested to any depth, in order', () => {
    const triangle = (x: number): string => `{"type":"Polygon","coordinates":[[[${x},0],[9,0],[9,9]]]}`;
    const open = '{"type":"GeometryCollection","geometries":[';
    const deep = `${open}${triangle(1)},${open.repeat(20_000)}${triangle(2)}${']}'.repeat(20_000)},${triangle(3)}]}`;
    expect(readGeoJson(deep, 'a').regions.map(({ outer }) => outer[0])).toEqual([1, 2, 3]);
  });

  it('reads classifications as programs write them, and ignores what it does not use', () => {
    const of = (properties: string): string =>
      `{"type":"Feature","id":{"odd":1},"geometry":{"type":"Polygon","coordinates":[[[0,0],[9,0],[9,9]]]},"properties":${properties}}`;
    const read = readGeoJson(
      `[${[
        of('{"classification":"Stroma"}'),
        of('{"classification":"{ \\"name\\": \\"Tumor\\", \\"color\\": [ 200, 0, 0 ] }"}'),
        of('{"classification":"[not JSON"}'),
        of('{"classification":["Immune","CD8"],"name":7}'),
        of('{"classification":{"name":3,"color":"#00FF00"},"measurements":{"Area":NaN,"Text":"NaN"}}'),
        of('"properties"'),
        of('{"name":{},"classification":5}'),
      ].join(',')}]`,
      'a',
    );
    expect(read.refused).toEqual([]);
    expect(read.regions.map(({ label, colour }) => [label, colour])).toEqual([
      ['Stroma', null],
      ['Tumor', '#c80000'],
      ['[not JSON', null],
      ['Immune: CD8', null],
      ['3', '#00ff00'],
      ['', null],
      ['5', null],
    ]);
    expect(read.regions.map(({ id }) => id)).toEqual(['1', '2', '3', '7', '5', '6', '7']);
  });

  it('counts empty polygons as left out', () => {
    const full = '{"type":"Polygon","coordinates":[[[0,0],[9,0],[9,9]]]}';
    const read = readGeoJson(`[${full},{"type":"Polygon","coordinates":[]}]`, 'a');
    expect(read).toMatchObject({ leftOut: 1, refused: [], regions: [{ id: '1' }] });
  });
});
