import { describe, expect, it } from 'vitest';
import {
  Backoff,
  failureCode,
  isPermanent,
  isTransient,
  pause,
  retryAfterMs,
  retryingFetch,
} from './retry.ts';

describe('Backoff', () => {
  it('doubles the pause, cuts up to half of it at random, and ends', () => {
    const longest = new Backoff({ retries: 4, retryDelayMs: 100, longestDelayMs: 500, random: () => 0 });
    expect([1, 2, 3, 4, 5].map(() => longest.next())).toEqual([100, 200, 400, 500, null]);
    const shortest = new Backoff({ retries: 2, retryDelayMs: 100, random: () => 1 });
    expect([1, 2, 3].map(() => shortest.next())).toEqual([50, 100, null]);
  });

  it('starts over after progress, and counts all failures separately', () => {
    const backoff = new Backoff({ retries: 1, retryDelayMs: 8, random: () => 0 });
    expect(backoff.next()).toBe(8);
    backoff.progress();
    expect(backoff.next()).toBe(8);
    expect(backoff.next()).toBeNull();
    expect(backoff.allFailures).toBe(3);
  });

  it('waits as long as the server asks, up to a limit', () => {
    const backoff = new Backoff({ retryDelayMs: 100, longestDelayMs: 5000, random: () => 0 });
    expect(backoff.next(3000)).toBe(3000);
    expect(backoff.next(1)).toBe(200);
    expect(backoff.next(5001)).toBeNull();
  });
});

it('reads Retry-After as seconds and as a date', () => {
  const asked = (text?: string): number | null =>
    retryAfterMs(
      new Response(null, text === undefined ? {} : { headers: { 'Retry-After': text } }),
      Date.UTC(2026, 0, 1, 12, 0, 0),
    );
  expect(asked('7')).toBe(7000);
  expect(asked('Thu, 01 Jan 2026 12:00:30 GMT')).toBe(30_000);
  expect(asked('Thu, 01 Jan 2026 11:00:00 GMT')).toBe(0);
  expect(asked('soon')).toBeNull();
  expect(asked()).toBeNull();
});

it('knows which failures are transient', () => {
  expect([408, 429, 500, 502, 503, 504].every(isTransient)).toBe(true);
  expect([200, 400, 401, 403, 404, 410, 416, 501, 505].some(isTransient)).toBe(false);
  const failure = new TypeError('fetch failed', {
    cause: Object.assign(new Error('reset'), { code: 'ECONNRESET' }),
  });
  expect(failureCode(failure)).toBe('ECONNRESET');
  expect(failureCode(new TypeError('fetch failed'))).toBeNull();
  expect(
    ['ENOTFOUND', 'DEPTH_ZERO_SELF_SIGNED_CERT', 'UNABLE_TO_VERIFY_LEAF_SIGNATURE'].every(isPermanent),
  ).toBe(true);
  expect(['ECONNRESET', 'ECONNREFUSED', 'EAI_AGAIN', 'UND_ERR_SOCKET', null].some(isPermanent)).toBe(false);
});

it('stops a pause when aborted', async () => {
  const controller = new AbortController();
  const waiting = pause(3_600_000, controller.signal);
  controller.abort();
  await expect(waiting).rejects.toMatchObject({ name: 'AbortError' });
  await expect(pause(1, AbortSignal.abort())).rejects.toMatchObject({ name: 'AbortError' });
});

describe('retryingFetch', () => {
  const quick = { retries: 2, retryDelayMs: 1 };
  const answers = (...list: (number | Error)[]): { http: typeof fetch; calls: () => number } => {
    let calls = 0;
    return {
      calls: () => calls,
      http: () => {
        const next = list[calls++] ?? 200;
        return next instanceof Error
          ? Promise.reject(next)
          : Promise.resolve(new Response('x', { status: next }));
      },
    };
  };

  it('returns the first response that is not transient', async () => {
    const { http, calls } = answers(503, new TypeError('failed'), 200);
    expect((await retryingFetch(http, quick)('a')).status).toBe(200);
    expect(calls()).toBe(3);
  });

  it('returns the last failure when it gives up, and never retries a 404', async () => {
    expect((await retryingFetch(answers(503, 503, 502, 200).http, quick)('a')).status).toBe(502);
    const missing = answers(404, 200);
    expect((await retryingFetch(missing.http, quick)('a')).status).toBe(404);
    expect(missing.calls()).toBe(1);
    const lost = new TypeError('failed');
    await expect(retryingFetch(answers(lost, lost, lost).http, quick)('a')).rejects.toBe(lost);
  });
});
