import { expect, test, vi } from 'vitest';
import { FirstView } from './first-view.ts';

function setUp() {
  vi.useFakeTimers();
  const listeners = new Set<() => void>();
  const view = { slideId: 1, isLoaded: () => false };
  const first = new FirstView(
    () => view,
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  );
  const done = vi.fn();
  return { view, first, done, listeners, frame: () => [...listeners].forEach((listener) => listener()) };
}

test('the others wait for the tiles of their own slide', async () => {
  const { view, first, done, listeners, frame } = setUp();
  void first.of(2).then(done);
  view.isLoaded = () => true;
  frame();
  await vi.advanceTimersByTimeAsync(100);
  expect(done).not.toHaveBeenCalled();
  view.slideId = 2;
  frame();
  await vi.advanceTimersByTimeAsync(0);
  expect(done).toHaveBeenCalledOnce();
  expect(listeners.size).toBe(0);
  await first.of(2);
});

test('they go on after a while, and an abort ends the waiting', async () => {
  const { first, done, listeners } = setUp();
  void first.of(1).then(done);
  await vi.advanceTimersByTimeAsync(2000);
  expect(done).toHaveBeenCalledOnce();
  const controller = new AbortController();
  const waiting = first.of(1, controller.signal);
  controller.abort();
  await expect(waiting).rejects.toThrow(/abort/i);
  expect(listeners.size).toBe(0);
});
