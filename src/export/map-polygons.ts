/** The polygons of a class map as GeoJSON that QuPath reads, row by row. Pure. */
import { PolygonTracer } from '../annotation/trace-polygons.ts';
import {
  geoJsonFeature,
  geoJsonHead,
  geoJsonSeparator,
  geoJsonTail,
  type MapPlacement,
} from '../annotation/write-geojson.ts';
import type { MapClasses } from './map-tiff.ts';

export class MapPolygons {
  readonly #tracer: PolygonTracer;
  #waiting: string[] = [geoJsonHead];
  #count = 0;

  /**
   * @param classes background classes get no polygons.
   * @param tolerance furthest that an outline may lie from the exact one, in pixels of the map; 0 for exact.
   */
  constructor(classes: MapClasses, placement: MapPlacement, tolerance: number) {
    this.#tracer = new PolygonTracer(
      { isTraced: (value) => classes[value]?.background === false, tolerance },
      (polygon) => {
        const of = classes[polygon.classValue];
        if (of === undefined) return;
        if (this.#count++ > 0) this.#waiting.push(geoJsonSeparator);
        this.#waiting.push(geoJsonFeature(polygon, of, placement));
      },
    );
  }

  /** Polygons so far. */
  get count(): number {
    return this.#count;
  }

  /** The next rows of the map, each of `width` values. */
  push(values: Uint8Array, width: number): void {
    for (let at = 0; at < values.length; at += width) this.#tracer.row(values.subarray(at, at + width));
  }

  /** The text of what has ended since the last call. */
  take(): string {
    const text = this.#waiting.join('');
    this.#waiting = [];
    return text;
  }

  /** Ends the map; `take` then gives the rest of the file. */
  finish(): void {
    this.#tracer.finish();
    this.#waiting.push(geoJsonTail);
  }
}
