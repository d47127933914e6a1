/** The slices of a run in the storage worker, as the engine wants them. */
import type { SliceMaps } from '../runtime/segmenter.ts';
import type { SliceStore } from '../segment/slice-store.ts';
import { toErrorReport } from '../base/error-report.ts';
import type { ErrorReport } from '../base/error-report.ts';
import type { StorageWorkerApi } from './stored-run.ts';

/** What of the storage is needed here; the client of the worker has it. */
export type ResultStorage = StorageWorkerApi;

export class KeptSlices implements SliceStore {
  readonly #places: Set<string>;
  #failed = false;

  private constructor(
    private readonly storage: ResultStorage,
    private readonly key: string,
    private readonly marginPx: number,
    places: readonly (readonly [number, number])[],
    private readonly onProblem: (report: ErrorReport) => void,
  ) {
    this.#places = new Set(places.map(([column, row]) => `${column},${row}`));
  }

  /**
   * @param onProblem called once, with the first thing that goes wrong; the run goes on without keeping.
   * @returns null when the slices can't be opened; `onProblem` has been told.
   */
  static async open(
    storage: ResultStorage,
    key: string,
    marginPx: number,
    onProblem: (report: ErrorReport) => void,
  ): Promise<KeptSlices | null> {
    try {
      return new KeptSlices(storage, key, marginPx, await storage.open(key), onProblem);
    } catch (error) {
      onProblem(toErrorReport(error));
      return null;
    }
  }

  get size(): number {
    return this.#places.size;
  }

  has(column: number, row: number): boolean {
    return this.#places.has(`${column},${row}`);
  }

  async get(column: number, row: number): Promise<SliceMaps | null> {
    try {
      return await this.storage.get(this.key, column, row);
    } catch (error) {
      this.#fail(error);
      return null;
    }
  }

  async put(column: number, row: number, maps: SliceMaps): Promise<void> {
    if (this.#failed) return;
    try {
      await this.storage.put(this.key, column, row, maps, this.marginPx);
    } catch (error) {
      this.#fail(error);
    }
  }

  async close(): Promise<void> {
    await this.storage.close(this.key).catch(() => undefined);
  }

  #fail(error: unknown): void {
    if (this.#failed) return;
    this.#failed = true;
    this.onProblem(toErrorReport(error));
  }
}
