import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { watchHeartbeat } from './heartbeat.ts';

beforeEach(() => void vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] }));
afterEach(() => void vi.useRealTimers());

/** The other side: idle or busy, answering or not. */
class OtherSide {
  isBusy = true;
  answers = true;
  pings = 0;
  ping(): Promise<void> {
    this.pings++;
    return this.answers ? Promise.resolve() : new Promise(() => undefined);
  }
}

function watch(other = new OtherSide()): {
  other: OtherSide;
  silent: ReturnType<typeof vi.fn>;
  end: () => void;
} {
  const silent = vi.fn();
  return { other, silent, end: watchHeartbeat(other, { deadlineMs: 8000, onSilent: silent }) };
}

it('leaves alone what answers, however long its work takes', async () => {
  const { other, silent } = watch();
  await vi.advanceTimersByTimeAsync(600_000);
  expect(other.pings).toBeGreaterThan(100);
  expect(silent).not.toHaveBeenCalled();
});

it('asks nothing of what does not work', async () => {
  const { other, silent } = watch();
  other.isBusy = false;
  other.answers = false;
  await vi.advanceTimersByTimeAsync(60_000);
  expect(other.pings).toBe(0);
  expect(silent).not.toHaveBeenCalled();
});

it('notices silence once, after the deadline', async () => {
  const { other, silent } = watch();
  await vi.advanceTimersByTimeAsync(20_000);
  other.answers = false;
  await vi.advanceTimersByTimeAsync(7000);
  expect(silent).not.toHaveBeenCalled();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(silent).toHaveBeenCalledTimes(1);
});

it('does not count the time in which this side stood still', async () => {
  const { other, silent } = watch();
  other.answers = false;
  await vi.advanceTimersByTimeAsync(2000);
  // A computer that slept for an hour: one late tick.
  vi.spyOn(performance, 'now').mockReturnValue(performance.now() + 3_600_000);
  await vi.advanceTimersByTimeAsync(1000);
  expect(silent).not.toHaveBeenCalled();
});

it('ends when told to', async () => {
  const { other, silent, end } = watch();
  other.answers = false;
  end();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(silent).not.toHaveBeenCalled();
});
