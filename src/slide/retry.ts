/** Trying again over HTTP: how often, how long to wait, and what is worth it. */
import { abortReason } from '../base/abort.ts';

export interface RetryOptions {
  /** Tries after the first that bring nothing new; 3 by default. */
  readonly retries?: number;
  /** Milliseconds before the first new try, doubled each time and cut by up to a half at random; 200 by default. */
  readonly retryDelayMs?: number;
  /** Longest pause, milliseconds; a server that asks for more (Retry-After) is given up. 60,000 by default. */
  readonly longestDelayMs?: number;
  /** From 0 to 1; `Math.random` by default. */
  readonly random?: () => number;
}

/** The pauses of one request. */
export class Backoff {
  /** Tries that have failed, since the last progress. */
  failures = 0;
  /** Tries that have failed in all. */
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

  /** A try brought something: the next failure is the first again. */
  progress(): void {
    this.failures = 0;
  }

  /**
   * Notes a failure.
   * @param askedMs what the server asks for, null where it does not.
   * @returns milliseconds to wait before the next try; null when it is not worth it any more.
   */
  next(askedMs: number | null = null): number | null {
    this.failures++;
    this.allFailures++;
    if (this.failures > this.#retries || (askedMs ?? 0) > this.#longestMs) return null;
    // At random, so that a thousand jobs do not come back to a server that stumbled in the same moment.
    const delay = this.#delayMs * 2 ** (this.failures - 1) * (1 - this.#random() / 2);
    return Math.max(askedMs ?? 0, Math.min(delay, this.#longestMs));
  }
}

/** Whether a status says that the same request may succeed later. */
export function isPassing(status: number): boolean {
  return status === 408 || status === 429 || (status >= 500 && status !== 501 && status !== 505);
}

/**
 * The pause that a response asks for by Retry-After (RFC 9110, section 10.2.3): seconds, or a date.
 * @param now milliseconds since 1970.
 * @returns milliseconds from 0; null where it does not ask.
 */
export function retryAfterMs(response: Response, now = Date.now()): number | null {
  const text = response.headers.get('retry-after')?.trim() ?? '';
  if (text === '') return null;
  const ms = /^\d+$/.test(text) ? 1000 * Number(text) : Date.parse(text) - now;
  return Number.isFinite(ms) ? Math.max(0, ms) : null;
}

/** What a connection's failure is called where the platform tells (Node does, browsers do not), for example ECONNRESET. */
export function failureCode(error: unknown): string | null {
  for (let at: unknown = error; at instanceof Error; at = at.cause) {
    const { code } = at as { code?: unknown };
    if (typeof code === 'string') return code;
  }
  return null;
}

/** Whether a connection's failure can't pass: a name that does not exist, a certificate that is not trusted. */
export function isLasting(code: string | null): boolean {
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
    const leave = (): void => {
      clearTimeout(timer);
      reject(abortReason(signal));
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', leave);
      resolve();
    }, ms);
    signal?.addEventListener('abort', leave, { once: true });
  });
}

/** A `fetch` that tries again until it has a response that is not to pass; the last response or failure when it gives up. */
export function retryingFetch(http: typeof fetch, options: RetryOptions): typeof fetch {
  return async (input, init) => {
    const signal = init?.signal ?? undefined;
    const backoff = new Backoff(options);
    for (;;) {
      let wait: number | null;
      try {
        const response = await http(input, init);
        if (!isPassing(response.status)) return response;
        wait = backoff.next(retryAfterMs(response));
        if (wait === null) return response;
        await response.body?.cancel();
      } catch (error) {
        if (signal?.aborted) throw abortReason(signal);
        wait = isLasting(failureCode(error)) ? null : backoff.next();
        if (wait === null) throw error;
      }
      await pause(wait, signal);
    }
  };
}
