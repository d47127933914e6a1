/**
 * Finished slices, kept so that they are never computed twice. What is kept are slices, not stitched cells: a run over
 * another area, or the rest of an interrupted one, blends them with neighbours that were not there before.
 */
import type { SliceMaps } from '../runtime/segmenter.ts';
import { decodeSlice, encodeSlice, portableCompression, type Compression } from './slice-codec.ts';

type Awaitable<T> = T | Promise<T>;

/** Records by place in the lattice: a log file (`SliceLog`), or a database. */
export interface SliceFile {
  readonly places: readonly (readonly [column: number, row: number])[];
  get(column: number, row: number): Awaitable<Uint8Array<ArrayBuffer> | null>;
  put(column: number, row: number, record: Uint8Array<ArrayBuffer>): Awaitable<void>;
  close(): void;
}

/** What a run asks of a store, wherever that is. */
export interface RunStore {
  has(column: number, row: number): boolean;
  /** The maps that were kept; null where they are damaged or can't be read any more. */
  get(column: number, row: number): Promise<SliceMaps | null>;
  /**
   * Keeps a slice; resolves when it is kept. Takes its copy before it returns, so that the caller may transfer the maps
   * at once. Rejects where a run that is not kept is worth nothing; elsewhere the store reports the problem itself.
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
   * @param marginPx of the plan; log-probabilities are kept in the band that it gives.
   */
  static open(
    file: SliceFile,
    key: string,
    marginPx: number,
    compression: Compression = portableCompression,
  ): SliceStore {
    return new SliceStore(file, key, marginPx, compression);
  }

  /** Columns and rows of the slices that are there. */
  get places(): (readonly [column: number, row: number])[] {
    return [...this.#places].map((place) => place.split(',').map(Number) as [number, number]);
  }

  /** How many slices it holds. */
  get size(): number {
    return this.#places.size;
  }

  has(column: number, row: number): boolean {
    return this.#places.has(`${column},${row}`);
  }

  async get(column: number, row: number): Promise<SliceMaps | null> {
    const record = await this.#file.get(column, row);
    return record === null ? null : decodeSlice(this.#key, column, row, record, this.#compression);
  }

  /** @throws what the file throws. */
  async put(column: number, row: number, maps: SliceMaps): Promise<void> {
    const record = encodeSlice(this.#key, column, row, maps, this.#marginPx, this.#compression);
    await this.#file.put(column, row, record);
    this.#places.add(`${column},${row}`);
  }

  close(): void {
    this.#file.close();
  }
}
