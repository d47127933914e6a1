/** Places on the slide: bookmarks, and the view in the page's URL. */
import { replaceQuery } from '../session/page-address.ts';
import { queryOf } from '../session/url-parameters.ts';
import type { AppStore } from '../state/store.ts';
import type { SlideView } from '../viewer/slide-view.ts';
import type { Bookmark } from './bookmarks.ts';
import { addressOf, addressText, placeOf } from './view-address.ts';
import type { ViewAddress } from './view-address.ts';

/** Milliseconds without movement before the URL follows the view: browsers limit how often it may change. */
const addressDelay = 400;

export class Navigation {
  readonly #store: AppStore;
  readonly #activeView: () => SlideView | null;
  /** From the page's URL or the browser's history, until the slide is shown. */
  #wanted: ViewAddress | null;
  #timer: number | undefined;

  /** @param wanted the initial view, or null */
  constructor(store: AppStore, activeView: () => SlideView | null, wanted: ViewAddress | null) {
    this.#store = store;
    this.#activeView = activeView;
    this.#wanted = wanted;
  }

  /** Shows the next slide at `at`; null shows all of it. */
  want(at: ViewAddress | null): void {
    window.clearTimeout(this.#timer);
    this.#wanted = at;
  }

  /** Call when a view shows its slide; moves the first view to the wanted position. */
  shown(view: SlideView): void {
    const { slide } = this.#store.getState();
    if (this.#wanted === null || slide === null) return;
    view.visit(placeOf(this.#wanted, slide.metadata.width));
    this.#wanted = null;
  }

  /** Position of the active view; null without one. */
  current(): ViewAddress | null {
    const { slide } = this.#store.getState();
    const place = this.#activeView()?.place() ?? null;
    return slide !== null && place !== null ? addressOf(place, slide.metadata.width) : null;
  }

  goTo(address: ViewAddress): void {
    const { slide } = this.#store.getState();
    if (slide !== null) this.#activeView()?.visit(placeOf(address, slide.metadata.width));
  }

  /** Centres the view on a point (level-0 pixels) at the current zoom. */
  goToPoint(x: number, y: number): void {
    const current = this.current();
    if (current !== null) this.goTo({ ...current, x, y });
  }

  /** Bookmarks the view. @param at its middle, level-0 pixels; by default where it is now */
  addBookmark(at: { readonly x: number; readonly y: number } | null = null): void {
    const current = this.current();
    if (current === null) return;
    const view = at === null ? current : { ...current, x: at.x, y: at.y };
    const bookmark: Bookmark = { id: crypto.randomUUID(), note: '', view, created: Date.now() };
    this.#set([...(this.#store.getState().slide?.bookmarks ?? []), bookmark]);
  }

  setNote(id: string, note: string): void {
    this.#set(
      (this.#store.getState().slide?.bookmarks ?? []).map((one) => (one.id === id ? { ...one, note } : one)),
    );
  }

  deleteBookmark(id: string): void {
    this.#set((this.#store.getState().slide?.bookmarks ?? []).filter((one) => one.id !== id));
  }

  #set(bookmarks: readonly Bookmark[]): void {
    this.#store.dispatch({ type: 'bookmarks', bookmarks });
  }

  /** Call when the view has moved; updates the URL for slides that have one. */
  moved(): void {
    if (this.#wanted !== null) return;
    window.clearTimeout(this.#timer);
    this.#timer = window.setTimeout(() => {
      const { slide } = this.#store.getState();
      const address = this.current();
      if (slide?.choice.input.kind !== 'url' || address === null) return;
      const parameters = new URLSearchParams(window.location.search);
      parameters.set('at', addressText(address));
      replaceQuery(queryOf(parameters));
    }, addressDelay);
  }
}
