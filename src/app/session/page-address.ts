/**
 * The page's address, its place in the browser's history and its title: one entry per slide, which Back and Forward
 * open again. Panning and layers change the entry in place. Files of the user are in no address; while the page lives,
 * it knows them by a random name.
 */
import { shallow } from 'zustand/shallow';
import type { ViewAddress } from '../navigate/view-address.ts';
import type { SlideChoice } from '../state/state.ts';
import type { AppStore } from '../state/store.ts';
import { titleOfInput } from '../../worker/protocol.ts';
import { parseUrlParameters, withSlideAndModel } from './url-parameters.ts';

const product = 'Dualscope';

/** Changes the query of the current history entry, which stays the entry of its slide. */
export function replaceQuery(search: string): void {
  window.history.replaceState(window.history.state, '', `${window.location.pathname}${search}`);
}

/** What Back and Forward do. */
export interface SlideOpener {
  open(choice: SlideChoice): Promise<void>;
  close(): void;
}

/** Where the next slide to be shown begins. */
export interface ViewKeeper {
  /** @param at null for the whole slide */
  want(at: ViewAddress | null): void;
  goTo(at: ViewAddress): void;
}

export class PageAddress {
  readonly #store: AppStore;
  readonly #slides: SlideOpener;
  readonly #views: ViewKeeper;
  /** By the name in the history entry's state. */
  readonly #choices = new Map<string, SlideChoice>();
  /** Whether the next slide takes the current entry: the first one, unless the page was asked for none. */
  #takesEntry = parseUrlParameters(window.location.search).slide !== 'none';
  /** Key of the slide whose entry is current; null for the start page. */
  #current: string | null = null;
  /** Key of the slide that Back or Forward is opening. */
  #returning: string | null = null;

  constructor(store: AppStore, slides: SlideOpener, views: ViewKeeper) {
    this.#store = store;
    this.#slides = slides;
    this.#views = views;
  }

  /** Keeps title and address from now on. Call it once the page's own address has been read. @returns ends it */
  keep(): () => void {
    const onReturn = (): void => void this.#return();
    window.addEventListener('popstate', onReturn);
    const ends = [
      () => window.removeEventListener('popstate', onReturn),
      this.#store.subscribe(
        ({ slide, panes: [first] }) => [slide?.choice, first?.layer] as const,
        ([choice]) => this.#follow(choice),
        { equalityFn: shallow, fireImmediately: true },
      ),
    ];
    return () => ends.forEach((end) => end());
  }

  #follow(choice: SlideChoice | undefined): void {
    const key = choice?.key ?? null;
    if (choice === undefined && this.#current === null) return;
    const isReturn = key !== null && key === this.#returning;
    const takesEntry = key === this.#current || this.#takesEntry || isReturn;
    if (choice !== undefined) this.#takesEntry = false;
    this.#current = key;
    this.#write(choice, takesEntry);
  }

  #write(choice: SlideChoice | undefined, takesEntry: boolean): void {
    const { panes, slide } = this.#store.getState();
    const layer = panes[0]?.layer;
    const search =
      choice === undefined
        ? withSlideAndModel(window.location.search, null, null)
        : withSlideAndModel(
            window.location.search,
            choice.input.kind === 'url' ? choice.input.url : null,
            layer?.kind === 'model' ? layer.id : null,
          );
    const address = `${window.location.pathname}${search}`;
    if (takesEntry) window.history.replaceState({ entry: this.#entryOf(choice) }, '', address);
    else window.history.pushState({ entry: this.#entryOf(choice) }, '', address);
    document.title = slide === null ? product : `${slide.metadata.name} · ${product}`;
  }

  /** A name for the history entry of a slide; null for the start page. */
  #entryOf(choice: SlideChoice | undefined): string | null {
    if (choice === undefined) return null;
    for (const [name, known] of this.#choices) if (known.key === choice.key) return name;
    const name = crypto.randomUUID();
    this.#choices.set(name, choice);
    return name;
  }

  /** Opens what the entry shows that the browser has gone to. */
  async #return(): Promise<void> {
    const { slide, at } = parseUrlParameters(window.location.search);
    const { entry = null } = (window.history.state ?? {}) as { readonly entry?: string | null };
    const choice = (entry === null ? undefined : this.#choices.get(entry)) ?? choiceOf(slide);
    const shown = this.#store.getState().slide?.choice;
    if (choice?.key === shown?.key) {
      if (at !== null) this.#views.goTo(at);
      return;
    }
    if (choice === undefined) {
      this.#current = null;
      this.#slides.close();
      this.#write(undefined, true);
      return;
    }
    this.#views.want(at);
    this.#returning = choice.key;
    await this.#slides.open(choice);
    if (this.#returning !== choice.key) return;
    this.#returning = null;
    const now = this.#store.getState().slide?.choice;
    if (now?.key === choice.key) return;
    // It did not open, so the entry is of what is still shown.
    this.#views.want(null);
    this.#current = now?.key ?? null;
    this.#write(now, true);
  }
}

/** The slide of an address; undefined for the start page. */
function choiceOf(url: string | null): SlideChoice | undefined {
  if (url === null || url === 'none') return undefined;
  const input = { kind: 'url', url } as const;
  return { key: `url:${url}`, title: titleOfInput(input), input };
}
