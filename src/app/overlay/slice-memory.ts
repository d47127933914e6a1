/** Bounded memory for finished slices: those that were looked at longest ago are put aside, and read back on demand. */
import type { StorageWorkerApi } from '../../worker/storage-protocol.ts';
import type { SliceKeeper, SliceMap, StoredSlice } from './stored-slice.ts';

/** Slices that were used in this time stay, whatever the budget: what is on screen must not come and go. */
const calmMs = 1000;
/** Slices that are written at a time. */
const mostWrites = 4;

interface Entry {
  readonly id: number;
  bytes: number;
  usedAt: number;
  state: 'in memory' | 'being written' | 'written';
}

export class SliceMemory {
  readonly #storage: Pick<StorageWorkerApi, 'putAside' | 'getAside'>;
  readonly #budget: number;
  readonly #onProblem: () => void;
  readonly #now: () => number;
  /** The one used longest ago first. */
  readonly #held = new Map<StoredSlice, Entry>();
  readonly #aside = new WeakMap<StoredSlice, Entry>();
  readonly #reading = new WeakMap<StoredSlice, Promise<SliceMap>>();
  #bytes = 0;
  #nextId = 1;
  #writes = 0;
  #bytesBeingWritten = 0;
  #failed = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Who needs whole maps at once. */
  #holders = 0;

  /**
   * @param budget bytes of maps that are kept in memory.
   * @param onProblem called once, when nothing can be put aside any more; everything then stays in memory.
   */
  constructor(
    storage: Pick<StorageWorkerApi, 'putAside' | 'getAside'>,
    budget: number,
    onProblem: () => void,
    now: () => number = () => performance.now(),
  ) {
    this.#storage = storage;
    this.#budget = budget;
    this.#onProblem = onProblem;
    this.#now = now;
  }

  /** Bytes of maps in memory that could be put aside. */
  get bytes(): number {
    return this.#bytes;
  }

  /** @param onRead called when a slice that was put aside is in memory again. */
  keeper(onRead: (slice: StoredSlice) => void): SliceKeeper {
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

  /** Nothing is put aside from now on, until the returned function is called. */
  hold(): () => void {
    this.#holders++;
    return () => {
      this.#holders--;
      this.#shrink();
    };
  }

  /** The slice is not wanted any more. */
  forget(slice: StoredSlice): void {
    const entry = this.#held.get(slice);
    if (entry === undefined) return;
    this.#bytes -= entry.bytes;
    this.#held.delete(slice);
  }

  #hold(slice: StoredSlice, entry: Entry): void {
    // With its halved copies, which are made sooner or later.
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
    const calm = this.#now() - calmMs;
    for (const [slice, entry] of this.#held) {
      if (this.#bytes - this.#bytesBeingWritten <= this.#budget || this.#writes >= mostWrites) return;
      if (entry.usedAt > calm) {
        // All that is left is on screen; later it may not be.
        this.#timer ??= setTimeout(() => {
          this.#timer = undefined;
          this.#shrink();
        }, calmMs);
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
      // Unless it was looked at meanwhile, or is not wanted any more.
      if (this.#holders > 0 || this.#held.get(slice) !== entry) return;
      if (entry.usedAt <= this.#now() - calmMs) this.#drop(slice, entry);
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
    this.#aside.set(slice, entry);
  }

  async #read(slice: StoredSlice, onRead: (slice: StoredSlice) => void): Promise<SliceMap> {
    const entry = this.#aside.get(slice);
    if (entry === undefined) return slice.map(0);
    try {
      const map = await this.#storage.getAside(entry.id);
      if (map === null) throw new Error('The slice is not there any more.');
      slice.take(map);
      this.#aside.delete(slice);
      this.#reading.delete(slice);
      entry.usedAt = this.#now();
      this.#hold(slice, entry);
      onRead(slice);
      this.#shrink();
      return map;
    } catch (error) {
      // Not tried again: a coarser map is shown from now on.
      this.#fail();
      throw error;
    }
  }

  #fail(): void {
    if (!this.#failed) this.#onProblem();
    this.#failed = true;
  }
}

/** Bytes for maps on this machine: a small part of what its browser says that there is. */
export function memoryBudget(): number {
  const { deviceMemory = 4 } = navigator as { readonly deviceMemory?: number };
  return Math.min(256e6, (deviceMemory * 2 ** 30) / 32);
}
