/** Bounded cache of finished slices: spills the least recently used ones and reads them back on demand. */
import type { StorageClient } from '../../worker/storage-client.ts';
import type { SlicePager, SliceMap, StoredSlice } from './stored-slice.ts';

/** Slices used within this time stay, regardless of the budget, so that nothing on screen is spilled. */
const recentMs = 1000;
/** Concurrent writes. */
const maxWrites = 4;

interface Entry {
  readonly id: number;
  bytes: number;
  usedAt: number;
  state: 'in memory' | 'being written' | 'written';
}

export class SliceCache {
  readonly #storage: Pick<StorageClient, 'putAside' | 'getAside'>;
  readonly #budget: number;
  readonly #onProblem: () => void;
  readonly #now: () => number;
  /** Least recently used first. */
  readonly #held = new Map<StoredSlice, Entry>();
  readonly #spilled = new WeakMap<StoredSlice, Entry>();
  readonly #reading = new WeakMap<StoredSlice, Promise<SliceMap>>();
  #bytes = 0;
  #nextId = 1;
  #writes = 0;
  #bytesBeingWritten = 0;
  #failed = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Number of callers that need whole maps in memory. */
  #holders = 0;

  /**
   * @param budget bytes of maps in memory
   * @param onProblem called once, if spilling fails; from then on everything stays in memory
   */
  constructor(
    storage: Pick<StorageClient, 'putAside' | 'getAside'>,
    budget: number,
    onProblem: () => void,
    now: () => number = () => performance.now(),
  ) {
    this.#storage = storage;
    this.#budget = budget;
    this.#onProblem = onProblem;
    this.#now = now;
  }

  /** Bytes of maps in memory that could be spilled. */
  get bytes(): number {
    return this.#bytes;
  }

  /** @param onRead called when a spilled slice has been read back */
  pager(onRead: (slice: StoredSlice) => void): SlicePager {
    return {
      used: (slice) => this.#use(slice),
      whole: (slice) => {
        const reading = this.#reading.get(slice) ?? this.#read(slice, onRead);
        this.#reading.set(slice, reading);
        return reading;
      },
    };
  }

  add(slice: StoredSlice): void {
    this.#hold(slice, { id: this.#nextId++, bytes: 0, usedAt: -Infinity, state: 'in memory' });
    this.#shrink();
  }

  /** Spills nothing until the returned function is called. */
  hold(): () => void {
    this.#holders++;
    return () => {
      this.#holders--;
      this.#shrink();
    };
  }

  /** Drops a slice that is no longer needed. */
  forget(slice: StoredSlice): void {
    const entry = this.#held.get(slice);
    if (entry === undefined) return;
    this.#bytes -= entry.bytes;
    this.#held.delete(slice);
  }

  #hold(slice: StoredSlice, entry: Entry): void {
    // Includes its halved copies, which are created sooner or later.
    entry.bytes = Math.round((2 * slice.size ** 2 * 4) / 3);
    this.#held.set(slice, entry);
    this.#bytes += entry.bytes;
  }

  #use(slice: StoredSlice): void {
    const entry = this.#held.get(slice);
    if (entry === undefined) return;
    entry.usedAt = this.#now();
    this.#held.delete(slice);
    this.#held.set(slice, entry);
  }

  #shrink(): void {
    if (this.#failed || this.#holders > 0) return;
    const recent = this.#now() - recentMs;
    for (const [slice, entry] of this.#held) {
      if (this.#bytes - this.#bytesBeingWritten <= this.#budget || this.#writes >= maxWrites) return;
      if (entry.usedAt > recent) {
        // The remaining slices are on screen; try again later.
        this.#timer ??= setTimeout(() => {
          this.#timer = undefined;
          this.#shrink();
        }, recentMs);
        return;
      }
      if (entry.state === 'written') this.#drop(slice, entry);
      else if (entry.state === 'in memory') void this.#write(slice, entry);
    }
  }

  async #write(slice: StoredSlice, entry: Entry): Promise<void> {
    entry.state = 'being written';
    this.#writes++;
    this.#bytesBeingWritten += entry.bytes;
    try {
      await this.#storage.putAside(entry.id, await slice.whole());
      entry.state = 'written';
      // Keep it if it was used or forgotten in the meantime.
      if (this.#holders > 0 || this.#held.get(slice) !== entry) return;
      if (entry.usedAt <= this.#now() - recentMs) this.#drop(slice, entry);
    } catch {
      entry.state = 'in memory';
      this.#fail();
    } finally {
      this.#writes--;
      this.#bytesBeingWritten -= entry.bytes;
    }
    this.#shrink();
  }

  #drop(slice: StoredSlice, entry: Entry): void {
    slice.drop();
    this.#held.delete(slice);
    this.#bytes -= entry.bytes;
    this.#spilled.set(slice, entry);
  }

  async #read(slice: StoredSlice, onRead: (slice: StoredSlice) => void): Promise<SliceMap> {
    const entry = this.#spilled.get(slice);
    if (entry === undefined) return slice.map(0);
    try {
      const map = await this.#storage.getAside(entry.id);
      if (map === null) throw new Error('The spilled slice is missing.');
      slice.take(map);
      this.#spilled.delete(slice);
      this.#reading.delete(slice);
      entry.usedAt = this.#now();
      this.#hold(slice, entry);
      onRead(slice);
      this.#shrink();
      return map;
    } catch (error) {
      // No retry: a coarser map is shown from now on.
      this.#fail();
      throw error;
    }
  }

  #fail(): void {
    if (!this.#failed) this.#onProblem();
    this.#failed = true;
  }
}

/** Budget in bytes: a small share of the memory that the browser reports. */
export function sliceCacheBudget(): number {
  const { deviceMemory = 4 } = navigator as { readonly deviceMemory?: number };
  return Math.min(256e6, (deviceMemory * 2 ** 30) / 32);
}
