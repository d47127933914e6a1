/** A run's slices in the storage worker, and the note that describes the run. */
import { toErrorReport, type ErrorReport } from '../base/error-report.ts';
import type { SliceMaps } from '../runtime/segmenter.ts';
import type { RunStore } from '../segment/store.ts';
import type { RunStorage, StoredRun } from './storage-protocol.ts';

/**
 * A store that never fails a run. After the first problem, which is reported, it saves no more slices, because later ones
 * would meet the same problem.
 */
export class RemoteSliceStore implements RunStore {
  readonly #storage: RunStorage;
  readonly #key: string;
  readonly #places: Set<string>;
  readonly #onProblem: (report: ErrorReport) => void;
  #failed = false;
  #isDamageReported = false;

  private constructor(
    storage: RunStorage,
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
   * @param onProblem called at most once for damaged slices, and once for a failure.
   * @returns null, after calling `onProblem`, when the slices can't be opened.
   */
  static async open(
    storage: RunStorage,
    key: string,
    marginPx: number,
    onProblem: (report: ErrorReport) => void,
  ): Promise<RemoteSliceStore | null> {
    try {
      const { places, damaged } = await storage.open(key, marginPx);
      const store = new RemoteSliceStore(storage, key, places, onProblem);
      if (damaged > 0) store.#reportDamage();
      return store;
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
      const maps = await this.#storage.get(this.#key, column, row);
      // Missing from now on, so that the run computes it again.
      if (maps === null && this.#places.delete(`${column},${row}`)) this.#reportDamage();
      return maps;
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

  /** Stores the run's state. A run that is still `running` when the app is opened again was interrupted. */
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

  #reportDamage(): void {
    if (this.#isDamageReported) return;
    this.#isDamageReported = true;
    this.#onProblem({
      code: 'storage-damaged',
      file: '',
      problem: 'Some saved slices are damaged, or an earlier version saved them; they are left out.',
      remedy: 'Segment again: only the missing slices are computed.',
    });
  }

  #fail(error: unknown): void {
    if (this.#failed) return;
    this.#failed = true;
    this.#onProblem(toErrorReport(error));
  }
}
