// @vitest-environment jsdom
/** What is removed comes back: by the toast and its key, for ten seconds, and not over later work. */
import { act, cleanup, fireEvent, render, screen } from '@testing-library/react';
import { createElement } from 'react';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { isEnabled } from '../commands/command.ts';
import { commandById } from '../commands/registry.ts';
import { TestBench } from '../testing.tsx';
import { annotateOf } from '../state/state.ts';
import { deleteAnnotations, deleteBookmark, replaceTruth } from './removals.ts';
import { undoMs } from './undo-offer.ts';
import { UndoToast } from './undo-toast.tsx';

let bench: TestBench;
const shape = (id: string) => ({ id, label: '', outer: [0, 0, 9, 0, 9, 9], holes: [] });
const annotations = () => annotateOf(bench.workbench.store.getState()).annotations;
const draw = (...ids: string[]): void =>
  bench.workbench.store.dispatch({
    type: 'annotate',
    action: { kind: 'add', annotations: ids.map(shape) },
  });

beforeEach(() => {
  vi.useFakeTimers();
  bench = new TestBench();
  bench.ready();
  render(createElement(UndoToast), { wrapper: bench.Wrapper });
});
afterEach(() => {
  cleanup();
  vi.useRealTimers();
});

it('annotations come back in their order by the button, and the toast is gone', () => {
  act(() => draw('a', 'b', 'c'));
  act(() => deleteAnnotations(bench.workbench, annotations()));
  expect(annotations()).toEqual([]);
  expect(screen.getByTestId('undo-toast').textContent).toContain('3 annotations deleted.');
  fireEvent.click(screen.getByRole('button', { name: 'Undo' }));
  expect(annotations().map(({ id }) => id)).toEqual(['a', 'b', 'c']);
  expect(screen.queryByTestId('undo-toast')).toBeNull();
});

it('the offer ends after ten seconds, and when something is drawn since', async () => {
  act(() => draw('a', 'b'));
  act(() => deleteAnnotations(bench.workbench, annotations().slice(0, 1)));
  act(() => void vi.advanceTimersByTime(undoMs - 1));
  expect(screen.queryByTestId('undo-toast')).not.toBeNull();
  act(() => void vi.advanceTimersByTime(1));
  expect(screen.queryByTestId('undo-toast')).toBeNull();

  act(() => deleteAnnotations(bench.workbench, annotations()));
  await act(async () => draw('c'));
  expect(screen.queryByTestId('undo-toast')).toBeNull();
  // Ctrl+Z is then of the drawing.
  expect(isEnabled(commandById('interface.undo'), bench.workbench.store.getState())).toBe(false);
});

it('a bookmark comes back to its place', () => {
  const view = { x: 1, y: 2, scale: 1, rotation: 0, flip: false };
  const bookmarks = ['a', 'b', 'c'].map((id) => ({ id, note: id, view, created: 0 }));
  act(() => bench.workbench.store.dispatch({ type: 'bookmarks', bookmarks }));
  act(() => deleteBookmark(bench.workbench, 'b', 2));
  expect(screen.getByTestId('undo-toast').textContent).toContain('Bookmark “b” deleted.');
  act(() => commandById('interface.undo').perform(bench.workbench));
  expect(bench.workbench.store.getState().slide?.bookmarks).toEqual(bookmarks);
});

it('ground truth comes back', async () => {
  const { annotations: session, store } = bench.workbench;
  act(() => draw('a'));
  act(() => session.useDrawn());
  const truth = () => annotateOf(store.getState()).truth?.source ?? null;
  expect(truth()).toBe('drawn');
  await act(() => replaceTruth(bench.workbench, () => session.removeTruth()));
  expect(truth()).toBeNull();
  fireEvent.click(screen.getByRole('button', { name: 'Undo' }));
  expect(truth()).toBe('drawn');
});
