/**
 * Stores finished slices, so that none is computed twice. Stores slices, not stitched cells, because a resumed run or a run
 * over another area blends them with new neighbours.
 */
import type { SliceMaps } from '../runtime/segmenter.ts';
import { decodeSlice, encodeSlice, portableCompression, type Compression } from './slice-codec.ts';

type Awaitable<T> = T | Promise<T>;

/** Records by column and row: a log file (`SliceLog`), or a database. */
export interface SliceFile {
  readonly places: readonly (readonly [column: number, row: number])[];
  /** Damaged parts found on opening. */
  readonly damaged: number;
  /** `RecordPlace.order` of the next record. */
  readonly nextOrder: number;
  get(column: number, row: number): Awaitable<Uint8Array<ArrayBuffer> | null>;
  put(column: number, row: number, record: Uint8Array<ArrayBuffer>): Awaitable<void>;
  close(): void;
}

/** A run's interface to a store. */
export interface RunStore {
  has(column: number, row: number): boolean;
  /** The stored maps; null if they are damaged or unreadable. */
  get(column: number, row: number): Promise<SliceMaps | null>;
  /**
   * Stores a slice and resolves when done. Copies the maps before it returns, so that the caller may transfer them at once.
   * Rejects if the run depends on its storage; otherwise the store reports the problem itself.
   */
  put(column: number, row: number, maps: SliceMaps): Promise<void>;
}

/** The slices of one run key, in one file. */
export class SliceStore implements RunStore {
  readonly #file: SliceFile;
  readonly #key: string;
  readonly #marginPx: number;
  readonly #compression: Compression;
  readonly #places: Set<string>;

  private constructor(file: SliceFile, key: string, marginPx: number, compression: Compression) {
    this.#file = file;
    this.#key = key;
    this.#marginPx = marginPx;
    this.#compression = compression;
    this.#places = new Set(file.places.map(([column, row]) => `${column},${row}`));
  }

  /**
   * @param key of the run: records of another key count as damaged.
   * @param marginPx of the plan; defines the band whose log-probabilities are stored.
   */
  static open(
    file: SliceFile,
    key: string,
    marginPx: number,
    compression: Compression = portableCompression,
  ): SliceStore {
    return new SliceStore(file, key, marginPx, compression);
  }

  /** Columns and rows of the stored slices. */
  get places(): (readonly [column: number, row: number])[] {
    return [...this.#places].map((place) => place.split(',').map(Number) as [number, number]);
  }

  /** Number of stored slices. */
  get size(): number {
    return this.#places.size;
  }

  has(column: number, row: number): boolean {
    return this.#places.has(`${column},${row}`);
  }

  /** Damaged parts found on opening. */
  get damaged(): number {
    return this.#file.damaged;
  }

  /** A slice that proves damaged counts as missing from then on. */
  async get(column: number, row: number): Promise<SliceMaps | null> {
    const record = await this.#file.get(column, row);
    const maps = record === null ? null : decodeSlice(this.#key, column, row, record, this.#compression);
    if (maps === null) this.#places.delete(`${column},${row}`);
    return maps;
  }

  /** @throws any error of the file. */
  async put(column: number, row: number, maps: SliceMaps): Promise<void> {
    const place = { order: this.#file.nextOrder, column, row };
    const record = encodeSlice(this.#key, place, maps, this.#marginPx, this.#compression);
    await this.#file.put(column, row, record);
    this.#places.add(`${column},${row}`);
  }

  close(): void {
    this.#file.close();
  }
}
