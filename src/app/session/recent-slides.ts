/**
 * Slides opened before, latest first, with a thumbnail each. Those with a URL are kept in this browser for the next
 * visit. A file can only be opened again while the page lives, so nothing of it is kept.
 */
import { z } from 'zod';
import type { SlideClient } from '../../worker/slide-client.ts';
import { readStoredList, writeStored } from '../state/browser-storage.ts';
import type { KeyValueStorage } from '../state/browser-storage.ts';
import { tileLook } from '../state/state.ts';
import type { AppState, OpenSlide, SlideChoice } from '../state/state.ts';
import type { AppStore } from '../state/store.ts';
import { demoOf } from './demo-slides.ts';
import { drawThumbnail } from './slide-thumbnail.ts';

export interface RecentSlide {
  readonly choice: SlideChoice;
  /** `data:` URL of a JPEG; null without one. */
  readonly thumbnail: string | null;
}

const storageKey = 'dualscope.recent';
/** Slides that are kept. */
const most = 8;

const storedSchema = z.object({
  url: z.string().min(1).max(2000),
  title: z.string().min(1).max(300),
  thumbnail: z.string().startsWith('data:image/jpeg;base64,').max(40_000).nullable(),
});

export class RecentSlides {
  readonly #store: AppStore;
  readonly #client: Pick<SlideClient, 'tile' | 'associatedImage'>;
  readonly #storage: KeyValueStorage | null;
  readonly #shown: (slideId: number) => Promise<void>;
  #list: readonly RecentSlide[];
  readonly #listeners = new Set<() => void>();

  /** @param shown resolves when a slide's first view is on the screen */
  constructor(
    store: AppStore,
    client: Pick<SlideClient, 'tile' | 'associatedImage'>,
    storage: KeyValueStorage | null,
    shown: (slideId: number) => Promise<void> = () => Promise.resolve(),
  ) {
    this.#shown = shown;
    this.#store = store;
    this.#client = client;
    this.#storage = storage;
    this.#list = readStoredList(storage, storageKey, storedSchema).values.map(
      ({ url, title, thumbnail }) => ({
        choice: { key: `url:${url}`, title, input: { kind: 'url', url } },
        thumbnail,
      }),
    );
    store.subscribe(
      ({ slide }) => slide?.slideId,
      () => {
        const state = store.getState();
        if (state.slide !== null && demoOf(state) === undefined) void this.#add(state, state.slide);
      },
    );
  }

  /** The same list until it changes. */
  readonly list = (): readonly RecentSlide[] => this.#list;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** Forgets all, in this browser too. */
  clear(): void {
    this.#set([]);
  }

  async #add(state: AppState, { slideId, choice, metadata }: OpenSlide): Promise<void> {
    const known = this.#list.find((each) => each.choice.key === choice.key)?.thumbnail ?? null;
    this.#put({ choice, thumbnail: known });
    if (known !== null) return;
    await this.#shown(slideId);
    if (this.#store.getState().slide?.slideId !== slideId) return;
    // Without one, the slide is listed all the same.
    const thumbnail = await drawThumbnail(this.#client, slideId, metadata, tileLook(state)).catch(() => null);
    const isListed = this.#list.some((each) => each.choice.key === choice.key);
    if (thumbnail !== null && isListed && this.#store.getState().slide?.slideId === slideId) {
      this.#put({ choice, thumbnail });
    }
  }

  #put(slide: RecentSlide): void {
    const others = this.#list.filter(({ choice }) => choice.key !== slide.choice.key);
    this.#set([slide, ...others].slice(0, most));
  }

  #set(list: readonly RecentSlide[]): void {
    this.#list = list;
    const kept = list.flatMap(({ choice: { title, input }, thumbnail }) =>
      input.kind === 'url' ? [{ url: input.url, title, thumbnail }] : [],
    );
    writeStored(this.#storage, storageKey, kept);
    for (const listener of [...this.#listeners]) listener();
  }
}
