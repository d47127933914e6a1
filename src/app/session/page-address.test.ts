// @vitest-environment jsdom
/** Address, history and title of the page: one entry per slide, and nothing of the user's files. */
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { TestBench } from '../testing.tsx';
import type { SlideChoice } from '../state/state.ts';
import { PageAddress } from './page-address.ts';

let bench: TestBench;
let end: () => void = () => undefined;
const want = vi.fn();
const goTo = vi.fn();
const urlSlide = (name: string): SlideChoice => ({
  key: `url:slides/${name}`,
  title: name,
  input: { kind: 'url', url: `slides/${name}` },
});
const ownSlide = (name: string): SlideChoice => ({
  key: `file:${name}`,
  title: name,
  input: { kind: 'file', files: [{ file: new File([], name), path: name }] },
});

const shown = (): string | undefined => bench.workbench.store.getState().slide?.metadata.name;
const open = (choice: SlideChoice): Promise<void> => {
  if (choice.title !== 'broken.svs') bench.openChoice(choice);
  return Promise.resolve();
};
/** Goes back or forward and waits until what is there has opened. */
const go = async (by: number): Promise<void> => {
  const arrived = new Promise((done) => window.addEventListener('popstate', done, { once: true }));
  window.history.go(by);
  await arrived;
  await new Promise((done) => setTimeout(done));
};

function start(search: string): void {
  window.history.replaceState(null, '', `/${search}`);
  bench = new TestBench();
  const close = (): void => bench.workbench.store.dispatch({ type: 'slide-closed' });
  end = new PageAddress(bench.workbench.store, { open, close }, { want, goTo }).keep();
}

beforeEach(() => {
  vi.clearAllMocks();
  document.title = 'Dualscope';
});
afterEach(() => end());

it('has an entry per slide, titled with it, that Back and Forward open again where the view was', async () => {
  start('');
  const before = window.history.length;
  await open(urlSlide('a.svs'));
  expect(window.history.length).toBe(before);
  expect([window.location.search, document.title]).toEqual(['?slide=slides/a.svs', 'a.svs · Dualscope']);
  // As panning does.
  window.history.replaceState(window.history.state, '', '/?slide=slides/a.svs&at=10,20,0.5');
  await open(ownSlide('patient.svs'));
  await open(urlSlide('b.svs'));
  expect(window.history.length).toBe(before + 2);
  expect(window.location.search).toBe('?slide=slides/b.svs');

  await go(-1);
  // A file of the user: known to the page, and named by no address.
  expect(shown()).toBe('patient.svs');
  expect(window.location.search).toBe('');
  expect(JSON.stringify(window.history.state)).not.toContain('patient');
  await go(-1);
  expect(shown()).toBe('a.svs');
  expect(want).toHaveBeenLastCalledWith({ x: 10, y: 20, scale: 0.5, rotation: 0, flip: false });
  await go(2);
  expect([shown(), document.title]).toEqual(['b.svs', 'b.svs · Dualscope']);
  expect(window.history.length).toBe(before + 2);
});

it('is cleared when the slide closes, and Back opens it again', async () => {
  start('?backend=wasm');
  bench.models();
  await open(urlSlide('a.svs'));
  bench.workbench.store.dispatch({ type: 'slide-closed' });
  expect([window.location.search, document.title]).toEqual(['?backend=wasm', 'Dualscope']);
  await go(-1);
  expect(shown()).toBe('a.svs');
  await go(1);
  expect(shown()).toBeUndefined();
});

it('goes back to the start page that the page began with', async () => {
  start('?slide=none');
  await open(urlSlide('a.svs'));
  await go(-1);
  expect(shown()).toBeUndefined();
  expect(document.title).toBe('Dualscope');
});

it('names what is still shown where the slide of an entry does not open', async () => {
  start('');
  window.history.replaceState(null, '', '/?slide=slides/broken.svs');
  window.history.pushState(null, '', '/');
  await open(urlSlide('a.svs'));
  await go(-1);
  expect(shown()).toBe('a.svs');
  expect(window.location.search).toBe('?slide=slides/a.svs');
  expect(want).toHaveBeenLastCalledWith(null);
});
