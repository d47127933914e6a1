/** The page's client of the map worker. */
import type { AnnotatedSlide, AnnotationFile } from '../annotation/annotation-file.ts';
import type { ClassPolygon } from '../annotation/rasterise.ts';
import type { Cell } from '../segment/run-progress.ts';
import type { PredictionOrigin } from '../export/prediction-origin.ts';
import type { PredictionFile } from '../export/read-prediction.ts';
import type { CellLattice, MapFileRequest, MapWorkerApi, RasterisedCell } from './map-service.ts';
import { connectWorker } from '../base/worker-port.ts';
import { WatchedWorker } from './watched-worker.ts';

export type { CellLattice, MapFileRequest, RasterisedCell } from './map-service.ts';

/** Methods reject with a WorkerError, whose `report` is shown to the user. */
export interface MapClient {
  /** Any format of `readAnnotationFile`. @param slide on which the annotations should be. */
  readAnnotations(file: Blob, name: string, slide: AnnotatedSlide): Promise<AnnotationFile>;
  /** What a result file of ours says of itself; null for any other file. */
  inspectPrediction(file: Blob, name: string): Promise<PredictionFile | null>;
  /** Reads a class map that `inspectPrediction` has recognised. @param confidence its map of confidence, if there is one */
  readClassMap(
    classes: File,
    confidence: File | null,
    origin: PredictionOrigin,
    onCell: (cell: Cell) => void,
  ): Promise<void>;
  /** Rasterises areas into the cells of a grid. @param outside class value outside all areas. */
  rasterise(
    areas: readonly ClassPolygon[],
    lattice: CellLattice,
    outside: number,
    onCell: (cell: RasterisedCell) => void,
    signal: AbortSignal,
  ): Promise<void>;
  /**
   * Writes a class map as a file.
   * @param rows returns up to `count` rows of the map from `top`; null past the end.
   */
  writeFile(
    request: MapFileRequest,
    rows: (top: number, count: number) => Uint8Array<ArrayBuffer> | null,
  ): Promise<Blob>;
}

/** Milliseconds without an answer after which the worker counts as hanging; 100 MB of GeoJSON take a few seconds. */
const deadlineMs = 90_000;

/** Starts the worker with the first call. */
export function createMapClient(): MapClient {
  /** What the worker is doing, by the file's name, for the message when it hangs in it. */
  const files = new Set<string>();
  const worker = new WatchedWorker<MapWorkerApi>({
    start: () =>
      connectWorker<MapWorkerApi>(
        new Worker(new URL('./map-worker.ts', import.meta.url), { type: 'module', name: 'map' }),
        'map',
      ),
    deadlineMs,
    silenceReport: (seconds) => ({
      code: 'not-answering',
      file: [...files][0] ?? '',
      problem: `This was stopped: there was no answer for ${seconds} seconds.`,
      remedy: 'The file may be damaged, or too large for this computer.',
    }),
  });
  return {
    readAnnotations: (file, name, slide) => {
      files.add(name);
      return worker.rpc.call('readAnnotations', [file, name, slide]).finally(() => files.delete(name));
    },
    inspectPrediction: (file, name) => worker.rpc.call('inspectPrediction', [file, name]),
    readClassMap: (classes, confidence, origin, onCell) => {
      files.add(classes.name);
      const sure = confidence === null ? null : { file: confidence, name: confidence.name };
      return worker.rpc
        .call('readClassMap', [classes, classes.name, sure, origin], {
          onProgress: (cell) => onCell(cell as Cell),
        })
        .finally(() => files.delete(classes.name));
    },
    rasterise: (areas, lattice, outside, onCell, signal) =>
      worker.rpc.call('rasterise', [areas, lattice, outside], {
        signal,
        onProgress: (cell) => onCell(cell as RasterisedCell),
      }),
    writeFile: async (request, rows) => {
      const { id, stripRows } = await worker.rpc.call('beginFile', [request]);
      try {
        // One strip at a time, so that the page stays responsive and holds one strip in memory.
        for (let top = 0; ; top += stripRows) {
          const values = rows(top, stripRows);
          if (values === null) break;
          await worker.rpc.call('pushRows', [id, values], { transfer: [values.buffer] });
        }
        return await worker.rpc.call('finishFile', [id]);
      } catch (error) {
        void worker.rpc.call('dropFile', [id]).catch(() => undefined);
        throw error;
      }
    },
  };
}
