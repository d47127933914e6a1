/** Opens slides in a worker. The last one stays open, so that its header is read and its tiles are decoded only once. */
import { browserPlatform } from '../slide/browser-platform.ts';
import { fileByteSource } from '../slide/byte-source.ts';
import { openSlideUrl } from '../slide/open-slide-url.ts';
import { openSlide } from '../slide/open-slide.ts';
import type { Slide } from '../slide/slide.ts';
import type { SlideInput } from './protocol.ts';

/** Opens a slide for the page. @throws SlideError when the input is not a slide or can't be read. */
export function openSlideInput(input: SlideInput): Promise<Slide> {
  const platform = browserPlatform();
  return input.kind === 'url'
    ? openSlideUrl(input.url, platform, { token: input.token ?? null })
    : openSlide(
        input.files.map(({ file, path }) => fileByteSource(file, file.name, path)),
        platform,
      );
}

/** An open slide in use. Release it exactly once. */
export interface OpenLease<T> {
  readonly value: T;
  readonly release: () => void;
}

interface Kept<T> {
  readonly key: string;
  readonly value: Promise<T>;
  /** Number of current leases. */
  users: number;
}

/** Keeps the last input open. Closes an earlier one once it has no more users. */
export class LastOpened<T extends { close(): void }> {
  readonly #open: (input: SlideInput) => Promise<T>;
  #last: Kept<T> | null = null;

  constructor(open: (input: SlideInput) => Promise<T>) {
    this.#open = open;
  }

  /** @throws any error of opening; the next call tries again. */
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
 * Wraps `open` for callers that close their slides: opening the same slide again returns the same object, even after it
 * was closed, until another slide is opened. The tile cache (src/slide/tile-cache.ts) belongs to that object.
 */
export function keepOpen(open: (input: SlideInput) => Promise<Slide>): (input: SlideInput) => Promise<Slide> {
  const slides = new LastOpened(open);
  /** The shared object of each slide, and the functions that release its leases. */
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
        ...(slide.channels === undefined ? {} : { channels: slide.channels }),
      };
      shared = { view, releases };
      views.set(slide, shared);
    }
    shared.releases.push(release);
    return shared.view;
  };
}

/**
 * Each message has new copies of the files, so they are identified by name, size and date. A slide with a new token is opened
 * again: the old one may have expired.
 */
function keyOf(input: SlideInput): string {
  if (input.kind === 'url') return `url ${input.url} ${input.token ?? ''}`;
  return `files ${input.files.map(({ file, path }) => `${path}/${file.size}/${file.lastModified}`).join()}`;
}
