import { describe, expect, it } from 'vitest';
import { geoJsonRegions } from '../annotation/read-geojson.ts';
import { applyCorrections, type CorrectedMap } from './apply-corrections.ts';
import { readCorrection, toStoredCorrection, type Correction } from './correction.ts';
import type { MapObject } from './map-object.ts';
import { ObjectIndex } from './object-index.ts';
import { objectsCsv, objectsGeoJson } from './object-files.ts';
import { polygonsOf, pixelsOf, runsInside } from './object-shape.ts';
import { countReviews, sortObjects } from './review-list.ts';
import { mergeObjects, splitObject } from './split-object.ts';
import { sharedPixels } from './runs.ts';
import { drawn, mapRows, objectsOfRows } from './testing/made-map.ts';

const classes = ['normal', 'benign', 'invasive'].map((name, value) => ({
  name,
  background: value === 0,
  colour: '#0072B2',
}));
const scale = { x: 4, y: 4 };
const confidenceOf = (_row: number, start: number, end: number): number => 200 * (end - start);
const map: CorrectedMap = { scale, classes, confidenceOf };

const find = (rows: readonly string[]): MapObject[] =>
  objectsOfRows(mapRows(rows), { kind: 'foreground', classes, smallest: 1 });

const twoGlands = ['            ', ' 1111  2222 ', ' 1121  2222 ', ' 1111  2222 ', '            '];

let place = 0;
const shapeOf = (object: MapObject): number[][] =>
  polygonsOf(object, scale).flatMap(({ outer, holes }) => [outer, ...holes].map((ring) => [...ring]));
const review = (object: MapObject, verdict: 'accepted' | 'rejected', className: string): Correction => ({
  id: `r${++place}`,
  version: 1,
  layer: 'nano',
  place,
  kind: 'review',
  verdict,
  className,
  shape: shapeOf(object),
});

describe('outlines', () => {
  it('hold the same pixels as the object, with holes', () => {
    const [ring] = find(['11111', '1   1', '1 2 1', '1   1', '11111']);
    expect(ring).toBeDefined();
    const again = runsInside(shapeOf(ring!), scale);
    expect(pixelsOf(again)).toBe(16);
    expect(sharedPixels(again, ring!.runs)).toBe(16);
  });
});

describe('splitting', () => {
  const [bar] = find([' 1111111 ', ' 1122111 ', ' 1111111 ']);

  it('parts an object along a line and loses no pixel', () => {
    // Between the third and fourth column of the object, map columns 3 and 4.
    const parts = splitObject(bar!, [16, -4, 16, 20], scale, confidenceOf);
    expect(parts.map(drawn)).toEqual([['1111', '2111', '1111'].map((row) => row), ['111', '112', '111']]);
    expect(parts[0]!.confidence).toBeCloseTo(200 / 255, 6);
  });

  it('parts it along a slanted line through pixel centres', () => {
    const [square] = find(['11111', '11111', '11111', '11111', '11111']);
    const parts = splitObject(square!, [0, 0, 20, 20], scale, confidenceOf);
    expect(parts).toHaveLength(2);
    expect(parts.reduce((sum, { pixels }) => sum + pixels, 0)).toBe(25);
  });

  it('leaves an object that the line does not cross from edge to edge', () => {
    expect(splitObject(bar!, [16, -4, 16, 6], scale, confidenceOf)).toEqual([bar]);
  });
});

describe('corrections', () => {
  it('stay with objects whose outline has changed a little', () => {
    const [first, second] = find(twoGlands);
    const corrections = [review(first!, 'accepted', 'invasive'), review(second!, 'rejected', 'invasive')];
    const again = find(['            ', ' 1111 12222 ', ' 1111  2222 ', ' 1111  222  ', '            ']);
    const { reviews, unmatched, objects } = applyCorrections(again, corrections, map);
    expect(unmatched).toEqual([]);
    expect(objects.map(({ key }) => reviews.get(key)?.id)).toEqual(corrections.map(({ id }) => id));
    expect(countReviews(objects, reviews, classes)).toEqual({
      total: 2,
      accepted: 0,
      relabelled: 1,
      rejected: 1,
      left: 0,
    });
  });

  it('whose object is gone, or no longer what was rejected, are named', () => {
    const [first, second] = find(twoGlands);
    const corrections = [review(first!, 'accepted', 'benign'), review(second!, 'rejected', 'invasive')];
    const again = find(['            ', '       1111 ', '       1111 ', '       1111 ']);
    expect(applyCorrections(again, corrections, map).unmatched).toEqual(corrections);
  });

  it('merge and split, then review what came of it', () => {
    const [first, second] = find(twoGlands);
    const whole = mergeObjects([first!, second!]);
    const merge: Correction = {
      id: 'm',
      version: 1,
      layer: 'nano',
      place: ++place,
      kind: 'merge',
      shape: shapeOf(whole),
    };
    const split: Correction = {
      ...merge,
      id: 's',
      place: ++place,
      kind: 'split',
      line: [0, 10, 48, 10],
    };
    const merged = applyCorrections(find(twoGlands), [merge], map);
    expect(merged.objects.map(({ pixels }) => pixels)).toEqual([24]);
    const parts = applyCorrections(find(twoGlands), [merge, split], map);
    expect(parts.unmatched).toEqual([]);
    // Merged pieces that do not touch fall apart where they are cut.
    expect(parts.objects.map(({ pixels }) => pixels).sort()).toEqual([4, 4, 8, 8].sort());
    const accepted = review(parts.objects[0]!, 'accepted', 'benign');
    expect(applyCorrections(find(twoGlands), [merge, split, accepted], map).reviews.size).toBe(1);
  });

  it('are read back as they were stored, and refused when damaged', () => {
    const [first] = find(twoGlands);
    const one = review(first!, 'accepted', 'benign');
    const stored: unknown = JSON.parse(JSON.stringify(toStoredCorrection(one)));
    expect(readCorrection(one.id, stored)).toEqual(one);
    expect(readCorrection('x', { ...one, version: 2 })).toBeNull();
    expect(readCorrection('x', { ...one, shape: [[0, 1e300]] })).toBeNull();
  });
});

describe('index and list', () => {
  it('finds the object at a pixel', () => {
    const objects = find(twoGlands);
    const index = new ObjectIndex(objects);
    expect(index.at(1, 1)).toBe(objects[0]);
    expect(index.at(10, 3)).toBe(objects[1]);
    expect(index.at(5, 1)).toBeNull();
    expect(index.at(5, 90)).toBeNull();
  });

  it('sorts', () => {
    const objects = find(twoGlands);
    const byMix = sortObjects(objects, new Map(), classes, { by: 'mixed', descending: false });
    expect(byMix).toEqual([objects[1], objects[0]]);
    const byClass = sortObjects(objects, new Map(), classes, { by: 'class', descending: true });
    expect(byClass).toEqual([objects[1], objects[0]]);
  });
});

describe('files', () => {
  const objects = find(twoGlands);
  const reviews = applyCorrections(
    objects,
    [review(objects[0]!, 'accepted', 'invasive'), review(objects[1]!, 'rejected', 'invasive')],
    map,
  ).reviews;
  const list = {
    objects,
    reviews,
    classes,
    scale,
    mpp: { x: 0.5, y: 0.5 },
    warning: null,
    model: 'Nano',
    tolerance: 0,
  };

  it('are GeoJSON as QuPath has it, without what was rejected', () => {
    const json = JSON.parse(objectsGeoJson(list).join('')) as {
      rejected: number;
      features: { properties: unknown }[];
    };
    expect(json.rejected).toBe(1);
    expect(json.features.map(({ properties }) => properties)).toEqual([
      {
        objectType: 'detection',
        classification: { name: 'invasive', color: [0, 114, 178] },
        measurements: {
          // 12 pixels of 4 × 4 level-0 pixels of 0.5 × 0.5 µm.
          'Area µm^2': 48,
          'Mean confidence': 0.784314,
          'Share of benign': 0.916667,
          'Share of invasive': 0.0833333,
        },
        metadata: { review: 'relabelled', predicted: 'benign' },
      },
    ]);
    const { regions } = geoJsonRegions(json, 'objects.geojson');
    expect(regions.map(({ label }) => label)).toEqual(['invasive']);
    expect(pixelsOf(runsInside([regions[0]!.outer], scale))).toBe(12);
  });

  it('are a table of all', () => {
    const lines = objectsCsv(list).split('\r\n');
    expect(lines[1]).toBe('1,invasive,benign,relabelled,48,12,0.7843,0.0833,0.9167,0.0833,4,4,16,12,Nano');
    expect(lines[2]).toContain('rejected');
  });
});
