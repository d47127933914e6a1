import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { answeredIn } from './awake-time.ts';

beforeEach(() => void vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] }));
afterEach(() => void vi.useRealTimers());

const late = (): Error => new Error('no answer');

it('passes on what comes in time, values and errors', async () => {
  await expect(answeredIn(Promise.resolve(3), 1000, late)).resolves.toBe(3);
  await expect(answeredIn(Promise.reject(new Error('damaged')), 1000, late)).rejects.toThrow('damaged');
  expect(vi.getTimerCount()).toBe(0);
});

it('rejects what never comes, after the deadline, and discards what comes later', async () => {
  const discarded: number[] = [];
  let answer: (value: number) => void = () => undefined;
  const work = new Promise<number>((resolve) => (answer = resolve));
  const settled = vi.fn();
  const result = answeredIn(work, 8000, late, (value) => void discarded.push(value));
  result.catch(settled);
  await vi.advanceTimersByTimeAsync(7000);
  expect(settled).not.toHaveBeenCalled();
  await vi.advanceTimersByTimeAsync(1000);
  await expect(result).rejects.toThrow('no answer');
  answer(5);
  await vi.advanceTimersByTimeAsync(0);
  expect(discarded).toEqual([5]);
  expect(vi.getTimerCount()).toBe(0);
});

it('does not count time in which this thread stood still', async () => {
  const settled = vi.fn();
  answeredIn(new Promise(() => undefined), 8000, late).catch(settled);
  // A computer that slept for an hour: one late tick.
  vi.spyOn(performance, 'now').mockReturnValue(performance.now() + 3_600_000);
  await vi.advanceTimersByTimeAsync(1000);
  expect(settled).not.toHaveBeenCalled();
});
