/** Traces the polygons of a class map, row by row, and writes them as GeoJSON for QuPath. Pure. */
import { PolygonTracer } from '../annotation/trace-polygons.ts';
import {
  geoJsonFeature,
  geoJsonHead,
  geoJsonSeparator,
  geoJsonTail,
  type MapPlacement,
} from '../annotation/write-geojson.ts';
import type { MapClasses } from './map-tiff.ts';
import { originMember, originText, type PredictionOrigin } from './prediction-origin.ts';

export class MapPolygons {
  readonly #tracer: PolygonTracer;
  #pending: string[];
  #count = 0;

  /**
   * @param classes background classes get no polygons.
   * @param tolerance maximum deviation of an outline, in map pixels; 0 for exact.
   * @param warning about the whole file; absent if there is none.
   * @param origin with it the file can be opened again as a prediction.
   */
  constructor(
    classes: MapClasses,
    placement: MapPlacement,
    tolerance: number,
    warning?: string,
    origin?: PredictionOrigin,
  ) {
    const members = origin === undefined ? [] : [`"${originMember}":${originText(origin)}`];
    this.#pending = [geoJsonHead(warning, members)];
    this.#tracer = new PolygonTracer(
      { isTraced: (value) => classes[value]?.background === false, tolerance },
      (polygon) => {
        const of = classes[polygon.classValue];
        if (of === undefined) return;
        if (this.#count++ > 0) this.#pending.push(geoJsonSeparator);
        this.#pending.push(geoJsonFeature(polygon, of, placement));
      },
    );
  }

  /** Number of polygons so far. */
  get count(): number {
    return this.#count;
  }

  /** The next rows of the map, each of `width` values. */
  push(values: Uint8Array, width: number): void {
    for (let at = 0; at < values.length; at += width) this.#tracer.row(values.subarray(at, at + width));
  }

  /** GeoJSON text of the polygons completed since the last call. */
  take(): string {
    const text = this.#pending.join('');
    this.#pending = [];
    return text;
  }

  /** Ends the map; `take` then returns the rest of the file. */
  finish(): void {
    this.#tracer.finish();
    this.#pending.push(geoJsonTail);
  }
}
