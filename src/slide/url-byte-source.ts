/** Bytes of a remote file by HTTP range requests (RFC 9110, section 14). */
import { abortReason } from './shared-tasks.ts';
import { SlideError, type ByteSource } from './slide.ts';

export interface UrlByteSourceOptions {
  /** For tests and for headers of one's own; the global `fetch` by default. */
  readonly fetch?: typeof fetch;
  /** Tries after the first on a lost connection, 429 or 5xx; 3 by default. */
  readonly retries?: number;
  /** Milliseconds before the first new try, doubled each time; 200 by default. */
  readonly retryDelayMs?: number;
}

/** Bytes that the first request asks for; enough for most headers. */
const HEAD_BYTES = 64 * 1024;

/**
 * Opens a URL. One request tells whether the file is there, how long it is and whether the server
 * honours ranges; its bytes are kept for the first reads.
 * @throws SlideError `not-found` (404, 403, 410 or a web page in its place), `no-range` (the server
 * sends the whole file), `network` (no connection, other status).
 */
export async function urlByteSource(url: string, options: UrlByteSourceOptions = {}): Promise<ByteSource> {
  const http = new RangeClient(url, options);
  const response = await http.request(0, HEAD_BYTES);
  const head = new Uint8Array(await http.body(response));
  const size = await http.totalSize(response, head.length);
  const etag = response.headers.get('etag');
  return {
    name: http.name,
    size,
    async read(offset, length, signal) {
      if (signal?.aborted) throw abortReason(signal);
      const end = Math.min(size, offset + length);
      if (end <= offset) return new Uint8Array(0);
      if (end <= head.length) return head.slice(offset, end);
      const part = await http.request(offset, end - offset, signal);
      const now = part.headers.get('etag');
      if (etag !== null && now !== null && now !== etag) {
        await part.body?.cancel();
        throw new SlideError(
          'network',
          http.name,
          'The file changed on the server.',
          'Open the slide again.',
        );
      }
      const bytes = new Uint8Array(await http.body(part, signal));
      return bytes.length > end - offset ? bytes.slice(0, end - offset) : bytes;
    },
  };
}

/** The last part of a URL's path, decoded, for messages. */
export function nameOfUrl(url: string): string {
  const path = url.replace(/[?#].*$/, '').replace(/\/+$/, '');
  const last = path.slice(path.lastIndexOf('/') + 1) || url;
  try {
    return decodeURIComponent(last);
  } catch {
    return last;
  }
}

class RangeClient {
  readonly name: string;
  private readonly fetch: typeof fetch;
  private readonly retries: number;
  private readonly delayMs: number;

  constructor(
    private readonly url: string,
    options: UrlByteSourceOptions,
  ) {
    this.name = nameOfUrl(url);
    this.fetch = options.fetch ?? ((input, init) => fetch(input, init));
    this.retries = options.retries ?? 3;
    this.delayMs = options.retryDelayMs ?? 200;
  }

  /** A 206 response (or 416 for an empty file). */
  async request(offset: number, length: number, signal?: AbortSignal): Promise<Response> {
    const headers = { Range: `bytes=${offset}-${offset + length - 1}` };
    let failure: SlideError | undefined;
    for (let attempt = 0; attempt <= this.retries; attempt++) {
      if (attempt > 0) await pause(this.delayMs * 2 ** (attempt - 1), signal);
      if (signal?.aborted) throw abortReason(signal);
      let response: Response;
      try {
        response = await this.fetch(this.url, { headers, ...(signal ? { signal } : {}) });
      } catch (cause) {
        if (signal?.aborted) throw abortReason(signal);
        failure = new SlideError(
          'network',
          this.name,
          'The server can not be reached, or it does not allow this page to read the file (CORS).',
          'Check the connection and the address.',
          { cause },
        );
        continue;
      }
      if (response.status === 206 || (response.status === 416 && offset === 0)) return response;
      await response.body?.cancel();
      failure = this.refusal(response);
      if (response.status !== 429 && response.status < 500) break;
    }
    throw failure!;
  }

  async body(response: Response, signal?: AbortSignal): Promise<ArrayBuffer> {
    if (response.status === 416) return new ArrayBuffer(0);
    try {
      return await response.arrayBuffer();
    } catch (cause) {
      if (signal?.aborted) throw abortReason(signal);
      throw new SlideError(
        'network',
        this.name,
        'The connection broke while reading.',
        'Check the connection and try again.',
        { cause },
      );
    }
  }

  /** From Content-Range; where CORS hides that header, from HEAD. */
  async totalSize(response: Response, received: number): Promise<number> {
    const total = /\/(\d+)\s*$/.exec(response.headers.get('content-range') ?? '')?.[1];
    if (total !== undefined) return Number(total);
    if (response.status === 416) return 0;
    if (received < HEAD_BYTES) return received;
    try {
      const head = await this.fetch(this.url, { method: 'HEAD' });
      const length = Number(head.headers.get('content-length'));
      if (head.ok && length >= received) return length;
    } catch {
      // Reported below: what matters is that the length is not to be had.
    }
    throw new SlideError(
      'no-range',
      this.name,
      'The server does not say how long the file is.',
      'Have the server expose Content-Range (Access-Control-Expose-Headers), or download the file and open it from disk.',
    );
  }

  private refusal(response: Response): SlideError {
    const { status } = response;
    if (status === 200) {
      if ((response.headers.get('content-type') ?? '').startsWith('text/html')) {
        return new SlideError(
          'not-found',
          this.name,
          'The server answers with a web page where the slide should be.',
          'Check the address.',
        );
      }
      return new SlideError(
        'no-range',
        this.name,
        'The server sends only whole files (it ignores range requests).',
        'Use a server with range support, or download the file and open it from disk.',
      );
    }
    if (status === 404 || status === 410) {
      return new SlideError(
        'not-found',
        this.name,
        `The server has no such file (${status}).`,
        'Check the address.',
      );
    }
    if (status === 401 || status === 403) {
      return new SlideError(
        'not-found',
        this.name,
        `The server does not allow to read the file (${status}).`,
        'Sign in there, or ask for access.',
      );
    }
    return new SlideError(
      'network',
      this.name,
      `The server answers with status ${status}.`,
      'Try again later, or download the file and open it from disk.',
    );
  }
}

function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', leave);
      resolve();
    }, ms);
    const leave = (): void => {
      clearTimeout(timer);
      reject(abortReason(signal));
    };
    signal?.addEventListener('abort', leave, { once: true });
  });
}
