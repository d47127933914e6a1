/** What a layer holds on the open slide: a class map with its classes, whoever made it. */
import type { LiveClassMap } from '../overlay/class-map-store.ts';
import type { PaletteClass } from '../overlay/class-palette.ts';

export interface LayerContent {
  /** The model's title, or `Ground truth`. */
  readonly title: string;
  /** Index in the list = class value in the map. */
  readonly classes: readonly PaletteClass[];
  readonly map: LiveClassMap;
}

/**
 * Ground truth of slides. Whoever loads or draws annotations puts a class map here, of square slices as those of
 * models are, and puts another one in its place when the annotations change.
 */
export class TruthLayer {
  readonly #contents = new Map<string, LayerContent>();
  readonly #listeners = new Set<() => void>();

  /** The truth of a slide, by its fingerprint; the same object until it is set anew. */
  of(fingerprint: string): LayerContent | null {
    return this.#contents.get(fingerprint) ?? null;
  }

  /** @param content null takes it away. */
  set(fingerprint: string, content: LayerContent | null): void {
    if (content === null) this.#contents.delete(fingerprint);
    else this.#contents.set(fingerprint, content);
    for (const listener of [...this.#listeners]) listener();
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };
}
