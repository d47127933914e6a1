/** Objects as files: GeoJSON with classification and measurements as QuPath reads and writes them, and CSV. Pure. */
import { csvTable } from '../base/csv.ts';
import { geoJsonHead, geoJsonSeparator, geoJsonTail } from '../annotation/write-geojson.ts';
import type { ReviewCorrection } from './correction.ts';
import { mixedness, type MapObject } from './map-object.ts';
import { polygonsOf, type MapScale, type ObjectPolygon } from './object-shape.ts';
import { classNameOf, stateOf } from './review-list.ts';

export interface ObjectsToWrite {
  readonly objects: readonly MapObject[];
  readonly reviews: ReadonlyMap<number, ReviewCorrection>;
  /** By class value; colours as shown, like #0072B2. */
  readonly classes: readonly {
    readonly name: string;
    readonly colour: string;
    readonly background: boolean;
  }[];
  readonly scale: MapScale;
  /** µm per level-0 pixel; null if unknown. */
  readonly mpp: { readonly x: number; readonly y: number } | null;
  /** What speaks against the results; null without. */
  readonly warning: string | null;
  /** The title of the model. */
  readonly model: string;
  /** Maximum deviation of outlines, map pixels; 0 for exact. */
  readonly tolerance: number;
}

/** Area of an object, µm²; null if the resolution is unknown. */
export function areaUm2(
  { pixels }: MapObject,
  scale: MapScale,
  mpp: { readonly x: number; readonly y: number } | null,
): number | null {
  return mpp === null ? null : pixels * scale.x * mpp.x * scale.y * mpp.y;
}

/**
 * The objects as QuPath detections, in parts of the text of a file. Rejected ones are left out, so that nobody counts them;
 * the member `rejected` says how many.
 */
export function objectsGeoJson(list: ObjectsToWrite): string[] {
  const { objects, reviews, classes, scale, mpp, warning, model, tolerance } = list;
  const kept = objects.filter((object) => reviews.get(object.key)?.verdict !== 'rejected');
  const notes = [`Objects of ${model}. Research use only.`, ...(warning === null ? [] : [warning])].join(' ');
  const head = geoJsonHead(notes).replace(
    '"features"',
    `"rejected":${objects.length - kept.length},"features"`,
  );
  const parts = [head];
  kept.forEach((object, at) => {
    if (at > 0) parts.push(geoJsonSeparator);
    const name = classNameOf(object, reviews, classes);
    const colour = classes.find((entry) => entry.name === name)?.colour ?? '#808080';
    const um2 = areaUm2(object, scale, mpp);
    const shares = classes.flatMap(({ name: of, background }, value) =>
      background ? [] : [[`Share of ${of}`, round(object.mix[value] ?? 0)] as const],
    );
    parts.push(
      JSON.stringify({
        type: 'Feature',
        geometry: geometryOf(polygonsOf(object, scale, tolerance)),
        properties: {
          objectType: 'detection',
          classification: { name, color: channelsOf(colour) },
          measurements: {
            ...(um2 !== null && { 'Area µm^2': round(um2) }),
            'Mean confidence': round(object.confidence),
            ...Object.fromEntries(shares),
          },
          metadata: {
            review: stateOf(object, reviews, classes),
            predicted: classes[object.majority]?.name ?? '',
          },
        },
      }),
    );
  });
  parts.push(geoJsonTail);
  return parts;
}

function geometryOf(polygons: readonly ObjectPolygon[]): object {
  const coordinates = polygons.map(({ outer, holes }) => [outer, ...holes].map(closed));
  return coordinates.length === 1
    ? { type: 'Polygon', coordinates: coordinates[0] }
    : { type: 'MultiPolygon', coordinates };
}

function closed(ring: readonly number[]): number[][] {
  const points = Array.from({ length: ring.length / 2 }, (_, i) => [ring[2 * i] ?? 0, ring[2 * i + 1] ?? 0]);
  return [...points, points[0] ?? []];
}

const channelsOf = (colour: string): number[] =>
  [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16));

/** Six significant digits. */
const round = (value: number): number => Number(value.toPrecision(6));

/** One row per object, rejected ones included. Bounds are level-0 pixels. */
export function objectsCsv({
  objects,
  reviews,
  classes,
  scale,
  mpp,
  model,
  warning,
}: ObjectsToWrite): string {
  const shown = classes.flatMap((entry, value) => (entry.background ? [] : [{ ...entry, value }]));
  return csvTable(
    [
      'object',
      'class',
      'predicted',
      'review',
      'area_um2',
      'pixels',
      'confidence',
      'mixed',
      ...shown.map(({ name }) => `share ${name}`),
      'x',
      'y',
      'width',
      'height',
      'model',
      ...(warning === null ? [] : ['warning']),
    ],
    objects.map((object, at) => {
      const { box } = object;
      const um2 = areaUm2(object, scale, mpp);
      return [
        at + 1,
        classNameOf(object, reviews, classes),
        classes[object.majority]?.name ?? '',
        stateOf(object, reviews, classes),
        um2 === null ? '' : round(um2),
        object.pixels,
        object.confidence.toFixed(4),
        mixedness(object).toFixed(4),
        ...shown.map(({ value }) => (object.mix[value] ?? 0).toFixed(4)),
        ...[box.left * scale.x, box.top * scale.y].map((value) => Math.round(value)),
        ...[(box.right - box.left) * scale.x, (box.bottom - box.top) * scale.y].map((value) =>
          Math.round(value),
        ),
        model,
        ...(warning === null ? [] : [warning]),
      ];
    }),
  );
}
