/**
 * The map worker's methods, separate from the worker's entry so that tests can run them: reads annotation files,
 * rasterises them, writes class maps as files. None needs a slide or a network, but each may take seconds.
 */
import { AnnotationError, type AnnotatedSlide, type AnnotationFile } from '../annotation/annotation-file.ts';
import { rasterise, type ClassPolygon } from '../annotation/rasterise.ts';
import { readAnnotationFile } from '../annotation/read-annotation-file.ts';
import { boundsOfRings } from '../base/polygon.ts';
import { overlaps } from '../base/rect.ts';
import type { MapPlacement } from '../annotation/write-geojson.ts';
import { MapDicomSeg, type MapDicomSegOptions } from '../export/map-dicom-seg.ts';
import { MapPolygons } from '../export/map-polygons.ts';
import { MapTiff, tileSizeFor, type MapClasses } from '../export/map-tiff.ts';
import type { PredictionOrigin } from '../export/prediction-origin.ts';
import { inspectPrediction, readClassMap, type PredictionFile } from '../export/read-prediction.ts';
import { fileByteSource } from '../slide/byte-source.ts';
import type { Cell } from '../segment/run-progress.ts';
import type { ByteSink } from '../slide/tiff-writer/tiff-writer.ts';
import type { Handlers } from '../base/rpc.ts';

/** A grid of square cells over a slide, from its top left. */
export interface CellLattice {
  readonly columns: number;
  readonly rows: number;
  /** Level-0 pixels of a cell, per axis. */
  readonly cellWidth: number;
  readonly cellHeight: number;
  /** Side of a cell in pixels of the map. */
  readonly cellPx: number;
}

/** A cell of the grid. Annotations have no confidence. */
export type RasterisedCell = Omit<Cell, 'confidence'>;

export type MapFileRequest =
  | {
      readonly kind: 'tiff';
      readonly width: number;
      readonly height: number;
      readonly umPerPx: number | null;
      readonly about: string;
      readonly origin?: PredictionOrigin;
      readonly classes: MapClasses;
    }
  | {
      readonly kind: 'geojson';
      readonly width: number;
      readonly placement: MapPlacement;
      /** Pixels of the map. */
      readonly tolerance: number;
      readonly classes: MapClasses;
      /** About the whole file; absent if there is none. */
      readonly warning?: string;
      readonly origin?: PredictionOrigin;
    }
  | (Omit<MapDicomSegOptions, 'date'> & { readonly kind: 'dicom-seg' });

/** Methods of the map worker. */
export interface MapWorkerApi {
  /**
   * @param slide on which the annotations should be.
   * @throws WorkerError `annotations` naming file, problem and remedy.
   */
  readAnnotations(file: Blob, name: string, slide: AnnotatedSlide): Promise<AnnotationFile>;
  /** What a result file says of itself; null for any other file. */
  inspectPrediction(file: Blob, name: string): Promise<PredictionFile | null>;
  /**
   * Reads a class map; its confidence counts as 1 where no map of it is given. Progress events are Cell, row by row.
   * @throws WorkerError when a file is damaged or does not cover the slide that it names.
   */
  readClassMap(
    classes: Blob,
    name: string,
    confidence: { readonly file: Blob; readonly name: string } | null,
    origin: PredictionOrigin,
  ): Promise<void>;
  /**
   * Rasterises areas, in order, into all cells of a grid, with `outside` elsewhere. Progress events are RasterisedCell,
   * row by row.
   */
  rasterise(areas: readonly ClassPolygon[], lattice: CellLattice, outside: number): Promise<void>;
  /** Starts a file. Push the map's rows from the top in strips of `stripRows`, then finish. */
  beginFile(request: MapFileRequest): Promise<{ readonly id: number; readonly stripRows: number }>;
  pushRows(id: number, values: Uint8Array<ArrayBuffer>): Promise<void>;
  finishFile(id: number): Promise<Blob>;
  /** Discards an unfinished file. */
  dropFile(id: number): Promise<void>;
}

interface OpenFile {
  push(values: Uint8Array<ArrayBuffer>): Promise<void>;
  finish(): Promise<Blob>;
}

export function createMapService(): Handlers<MapWorkerApi> {
  const files = new Map<number, OpenFile>();
  let nextId = 1;
  const fileOf = (id: number): OpenFile => {
    const file = files.get(id);
    if (file === undefined) throw new RangeError(`File ${id} is not being written.`);
    return file;
  };
  return {
    readAnnotations: async (_call, file, name, slide) =>
      readAnnotationFile(new Uint8Array(await file.arrayBuffer()), name, slide),

    inspectPrediction: (_call, file, name) => inspectPrediction(fileByteSource(file, name)),

    readClassMap: (call, classes, name, confidence, origin) =>
      readClassMap(
        fileByteSource(classes, name),
        confidence === null ? null : fileByteSource(confidence.file, confidence.name),
        origin,
        (cell) => call.progress(cell, [cell.classes.buffer, cell.confidence.buffer]),
        call.signal,
      ),

    rasterise: async (call, areas, lattice, outside) => {
      const boxed = areas.map((area) => ({ area, box: boundsOfRings([area.outer]) }));
      const { columns, rows, cellWidth, cellHeight, cellPx } = lattice;
      for (let row = 0; row < rows; row++) {
        for (let column = 0; column < columns; column++) {
          call.signal.throwIfAborted();
          const rect = { x: column * cellWidth, y: row * cellHeight, width: cellWidth, height: cellHeight };
          const near = boxed.flatMap(({ area, box }) => (overlaps(box, rect) ? [area] : []));
          const classes = rasterise(near, rect, cellPx, cellPx, outside);
          call.progress({ column, row, rect, size: cellPx, classes } satisfies RasterisedCell, [
            classes.buffer,
          ]);
        }
        // Yields, so that an abort message can arrive.
        await new Promise((resolve) => setTimeout(resolve));
      }
    },

    beginFile: (_call, request) => {
      const id = nextId++;
      if (request.kind === 'tiff') {
        files.set(id, tiffFile(request));
        return { id, stripRows: tileSizeFor(request.width, request.height) };
      }
      files.set(id, request.kind === 'geojson' ? geoJsonFile(request) : dicomSegFile(request));
      return { id, stripRows: 256 };
    },
    pushRows: (_call, id, values) => fileOf(id).push(values),
    finishFile: async (_call, id) => {
      const file = fileOf(id);
      files.delete(id);
      return file.finish();
    },
    dropFile: (_call, id) => {
      files.delete(id);
    },
  };
}

function tiffFile(request: Extract<MapFileRequest, { kind: 'tiff' }>): OpenFile {
  const { width, height, umPerPx, about, classes, origin } = request;
  const sink = new BlobSink();
  const tiff = MapTiff.ofClasses(
    {
      sink,
      width,
      height,
      about,
      ...(umPerPx === null ? {} : { umPerPx }),
      ...(origin === undefined ? {} : { origin }),
    },
    classes,
  );
  return {
    push: (values) => tiff.push(values, width, values.length / width),
    finish: async () => sink.blob(await tiff.finish(), 'image/tiff'),
  };
}

function geoJsonFile(request: Extract<MapFileRequest, { kind: 'geojson' }>): OpenFile {
  const { classes, placement, tolerance, warning, origin } = request;
  const polygons = new MapPolygons(classes, placement, tolerance, warning, origin);
  const parts: string[] = [];
  return {
    push: async (values) => {
      polygons.push(values, request.width);
      parts.push(polygons.take());
    },
    finish: async () => {
      polygons.finish();
      return new Blob([...parts, polygons.take()], { type: 'application/geo+json' });
    },
  };
}

function dicomSegFile(request: Extract<MapFileRequest, { kind: 'dicom-seg' }>): OpenFile {
  const seg = new MapDicomSeg(request);
  return {
    push: async (values) => {
      seg.push(values);
    },
    finish: async () => {
      const file = seg.finish();
      if (file !== null) return file;
      throw new AnnotationError(
        request.slide.name,
        'Nothing but the background is segmented.',
        'Segment an area with other classes.',
      );
    },
  };
}

/** Collects writes in any order and returns them as one Blob. */
class BlobSink implements ByteSink {
  readonly #parts: { readonly position: number; readonly bytes: Uint8Array<ArrayBuffer> }[] = [];

  async write(position: number, bytes: Uint8Array): Promise<void> {
    this.#parts.push({ position, bytes: new Uint8Array(bytes) });
  }

  /** @param length of the file; bytes that were not written are 0. */
  blob(length: number, type: string): Blob {
    const parts: Uint8Array<ArrayBuffer>[] = [];
    let end = 0;
    for (const { position, bytes } of this.#parts.sort((a, b) => a.position - b.position)) {
      if (position > end) parts.push(new Uint8Array(position - end));
      parts.push(bytes);
      end = position + bytes.length;
    }
    if (length > end) parts.push(new Uint8Array(length - end));
    return new Blob(parts, { type });
  }
}
