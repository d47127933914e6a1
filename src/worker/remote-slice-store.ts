/** The slices of a run in the storage worker, and the note that says what run they are of. */
import { toErrorReport, type ErrorReport } from '../base/error-report.ts';
import type { SliceMaps } from '../runtime/segmenter.ts';
import type { RunStore } from '../segment/store.ts';
import type { StorageWorkerApi, StoredRun } from './storage-protocol.ts';

/**
 * A store that never fails a run: the first problem is reported, and from then on nothing is kept, since later slices
 * would meet the same problem.
 */
export class RemoteSliceStore implements RunStore {
  readonly #storage: StorageWorkerApi;
  readonly #key: string;
  readonly #places: Set<string>;
  readonly #onProblem: (report: ErrorReport) => void;
  #failed = false;

  private constructor(
    storage: StorageWorkerApi,
    key: string,
    places: readonly (readonly [number, number])[],
    onProblem: (report: ErrorReport) => void,
  ) {
    this.#storage = storage;
    this.#key = key;
    this.#places = new Set(places.map(([column, row]) => `${column},${row}`));
    this.#onProblem = onProblem;
  }

  /**
   * @param key of the run.
   * @param marginPx of the plan.
   * @param onProblem called once.
   * @returns null when the slices can't be opened; `onProblem` has been called.
   */
  static async open(
    storage: StorageWorkerApi,
    key: string,
    marginPx: number,
    onProblem: (report: ErrorReport) => void,
  ): Promise<RemoteSliceStore | null> {
    try {
      return new RemoteSliceStore(storage, key, await storage.open(key, marginPx), onProblem);
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
      return await this.#storage.get(this.#key, column, row);
    } catch (error) {
      this.#fail(error);
      return null;
    }
  }

  async put(column: number, row: number, maps: SliceMaps): Promise<void> {
    if (this.#failed) return;
    try {
      await this.#storage.put(this.#key, column, row, maps);
    } catch (error) {
      this.#fail(error);
    }
  }

  /** Notes where the run is: one that is still `running` at the next visit was interrupted. */
  async setRun(run: Omit<StoredRun, 'time'>): Promise<void> {
    try {
      await this.#storage.setRun(this.#key, { ...run, time: Date.now() });
    } catch (error) {
      this.#onProblem(toErrorReport(error));
    }
  }

  async close(): Promise<void> {
    await this.#storage.close(this.#key).catch(() => undefined);
  }

  #fail(error: unknown): void {
    if (this.#failed) return;
    this.#failed = true;
    this.#onProblem(toErrorReport(error));
  }
}
