/** Loaded models, kept for the next run and disposed when others take their place. */
import type { Segmenter } from '../runtime/segmenter.ts';

/** A model in use. `release` it exactly once; it is not disposed before. */
export interface ModelLease {
  readonly segmenter: Segmenter;
  release(): void;
}

interface Entry {
  readonly loading: Promise<Segmenter>;
  leases: number;
}

/** At most `capacity` models, not counting those in use; the one used longest ago is disposed. */
export class ModelCache {
  readonly #entries = new Map<string, Entry>();

  constructor(
    private readonly load: (url: string) => Promise<Segmenter>,
    private readonly capacity = 2,
  ) {}

  /** The model at `url`, loaded once. @throws ModelError when it can't be loaded; a later call tries again. */
  async lease(url: string): Promise<ModelLease> {
    const entry = this.#entries.get(url) ?? { loading: this.load(url), leases: 0 };
    this.#entries.delete(url);
    this.#entries.set(url, entry);
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
      if (this.#entries.get(url) === entry) this.#entries.delete(url);
      throw error;
    }
  }

  /** Forgets every model, because the backend that they live on is gone. */
  clear(): void {
    for (const entry of this.#entries.values()) {
      // Disposing on a dead backend may fail; there is nothing left to free then.
      entry.loading.then((segmenter) => segmenter.dispose()).catch(() => undefined);
    }
    this.#entries.clear();
  }

  #shrink(): void {
    for (const [url, entry] of this.#entries) {
      if (this.#entries.size <= this.capacity) return;
      if (entry.leases > 0) continue;
      this.#entries.delete(url);
      void entry.loading.then((segmenter) => segmenter.dispose());
    }
  }
}
