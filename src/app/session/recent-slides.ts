/**
 * Slides opened before, latest first, with a thumbnail each. They are kept in this browser for the next visit: URLs, and
 * files where the browser gives handles of them. Other files can only be opened again while the page lives.
 */
import { z } from 'zod';
import type { SlideClient } from '../../worker/slide-client.ts';
import { readStoredList, writeStored } from '../state/browser-storage.ts';
import type { KeyValueStorage } from '../state/browser-storage.ts';
import { tileLook } from '../state/state.ts';
import type { AppState, OpenSlide, SlideChoice } from '../state/state.ts';
import type { AppStore } from '../state/store.ts';
import { demoOf } from './demo-slides.ts';
import { handlesOf, type KeptHandle } from './file-handles.ts';
import { mostKeptFiles, RecentFiles } from './recent-files.ts';
import { drawThumbnail } from './slide-thumbnail.ts';

export interface RecentSlide {
  readonly choice: SlideChoice;
  /** `data:` URL of a JPEG; null without one. */
  readonly thumbnail: string | null;
  /** When it was last opened, ms since 1970. */
  readonly at: number;
  /** Of a local slide that can be opened at a later visit. Its `choice` has no files until then. */
  readonly handles?: readonly KeptHandle[];
}

const storageKey = 'dualscope.recent';
/** Slides that are kept. */
const most = 8;

const storedSchema = z.object({
  url: z.string().min(1).max(2000),
  title: z.string().min(1).max(300),
  thumbnail: z.string().startsWith('data:image/jpeg;base64,').max(40_000).nullable(),
  at: z.number().catch(0),
});

export class RecentSlides {
  readonly #store: AppStore;
  readonly #client: Pick<SlideClient, 'tile' | 'associatedImage'>;
  readonly #storage: KeyValueStorage | null;
  readonly #shown: (slideId: number) => Promise<void>;
  readonly #files: RecentFiles;
  #list: readonly RecentSlide[];
  readonly #listeners = new Set<() => void>();

  /** @param shown resolves when a slide's first view is on the screen */
  constructor(
    store: AppStore,
    client: Pick<SlideClient, 'tile' | 'associatedImage'>,
    storage: KeyValueStorage | null,
    {
      shown = () => Promise.resolve(),
      files = new RecentFiles(),
    }: { shown?: (slideId: number) => Promise<void>; files?: RecentFiles } = {},
  ) {
    this.#shown = shown;
    this.#files = files;
    this.#store = store;
    this.#client = client;
    this.#storage = storage;
    this.#list = readStoredList(storage, storageKey, storedSchema).values.map(
      ({ url, title, thumbnail, at }) => ({
        choice: { key: `url:${url}`, title, input: { kind: 'url', url } },
        thumbnail,
        at,
      }),
    );
    void this.#recallFiles();
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

  /** Forgets one, as when its file is gone. */
  forget(key: string): void {
    this.#set(this.#list.filter(({ choice }) => choice.key !== key));
  }

  async #recallFiles(): Promise<void> {
    const kept = (await this.#files.all()).map(({ key, title, thumbnail, handles, at }): RecentSlide => ({
      choice: { key, title, input: { kind: 'file', files: [] } },
      thumbnail,
      handles,
      at,
    }));
    const others = kept.filter(({ choice }) => this.#list.every((each) => each.choice.key !== choice.key));
    if (others.length > 0) this.#show([...this.#list, ...others].sort((one, other) => other.at - one.at));
  }

  async #add(state: AppState, { slideId, choice, metadata }: OpenSlide): Promise<void> {
    const before = this.#list.find((each) => each.choice.key === choice.key);
    const known = before?.thumbnail ?? null;
    const found = { choice, thumbnail: known, at: Date.now() };
    this.#put(before?.handles === undefined ? found : { ...found, handles: before.handles });
    const { input } = choice;
    const isKept = input.kind === 'file' && input.files.length <= mostKeptFiles;
    const handles = isKept ? await handlesOf(input.files) : null;
    const entry = handles === null ? found : { ...found, handles };
    if (handles !== null) this.#replace(entry);
    if (known !== null) return;
    await this.#shown(slideId);
    if (this.#store.getState().slide?.slideId !== slideId) return;
    // Without one, the slide is listed all the same.
    const thumbnail = await drawThumbnail(this.#client, slideId, metadata, tileLook(state)).catch(() => null);
    if (thumbnail !== null && this.#store.getState().slide?.slideId === slideId) {
      this.#replace({ ...entry, thumbnail });
    }
  }

  /** Where it is still listed. */
  #replace(slide: RecentSlide): void {
    const at = this.#list.findIndex(({ choice }) => choice.key === slide.choice.key);
    if (at >= 0) this.#set(this.#list.with(at, slide));
  }

  #put(slide: RecentSlide): void {
    const others = this.#list.filter(({ choice }) => choice.key !== slide.choice.key);
    this.#set([slide, ...others].slice(0, most));
  }

  #set(list: readonly RecentSlide[]): void {
    const kept = list.flatMap(({ choice: { title, input }, thumbnail, at }) =>
      input.kind === 'url' ? [{ url: input.url, title, thumbnail, at }] : [],
    );
    writeStored(this.#storage, storageKey, kept);
    const files = list.flatMap(({ choice: { key, title }, thumbnail, handles, at }) =>
      handles === undefined ? [] : [{ key, title, thumbnail, handles, at }],
    );
    void this.#files.keep(files);
    this.#show(list);
  }

  #show(list: readonly RecentSlide[]): void {
    this.#list = list;
    for (const listener of [...this.#listeners]) listener();
  }
}
