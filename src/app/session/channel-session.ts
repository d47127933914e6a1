/** Which channels of the open slide are shown and how: changed by the user, kept in the browser and in the page's URL. */
import type { ChannelSetting, ChannelView, SlideChannel } from '../../slide/channels/channel-view.ts';
import { channelViewText, defaultChannelView, parseChannelView } from '../../worker/slide-client.ts';
import type { SlideMetadata } from '../../slide/slide.ts';
import { browserStorage } from '../state/browser-storage.ts';
import type { SlideChoice } from '../state/state.ts';
import type { AppStore } from '../state/store.ts';
import { recallChannels, rememberChannels } from './channel-memory.ts';
import { logEntry } from './error-log.ts';
import { replaceQuery } from './page-address.ts';
import { parseUrlParameters, withChannels } from './url-parameters.ts';

/** Milliseconds without a change before it is kept: browsers limit how often the URL may change. */
const settleDelay = 400;

/** The channel view in the page's URL, and the slide that it belongs to. */
export interface WantedChannels {
  readonly slide: string;
  readonly text: string;
}

export class ChannelSession {
  readonly #store: AppStore;
  readonly #onSettled: () => void;
  /** Until the first slide is open. */
  #wanted: WantedChannels | null;
  #timer: ReturnType<typeof setTimeout> | null = null;
  #settle: () => void = () => undefined;

  /** @param onSettled called when the view of the open slide has not changed for a moment. */
  constructor(store: AppStore, wanted: WantedChannels | null, onSettled: () => void) {
    this.#store = store;
    this.#wanted = wanted;
    this.#onSettled = onSettled;
  }

  /** The view that a slide opens with: the URL's, else the last one; null for its own. */
  initialView(choice: SlideChoice, metadata: SlideMetadata): ChannelView | null {
    this.#settleNow();
    const wanted = this.#wanted;
    this.#wanted = null;
    const { channels, fingerprint } = metadata;
    if (channels === undefined) return null;
    const { input } = choice;
    const isWanted = wanted !== null && input.kind === 'url' && input.url === wanted.slide;
    const text = isWanted ? wanted.text : recallChannels(browserStorage(), fingerprint);
    return text === null ? null : this.#parsed(text, channels, metadata.name, isWanted);
  }

  /** Changes one channel, counted from 0. */
  change(index: number, change: Partial<ChannelSetting>): void {
    const { slide } = this.#store.getState();
    const channels = slide?.metadata.channels;
    if (channels === undefined) return;
    const view = slide?.channels ?? defaultChannelView(channels);
    this.#set(
      channels,
      view.map((each, at) => (at === index ? { ...each, ...change } : each)),
    );
  }

  /** Shows the channels as the slide has them. */
  reset(): void {
    const channels = this.#store.getState().slide?.metadata.channels;
    if (channels !== undefined) this.#set(channels, defaultChannelView(channels));
  }

  /** Shows what `text` says (`channelViewText`); null for the slide's own view. */
  restore(text: string | null): void {
    const { slide } = this.#store.getState();
    const channels = slide?.metadata.channels;
    if (slide == null || channels === undefined) return;
    const view = text === null ? null : this.#parsed(text, channels, slide.metadata.name, true);
    this.#set(channels, view ?? defaultChannelView(channels));
  }

  /** @param isTold whether the user hears of a text that does not fit the slide. */
  #parsed(
    text: string,
    channels: readonly SlideChannel[],
    file: string,
    isTold: boolean,
  ): ChannelView | null {
    const parsed = parseChannelView(text, channels);
    if (parsed.kind === 'view') return parsed.view;
    if (isTold) {
      const remedy = 'Its first channels are shown.';
      const report = { code: 'channels', file, problem: parsed.problem, remedy };
      this.#store.dispatch({ type: 'log', entry: logEntry('warning', report, null) });
    }
    return null;
  }

  #set(channels: readonly SlideChannel[], view: ChannelView): void {
    const { slide } = this.#store.getState();
    if (slide === null) return;
    const text = channelViewText(view, channels);
    this.#store.dispatch({ type: 'channels', view: text === null ? null : view });
    const { fingerprint } = slide.metadata;
    this.#settle = () => {
      rememberChannels(browserStorage(), fingerprint, text);
      const { input } = slide.choice;
      // The browser may have gone back to another slide's entry.
      const isCurrent =
        input.kind === 'url' && [null, input.url].includes(parseUrlParameters(window.location.search).slide);
      if (isCurrent) replaceQuery(withChannels(window.location.search, text));
      this.#onSettled();
    };
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#settleNow(), settleDelay);
  }

  #settleNow(): void {
    if (this.#timer === null) return;
    clearTimeout(this.#timer);
    this.#timer = null;
    this.#settle();
  }
}
