import { expect, it, vi } from 'vitest';
import { WorkerError } from '../../base/error-report.ts';
import { BearerTokens, type SlideClient } from '../../worker/slide-client.ts';
import { parsePreferences } from '../state/preferences.ts';
import { initialState } from '../state/reducer.ts';
import { createAppStore } from '../state/store.ts';
import type { OpenSlide, SlideChoice } from '../state/state.ts';
import { SlideSession } from './slide-session.ts';

const choice = (url: string): SlideChoice => ({ key: url, title: url, input: { kind: 'url', url } });

/** Slides whose address begins with "bad" fail; those in `held` open when their turn is called. */
function start() {
  const store = createAppStore(initialState(parsePreferences(null)));
  const held = new Map<string, () => void>();
  let slideId = 0;
  const close = vi.fn(() => Promise.resolve());
  const open: SlideClient['open'] = async (input) => {
    const url = input.kind === 'url' ? input.url : '';
    if (url.startsWith('held')) await new Promise<void>((resolve) => held.set(url, resolve));
    if (url.startsWith('bad')) throw new Error('Not a slide.');
    const metadata = {
      fingerprint: url,
      name: url,
      mpp: null,
      levels: [],
      properties: url.startsWith('silent') ? {} : { Stain: 'H&E' },
    } as unknown as OpenSlide['metadata'];
    return { slideId: ++slideId, metadata };
  };
  const hasDarkBackground = vi.fn(() => Promise.resolve(true));
  const slides = new SlideSession(store, { open, close, hasDarkBackground } as unknown as SlideClient);
  return { store, slides, held, close, hasDarkBackground };
}

async function startWithWork() {
  const started = start();
  const { store, slides } = started;
  await slides.open(choice('good'));
  slides.setMpp(0.5);
  slides.setMpp(0.25);
  store.dispatch({
    type: 'area',
    area: [
      [0, 0],
      [1, 0],
      [1, 1],
    ],
  });
  store.dispatch({ type: 'measure', measure: { points: [{ x: 1, y: 2 }], closed: false } });
  store.dispatch({
    type: 'annotate',
    action: { kind: 'add', annotations: [{ id: '1', label: '', outer: [0, 0, 1, 0, 1, 1], holes: [] }] },
  });
  return { ...started, slide: store.getState().slide };
}

it('keeps the open slide, and all work on it, when another one fails to open', async () => {
  const { store, slides, slide, close } = await startWithWork();
  await slides.open(choice('bad'));
  expect(store.getState().slide).toBe(slide);
  expect(slide).toMatchObject({ earlierMpp: [null, { x: 0.5 }], userMpp: { x: 0.25 } });
  expect(slide?.area).toHaveLength(3);
  expect(store.getState().opening).toBeNull();
  expect(store.getState().notice).toMatchObject({ level: 'error', subject: 'bad', problem: 'Not a slide.' });
  expect(close).not.toHaveBeenCalled();
});

it('keeps the work on the open slide until the other one is open, then drops all of it', async () => {
  const { store, slides, slide, held, close } = await startWithWork();
  const opening = slides.open(choice('held'));
  expect(store.getState()).toMatchObject({ opening: 'held' });
  expect(store.getState().slide).toBe(slide);
  held.get('held')?.();
  await opening;
  expect(store.getState()).toMatchObject({ opening: null });
  expect(store.getState().slide).toMatchObject({ slideId: 2, area: null, measure: null, earlierMpp: [] });
  expect(store.getState().slide?.annotate.annotations).toEqual([]);
  expect(close).toHaveBeenCalledExactlyOnceWith(1);
});

it('lets the latest wish win, and keeps the first slide when that one fails', async () => {
  const { store, slides, slide, held, close } = await startWithWork();
  const overtaken = slides.open(choice('held'));
  await slides.open(choice('bad'));
  held.get('held')?.();
  await overtaken;
  expect(store.getState().slide).toBe(slide);
  // Only the superseded slide is closed.
  expect(close).toHaveBeenCalledExactlyOnceWith(2);
});

it('closes a slide while another one is being opened', async () => {
  const { store, slides, held, close } = await startWithWork();
  const opening = slides.open(choice('held'));
  slides.close();
  held.get('held')?.();
  await opening;
  expect(store.getState()).toMatchObject({ slide: null, opening: null });
  expect(close.mock.calls).toEqual([[1], [2]]);
});

it('asks for a token and opens the slide with it, or reports that the server wants one', async () => {
  vi.stubGlobal('document', { baseURI: 'https://page.example/' });
  const store = createAppStore(initialState(parsePreferences(null)));
  const tokens = new BearerTokens();
  const opened: string[] = [];
  const open: SlideClient['open'] = (input) => {
    const signed = tokens.signed(input);
    if (signed.kind === 'url' && signed.token === 'open-sesame') {
      opened.push(signed.url);
      return Promise.reject(new Error('Enough.'));
    }
    const problem = 'It asks for a token.';
    return Promise.reject(new WorkerError({ code: 'sign-in', file: 'a.svs', problem, remedy: '' }));
  };
  const slides = new SlideSession(store, { open } as unknown as SlideClient, null, tokens);
  const url = 'https://h.example/a.svs';

  await slides.open(choice(url));
  expect(store.getState()).toMatchObject({ dialog: 'token', opening: null, notice: null });
  store.dispatch({ type: 'dialog', dialog: null });
  expect(store.getState().notice).toMatchObject({ level: 'error', problem: 'It asks for a token.' });
  expect(slides.awaitingToken).toBeNull();

  await slides.open(choice(url));
  const awaited = slides.awaitingToken!;
  expect(slides.giveToken(awaited, 'two words')).toBe(false);
  expect(slides.giveToken(awaited, 'wrong')).toBe(true);
  await vi.waitFor(() => expect(store.getState().dialog).toBe('token'));
  expect(slides.giveToken(slides.awaitingToken!, ' Bearer open-sesame ')).toBe(true);
  await vi.waitFor(() => expect(opened).toEqual([url]));
  expect(store.getState().dialog).toBeNull();
  expect(JSON.stringify(store.getState())).not.toContain('open-sesame');

  await slides.open(choice('https://other.example/a.svs'));
  expect(store.getState().dialog).toBe('token');
  expect(tokens.signed({ kind: 'url', url: 'https://h.example:8443/a.svs' })).not.toHaveProperty('token');
  vi.unstubAllGlobals();
});

it('looks for a dark background where the stain is not stated', async () => {
  const { store, slides, hasDarkBackground } = start();
  await slides.open(choice('stained'));
  await slides.open(choice('silent'));
  await vi.waitFor(() => expect(store.getState().slide?.darkBackground).toBe(true));
  expect(hasDarkBackground).toHaveBeenCalledExactlyOnceWith(2);
});
