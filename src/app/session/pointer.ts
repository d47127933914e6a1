/** Where the pointer is over the slide, for the other panes to show. */

export interface SlidePointer {
  readonly paneId: string;
  /** Level-0 pixels. */
  readonly x: number;
  readonly y: number;
}

export class PointerPlace {
  readonly #listeners = new Set<() => void>();
  #at: SlidePointer | null = null;

  get(): SlidePointer | null {
    return this.#at;
  }

  /** @param at null when the pointer has left the panes. */
  set(at: SlidePointer | null): void {
    this.#at = at;
    for (const listener of [...this.#listeners]) listener();
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
