/** A cache of loaded models. */
import type { Segmenter } from '../runtime/segmenter.ts';

/** A model in use, which stays loaded until its release. Release it exactly once. */
export interface ModelLease {
  readonly segmenter: Segmenter;
  release(): void;
}

interface Entry {
  readonly loading: Promise<Segmenter>;
  leases: number;
}

/** Keeps up to `capacity` unused models and disposes of the least recently used. */
export class ModelCache {
  readonly #entries = new Map<string, Entry>();

  readonly #load: (model: string) => Promise<Segmenter>;
  readonly #capacity: number;

  constructor(load: (model: string) => Promise<Segmenter>, capacity = 2) {
    this.#load = load;
    this.#capacity = capacity;
  }

  /** A model by its URL or folder, loaded once. @throws ModelError when it can't be loaded; the next call tries again. */
  async lease(model: string): Promise<ModelLease> {
    const entry = this.#entries.get(model) ?? { loading: this.#load(model), leases: 0 };
    this.#entries.delete(model);
    this.#entries.set(model, entry);
    entry.leases++;
    try {
      const segmenter = await entry.loading;
      let released = false;
      return {
        segmenter,
        release: () => {
          if (released) return;
          released = true;
          entry.leases--;
          this.#shrink();
        },
      };
    } catch (error) {
      entry.leases--;
      if (this.#entries.get(model) === entry) this.#entries.delete(model);
      throw error;
    }
  }

  /** Drops all models after the loss of their backend. */
  clear(): void {
    for (const entry of this.#entries.values()) {
      // May fail on a lost backend, which has nothing left to free.
      entry.loading.then((segmenter) => segmenter.dispose()).catch(() => undefined);
    }
    this.#entries.clear();
  }

  #shrink(): void {
    for (const [model, entry] of this.#entries) {
      if (this.#entries.size <= this.#capacity) return;
      if (entry.leases > 0) continue;
      this.#entries.delete(model);
      void entry.loading.then((segmenter) => segmenter.dispose());
    }
  }
}
