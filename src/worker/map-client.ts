/** The page's side of the map worker. */
import type { AnnotationFile } from '../annotation/annotation-file.ts';
import type { ClassPolygon } from '../annotation/rasterise.ts';
import type { CellLattice, MapFileRequest, MapWorkerApi, RasterisedCell } from './map-service.ts';
import type { RpcClient } from '../base/rpc.ts';
import { connectWorker } from '../base/worker-port.ts';

export type { CellLattice, MapFileRequest, RasterisedCell } from './map-service.ts';

/** Every method rejects with a WorkerError, whose `report` is what to show the user. */
export interface MapClient {
  /** ImageScope XML, ASAP XML or GeoJSON. */
  readAnnotations(file: Blob, name: string): Promise<AnnotationFile>;
  /** Paints areas into the cells of a lattice. @param outside class value where none lies. */
  rasterise(
    areas: readonly ClassPolygon[],
    lattice: CellLattice,
    outside: number,
    onCell: (cell: RasterisedCell) => void,
    signal: AbortSignal,
  ): Promise<void>;
  /**
   * Writes a class map as a file.
   * @param rows gives the map's rows from `top` on, as many as asked for or as there are; null at the end.
   */
  writeFile(
    request: MapFileRequest,
    rows: (top: number, count: number) => Uint8Array<ArrayBuffer> | null,
  ): Promise<Blob>;
}

/** The worker starts when it is first needed. */
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
        // One strip at a time: the page answers between two of them, and holds no more than one.
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
