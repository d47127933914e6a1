/** Retries over HTTP: how often, how long to wait, and which failures are worth it. */
import { abortReason, onAbort } from '../base/abort.ts';

export interface RetryOptions {
  /** Retries in a row without progress; 3 by default. */
  readonly retries?: number;
  /**
   * Milliseconds before the first retry; doubled each time and cut by up to half at random; 200 by default.
   */
  readonly retryDelayMs?: number;
  /**
   * Longest pause in milliseconds; a server that asks for more (Retry-After) is given up. 60,000 by default.
   */
  readonly longestDelayMs?: number;
  /** From 0 to 1; `Math.random` by default. */
  readonly random?: () => number;
}

/** The pauses of one request. */
export class Backoff {
  /** Failed tries since the last progress. */
  failures = 0;
  /** Failed tries in total. */
  allFailures = 0;
  readonly #retries: number;
  readonly #delayMs: number;
  readonly #longestMs: number;
  readonly #random: () => number;

  constructor(options: RetryOptions = {}) {
    this.#retries = options.retries ?? 3;
    this.#delayMs = options.retryDelayMs ?? 200;
    this.#longestMs = options.longestDelayMs ?? 60_000;
    this.#random = options.random ?? Math.random;
  }

  /** Records progress: the next failure counts as the first again. */
  progress(): void {
    this.failures = 0;
  }

  /**
   * Records a failure.
   * @param askedMs the pause requested by the server; null without one.
   * @returns milliseconds to wait before the next try; null when it is time to give up.
   */
  next(askedMs: number | null = null): number | null {
    this.failures++;
    this.allFailures++;
    if (this.failures > this.#retries || (askedMs ?? 0) > this.#longestMs) return null;
    // At random, so that a thousand jobs do not return to a struggling server at the same moment.
    const delay = this.#delayMs * 2 ** (this.failures - 1) * (1 - this.#random() / 2);
    return Math.max(askedMs ?? 0, Math.min(delay, this.#longestMs));
  }
}

/** Whether the same request may succeed later, by its HTTP status. */
export function isTransient(status: number): boolean {
  return status === 408 || status === 429 || (status >= 500 && status !== 501 && status !== 505);
}

/**
 * The pause requested by Retry-After (RFC 9110, section 10.2.3): seconds, or a date.
 * @param now milliseconds since 1970.
 * @returns milliseconds from 0; null without the header.
 */
export function retryAfterMs(response: Response, now = Date.now()): number | null {
  const text = response.headers.get('retry-after')?.trim() ?? '';
  if (text === '') return null;
  const ms = /^\d+$/.test(text) ? 1000 * Number(text) : Date.parse(text) - now;
  return Number.isFinite(ms) ? Math.max(0, ms) : null;
}

/** The platform's code for a failed connection, for example ECONNRESET. Node gives one, browsers do not. */
export function failureCode(error: unknown): string | null {
  for (let at: unknown = error; at instanceof Error; at = at.cause) {
    const { code } = at as { code?: unknown };
    if (typeof code === 'string') return code;
  }
  return null;
}

/** Whether a failed connection is permanent: the name does not exist, or the certificate is not trusted. */
export function isPermanent(code: string | null): boolean {
  return code === 'ENOTFOUND' || code === 'ERR_INVALID_URL' || (code !== null && isUntrusted(code));
}

/** Whether a connection failed because of the server's certificate. */
export function isUntrusted(code: string): boolean {
  return /^ERR_TLS_CERT|CERT|_SIGNATURE$/.test(code);
}

/** Waits. Rejects when the signal aborts. */
export function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(abortReason(signal));
    const timer = setTimeout(() => {
      forget();
      resolve();
    }, ms);
    const forget = onAbort(signal, () => {
      clearTimeout(timer);
      reject(abortReason(signal));
    });
  });
}

/**
 * A `fetch` that retries until the response is not a transient failure; returns or throws the last one when
 * it gives up.
 */
export function retryingFetch(http: typeof fetch, options: RetryOptions): typeof fetch {
  return async (input, init) => {
    const signal = init?.signal ?? undefined;
    const backoff = new Backoff(options);
    for (;;) {
      let wait: number | null;
      try {
        const response = await http(input, init);
        if (!isTransient(response.status)) return response;
        wait = backoff.next(retryAfterMs(response));
        if (wait === null) return response;
        await response.body?.cancel();
      } catch (error) {
        if (signal?.aborted) throw abortReason(signal);
        wait = isPermanent(failureCode(error)) ? null : backoff.next();
        if (wait === null) throw error;
      }
      await pause(wait, signal);
    }
  };
}
