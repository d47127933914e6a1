/** Keeps the slide that was opened last open, so that estimate, display and runs read its header and decode its tiles once. */
import type { Slide } from '../slide/slide.ts';
import type { SlideInput } from './protocol.ts';

/** Something open, in use. Release it exactly once. */
export interface OpenLease<T> {
  readonly value: T;
  readonly release: () => void;
}

interface Kept<T> {
  readonly key: string;
  readonly value: Promise<T>;
  /** How often it is in use now. */
  users: number;
}

/** Opens what is asked for, and closes it when it is no longer in use and something else has been opened. */
export class LastOpened<T extends { close(): void }> {
  readonly #open: (input: SlideInput) => Promise<T>;
  #last: Kept<T> | null = null;

  constructor(open: (input: SlideInput) => Promise<T>) {
    this.#open = open;
  }

  /** @throws what opening throws; the next call tries again. */
  async lease(input: SlideInput): Promise<OpenLease<T>> {
    const key = keyOf(input);
    let kept = this.#last;
    if (kept?.key !== key) {
      const before = this.#last;
      const created: Kept<T> = { key, value: this.#open(input), users: 0 };
      kept = this.#last = created;
      if (before !== null) this.#closeUnused(before);
      created.value.catch(() => {
        if (this.#last === created) this.#last = null;
      });
    }
    const mine = kept;
    mine.users++;
    try {
      const value = await mine.value;
      return {
        value,
        release: () => {
          mine.users--;
          this.#closeUnused(mine);
        },
      };
    } catch (error) {
      mine.users--;
      throw error;
    }
  }

  #closeUnused(kept: Kept<T>): void {
    if (kept.users > 0 || kept === this.#last) return;
    kept.value.then(
      (value) => value.close(),
      () => undefined,
    );
  }
}

/**
 * `open` for callers that close what they have opened: opening the same slide again gives the same object, also after it
 * was closed, until another slide is opened. Decoded tiles are kept by that object (src/slide/tile-cache.ts).
 */
export function keepOpen(open: (input: SlideInput) => Promise<Slide>): (input: SlideInput) => Promise<Slide> {
  const slides = new LastOpened(open);
  /** Shared objects, and how to release each of the leases behind them. */
  const views = new WeakMap<Slide, { readonly view: Slide; readonly releases: (() => void)[] }>();
  return async (input) => {
    const { value: slide, release } = await slides.lease(input);
    let shared = views.get(slide);
    if (shared === undefined) {
      const releases: (() => void)[] = [];
      const view: Slide = {
        metadata: slide.metadata,
        tile: (...call) => slide.tile(...call),
        associatedImage: (...call) => slide.associatedImage(...call),
        iccProfile: (...call) => slide.iccProfile(...call),
        close: () => releases.pop()?.(),
      };
      shared = { view, releases };
      views.set(slide, shared);
    }
    shared.releases.push(release);
    return shared.view;
  };
}

/** Files arrive as copies with every message; their name, size and date tell them apart. */
function keyOf(input: SlideInput): string {
  if (input.kind === 'url') return `url ${input.url}`;
  return `files ${input.files.map(({ name, size, lastModified }) => `${name}/${size}/${lastModified}`).join()}`;
}
