// @vitest-environment jsdom
/** Channel views: changed, kept by slide and in the URL, restored. */
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { parseSession, sessionText } from '../export/session-file.ts';
import { parsePreferences } from '../state/preferences.ts';
import { initialState } from '../state/reducer.ts';
import { createAppStore, type AppStore } from '../state/store.ts';
import { ChannelSession, type WantedChannels } from './channel-session.ts';

const channel = { name: '', colour: [0, 0, 255], on: true, bits: 16, window: null } as const;
const metadata = {
  name: 's.tif',
  fingerprint: 'abc',
  channels: [channel, channel, { ...channel, on: false }],
} as never;
const choice = { key: 'k', title: 's.tif', input: { kind: 'url', url: 'slides/s.tif' } } as const;

let settled = 0;

/** A page with the slide open, or none. */
function page(wanted: WantedChannels | null = null): { store: AppStore; channels: ChannelSession } {
  const store = createAppStore(initialState(parsePreferences(null)));
  const channels = new ChannelSession(store, wanted, () => (settled += 1));
  const view = channels.initialView(choice, metadata);
  store.dispatch({ type: 'slide-opened', slideId: 1, choice, metadata, userMpp: null, channels: view });
  return { store, channels };
}

beforeEach(() => {
  settled = 0;
  window.localStorage.clear();
  vi.useFakeTimers();
});
afterEach(() => vi.useRealTimers());

const on = ({ store }: ReturnType<typeof page>): boolean[] | undefined =>
  store.getState().slide?.channels?.map((each) => each.on);

it('keeps what was changed for the slide, in the URL, and in a session file', () => {
  const first = page();
  expect(first.store.getState().slide?.channels).toBeNull();
  first.channels.change(2, { on: true });
  first.channels.change(0, { on: false, colour: [255, 0, 0] });
  first.channels.change(1, { window: [5, 500] });
  expect(on(first)).toEqual([false, true, true]);
  vi.runAllTimers();
  // Once, after the last change.
  expect(settled).toBe(1);
  expect(window.location.search).toBe('?channels=-1:ff0000,2:5-500,3');

  const again = page();
  expect(again.store.getState().slide?.channels).toEqual(first.store.getState().slide?.channels);

  const text = sessionText(again.store.getState(), { places: new Map(), truth: null })!;
  const { session, leftOut } = parseSession(text)!;
  expect([session.slide.channels, leftOut]).toEqual(['-1:ff0000,2:5-500,3', []]);
  // A session from before there were channels.
  expect(parseSession(text.replace(/,"channels":"[^"]*"/, ''))!.leftOut).toEqual([]);

  again.channels.reset();
  vi.runAllTimers();
  expect(again.store.getState().slide?.channels).toBeNull();
  expect(window.location.search).toBe('');
  expect(page().store.getState().slide?.channels).toBeNull();
  again.channels.restore(session.slide.channels);
  expect(on(again)).toEqual([false, true, true]);
});

it('opens with the URL’s channels, and says when they are not the slide’s', () => {
  const wanted = { slide: 'slides/s.tif', text: '3' };
  expect(on(page(wanted))).toEqual([false, false, true]);
  expect(on(page({ ...wanted, slide: 'slides/other.tif' }))).toBeUndefined();
  const wrong = page({ ...wanted, text: '7' });
  expect(on(wrong)).toBeUndefined();
  expect(wrong.store.getState().log[0]).toMatchObject({ level: 'warning', subject: 's.tif' });
});

it('does not lose a change when the next slide is opened at once', () => {
  const first = page();
  first.channels.change(2, { on: true });
  first.channels.initialView(choice, { ...(metadata as object), fingerprint: 'other' } as never);
  expect(on(page())).toEqual([true, true, true]);
});
