/**
 * HTTP range requests for one file (RFC 9110, section 14) that survive dropped connections and busy servers, and
 * explain a server's refusal.
 */
import { abortReason, onAbort } from '../base/abort.ts';
import {
  Backoff,
  failureCode,
  isPermanent,
  isTransient,
  isUntrusted,
  pause,
  retryAfterMs,
  type RetryOptions,
} from './retry.ts';
import { SlideError } from './slide.ts';

export interface RangeClientOptions extends RetryOptions {
  /** For tests and custom headers; the global `fetch` by default. */
  readonly fetch?: typeof fetch;
  /** Milliseconds without a byte after which a connection counts as broken; 30,000 by default. */
  readonly idleMs?: number;
}

/** The bytes of a range, and the response that delivered the last of them. */
interface RangeAnswer {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly response: Response;
}

/** A failure that may be transient. */
class TransientFailure extends Error {
  readonly error: SlideError;
  readonly askedMs: number | null;

  constructor(error: SlideError, askedMs: number | null = null) {
    super(error.message);
    this.error = error;
    this.askedMs = askedMs;
  }
}

/** Bytes of an answer that count as progress: a server that sends fewer per connection is given up. */
const leastProgress = 1024;

export class RangeClient {
  readonly name: string;
  readonly #fetch: typeof fetch;
  readonly #idleMs: number;
  /** The server's version tag for the file; null until it sends one. */
  #etag: string | null = null;
  readonly #url: string;
  readonly #options: RangeClientOptions;

  constructor(url: string, options: RangeClientOptions) {
    this.#url = url;
    this.#options = options;
    this.name = urlName(url);
    this.#fetch = options.fetch ?? ((input, init) => fetch(input, init));
    this.#idleMs = options.idleMs ?? 30_000;
  }

  /**
   * `length` bytes from `offset`, or as many as the file has. A broken connection resumes where it broke. An
   * empty file gives no bytes.
   * @throws SlideError `not-found`, `no-range`, `network`; an AbortError.
   */
  async range(offset: number, length: number, signal?: AbortSignal): Promise<RangeAnswer> {
    const backoff = new Backoff(this.#options);
    const chunks: Uint8Array[] = [];
    let received = 0;
    let kept = 0;
    for (;;) {
      if (signal?.aborted) throw abortReason(signal);
      try {
        const response = await this.#attempt(offset + received, length - received, signal, (chunk) => {
          chunks.push(chunk);
          received += chunk.length;
        });
        return { bytes: joined(chunks, received, length), response };
      } catch (error) {
        if (signal?.aborted) throw abortReason(signal);
        if (!(error instanceof TransientFailure)) throw error;
        if (received - kept >= leastProgress) {
          backoff.progress();
          kept = received;
        }
        const wait = backoff.next(error.askedMs);
        if (wait === null) throw afterRetries(error, backoff.allFailures);
        await pause(wait, signal);
      }
    }
  }

  /** The file's length, by HEAD; null where the server does not give it. */
  async lengthByHead(): Promise<number | null> {
    try {
      const head = await this.#fetch(this.#url, { method: 'HEAD' });
      const length = Number(head.headers.get('content-length') ?? NaN);
      return head.ok && Number.isFinite(length) ? length : null;
    } catch {
      return null;
    }
  }

  /** One request. @throws TransientFailure, SlideError. */
  async #attempt(
    offset: number,
    length: number,
    signal: AbortSignal | undefined,
    take: (chunk: Uint8Array) => void,
  ): Promise<Response> {
    const controller = new AbortController();
    const stay = onAbort(signal, () => controller.abort());
    const idle = (): void => controller.abort();
    let timer = setTimeout(idle, this.#idleMs);
    try {
      const response = await this.#fetch(this.#url, {
        headers: { Range: `bytes=${offset}-${offset + length - 1}` },
        signal: controller.signal,
      });
      if (response.status === 416 && offset === 0) {
        await response.body?.cancel();
        return response;
      }
      if (response.status !== 206) {
        await response.body?.cancel();
        const error = refusal(response, this.name, redactedUrl(this.#url));
        throw isTransient(response.status) ? new TransientFailure(error, retryAfterMs(response)) : error;
      }
      await this.#checkVersion(response);
      const declared = declaredLength(response);
      // A server may send more than requested, or never stop; what is too much is not read.
      const expected = declared === null ? null : Math.min(declared, length);
      let received = 0;
      const reader = response.body?.getReader();
      // A connection that breaks after the last byte does no harm.
      while (received < (expected ?? length)) {
        clearTimeout(timer);
        timer = setTimeout(idle, this.#idleMs);
        const part = await reader?.read();
        if (part?.value === undefined) break;
        received += part.value.length;
        take(part.value);
      }
      if (expected !== null && received < expected)
        throw new Error('The response is shorter than it claims.');
      await reader?.cancel().catch(() => undefined);
      return response;
    } catch (error) {
      if (signal?.aborted || error instanceof TransientFailure || error instanceof SlideError) throw error;
      const lost = this.#lost(error, controller.signal.aborted);
      throw isPermanent(failureCode(error)) ? lost : new TransientFailure(lost);
    } finally {
      clearTimeout(timer);
      stay();
    }
  }

  async #checkVersion(response: Response): Promise<void> {
    const etag = response.headers.get('etag');
    if (etag === null || this.#etag === etag) return;
    if (this.#etag === null) {
      this.#etag = etag;
      return;
    }
    await response.body?.cancel();
    throw new SlideError('network', this.name, 'The file changed on the server.', 'Open the slide again.');
  }

  #lost(cause: unknown, wasIdle: boolean): SlideError {
    const code = failureCode(cause);
    const address = redactedUrl(this.#url);
    if (code !== null && isUntrusted(code)) {
      return new SlideError(
        'network',
        this.name,
        `The certificate of ${address} is not trusted (${code}).`,
        'Check the address, or name a file with the authority’s certificate in NODE_EXTRA_CA_CERTS.',
        { cause },
      );
    }
    const problem = wasIdle
      ? `${address} sent no data for ${Math.round(this.#idleMs / 1000)} s.`
      : code !== null
        ? `${address} cannot be reached, or the connection broke (${code}).`
        : `${address} cannot be reached, or the server does not allow this page to read the file (CORS).`;
    return new SlideError('network', this.name, problem, 'Check the connection and the address.', { cause });
  }
}

/** The response's length in bytes by its own headers; null where they do not give it. */
function declaredLength(response: Response): number | null {
  const [, from, to] = /bytes (\d+)-(\d+)\//.exec(response.headers.get('content-range') ?? '') ?? [];
  return from === undefined ? null : Number(to) - Number(from) + 1;
}

function joined(chunks: readonly Uint8Array[], received: number, length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(received);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.length;
  }
  return received > length ? bytes.slice(0, length) : bytes;
}

function afterRetries({ error, askedMs }: TransientFailure, tries: number): SlideError {
  const asked = askedMs === null ? '' : `; the server asked to wait ${Math.ceil(askedMs / 1000)} s`;
  const problem = error.problem.replace(/\.$/, `; tried ${tries === 1 ? 'once' : `${tries} times`}${asked}.`);
  return new SlideError(error.code, error.file, problem, error.remedy, { cause: error.cause });
}

/**
 * The error for a response that is not a range.
 * @param name the file's name.
 * @param address its address.
 */
function refusal(response: Response, name: string, address: string): SlideError {
  const { status } = response;
  if (status === 200) {
    if ((response.headers.get('content-type') ?? '').startsWith('text/html')) {
      return new SlideError(
        'not-found',
        name,
        `The server returned a web page instead of the slide (${address}).`,
        'Check the address.',
      );
    }
    return new SlideError(
      'no-range',
      name,
      `The server ignores range requests and sends only whole files (${address}).`,
      'Use a server with range support, or download the file and open it from disk.',
    );
  }
  if (status === 404 || status === 410) {
    return new SlideError(
      'not-found',
      name,
      `The file does not exist on the server (${status}, ${address}).`,
      'Check the address.',
    );
  }
  if (status === 401 || status === 403) {
    return new SlideError(
      'not-found',
      name,
      `The server denied access to the file (${status}, ${address}).`,
      'Sign in there, or ask for access.',
    );
  }
  return new SlideError(
    'network',
    name,
    `The server answered with status ${status} (${address}).`,
    'Try again later, or download the file and open it from disk.',
  );
}

/** The last part of a URL's path, decoded; that of the folder for Zoomify's description, whose name is always the same. */
export function urlName(url: string): string {
  const path = url
    .replace(/[?#].*$/, '')
    .replace(/([^/:])\/ImageProperties\.xml$/i, '$1')
    .replace(/\/+$/, '');
  const last = path.slice(path.lastIndexOf('/') + 1) || url;
  try {
    return decodeURIComponent(last);
  } catch {
    return last;
  }
}

/** The URL without its secret parts: name and password, query, fragment. */
export function redactedUrl(url: string): string {
  return url.replace(/[?#].*$/, '').replace(/^([a-z]+:\/\/)[^/@]*@/i, '$1');
}
