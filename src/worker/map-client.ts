/** The page's client of the map worker. */
import type { AnnotationFile } from '../annotation/annotation-file.ts';
import type { ClassPolygon } from '../annotation/rasterise.ts';
import type { CellLattice, MapFileRequest, MapWorkerApi, RasterisedCell } from './map-service.ts';
import type { RpcClient } from '../base/rpc.ts';
import { connectWorker } from '../base/worker-port.ts';

export type { CellLattice, MapFileRequest, RasterisedCell } from './map-service.ts';

/** Methods reject with a WorkerError, whose `report` is shown to the user. */
export interface MapClient {
  /** ImageScope XML, ASAP XML or GeoJSON. */
  readAnnotations(file: Blob, name: string): Promise<AnnotationFile>;
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

/** Starts the worker with the first call. */
export function createMapClient(): MapClient {
  let started: RpcClient<MapWorkerApi> | null = null;
  const rpc = (): RpcClient<MapWorkerApi> => {
    started ??= connectWorker<MapWorkerApi>(
      new Worker(new URL('./map-worker.ts', import.meta.url), { type: 'module', name: 'map' }),
      'map',
    );
    return started;
  };
  return {
    readAnnotations: (file, name) => rpc().call('readAnnotations', [file, name]),
    rasterise: (areas, lattice, outside, onCell, signal) =>
      rpc().call('rasterise', [areas, lattice, outside], {
        signal,
        onProgress: (cell) => onCell(cell as RasterisedCell),
      }),
    writeFile: async (request, rows) => {
      const { id, stripRows } = await rpc().call('beginFile', [request]);
      try {
        // One strip at a time, so that the page stays responsive and holds one strip in memory.
        for (let top = 0; ; top += stripRows) {
          const values = rows(top, stripRows);
          if (values === null) break;
          await rpc().call('pushRows', [id, values], { transfer: [values.buffer] });
        }
        return await rpc().call('finishFile', [id]);
      } catch (error) {
        void rpc()
          .call('dropFile', [id])
          .catch(() => undefined);
        throw error;
      }
    },
  };
}
