// @vitest-environment jsdom
/** The start page: demo slides with pictures, and slides opened before. */
import { act, cleanup, fireEvent, render, screen, within } from '@testing-library/react';
import { afterEach, expect, it, vi } from 'vitest';
import { RecentSlides } from '../session/recent-slides.ts';
import { TestBench } from '../testing.tsx';
import type { SlideChoice } from '../state/state.ts';
import { StartPage } from './start-page.tsx';

afterEach(cleanup);

const urlSlide: SlideChoice = { key: 'url:s/a.svs', title: 'a.svs', input: { kind: 'url', url: 's/a.svs' } };
const ownSlide: SlideChoice = {
  key: 'file:b.svs',
  title: 'b.svs',
  input: { kind: 'file', files: [{ file: new File([], 'b.svs'), path: 'b.svs' }] },
};
const demo = { description: 'Tissue.', synthetic: false, licence: 'CC0' };

it('names the product, and shows demo slides in the order of their list, with their pictures', () => {
  const bench = new TestBench();
  bench.demos(
    { ...demo, file: 'real.svs', title: 'Real', thumbnail: 'real.jpg' },
    { ...demo, file: 'b', title: 'B' },
  );
  render(<StartPage />, { wrapper: bench.Wrapper });
  expect(screen.getByText('Dualscope')).toBeTruthy();
  const cards = within(screen.getByTestId('demo-slides')).getAllByRole('button');
  expect(cards.map((card) => card.querySelector('.choice-title')?.firstChild?.textContent)).toEqual([
    'Real',
    'B',
  ]);
  expect(cards[0]?.querySelector('img')?.getAttribute('src')).toBe('./slides/real.jpg');
  expect(cards[1]?.querySelector('img')).toBeNull();
});

it('lists slides opened before, latest first; opens and forgets them; keeps nothing of a file', () => {
  const bench = new TestBench();
  bench.openChoice(urlSlide).openChoice(ownSlide);
  const open = vi.spyOn(bench.workbench.slides, 'open').mockResolvedValue(undefined);
  render(<StartPage />, { wrapper: bench.Wrapper });
  const cards = (): HTMLElement[] => within(screen.getByTestId('recent-slides')).getAllByRole('button');
  expect(cards().map((card) => card.textContent)).toEqual([
    'b.svsFile on this computer, until the page closes',
    'a.svss/a.svs',
  ]);
  fireEvent.click(cards()[0]!);
  expect(open).toHaveBeenCalledExactlyOnceWith(ownSlide);

  const kept = window.localStorage.getItem('dualscope.recent') ?? '';
  expect(kept).toContain('a.svs');
  expect(kept).not.toContain('b.svs');
  const { store, slides } = bench.workbench;
  const nextVisit = new RecentSlides(store, slides.client, window.localStorage);
  expect(nextVisit.list().map(({ choice }) => choice)).toEqual([urlSlide]);

  act(() => void fireEvent.click(screen.getByRole('button', { name: 'Clear' })));
  expect(screen.queryByTestId('recent-slides')).toBeNull();
  expect(window.localStorage.getItem('dualscope.recent')).toBe('[]');
});

it('does not list demo slides twice', () => {
  const bench = new TestBench();
  bench.demos({ ...demo, file: 'real.svs', title: 'Real' });
  bench.openChoice({
    key: 'url:slides/real.svs',
    title: 'Real',
    input: { kind: 'url', url: 'slides/real.svs' },
  });
  render(<StartPage />, { wrapper: bench.Wrapper });
  expect(screen.queryByTestId('recent-slides')).toBeNull();
});
