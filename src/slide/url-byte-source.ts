/** The bytes of a remote file, by HTTP range requests. */
import { RangeClient, type RangeClientOptions } from './range-client.ts';
import { abortReason } from '../base/abort.ts';
import { SlideError, type ByteSource } from './slide.ts';

export type UrlByteSourceOptions = RangeClientOptions;

/** Size of the first request in bytes; enough for most headers. */
const headBytes = 64 * 1024;

/**
 * Opens a URL. One request finds out whether the file exists, how long it is and whether the server supports
 * ranges; its bytes are kept for the first reads.
 * @throws SlideError `not-found` (404, 403, 410 or a web page in its place), `no-range` (the server sends the
 * whole file), `network` (no connection, other status), after as many retries as the options allow.
 */
export async function urlByteSource(url: string, options: UrlByteSourceOptions = {}): Promise<ByteSource> {
  const http = new RangeClient(url, options);
  const { bytes: head, response } = await http.range(0, headBytes);
  const size = await totalSize(http, response, head.length);
  return {
    name: http.name,
    size,
    version: response.headers.get('etag') ?? response.headers.get('last-modified'),
    async read(offset, length, signal) {
      if (signal?.aborted) throw abortReason(signal);
      const end = Math.min(size, offset + length);
      if (end <= offset) return new Uint8Array(0);
      if (end <= head.length) return head.slice(offset, end);
      return (await http.range(offset, end - offset, signal)).bytes;
    },
  };
}

/** From Content-Range; where CORS hides that header, from HEAD. */
async function totalSize(http: RangeClient, response: Response, received: number): Promise<number> {
  const total = /\/(\d+)\s*$/.exec(response.headers.get('content-range') ?? '')?.[1];
  if (total !== undefined && Number.isSafeInteger(Number(total))) return Number(total);
  if (response.status === 416) return 0;
  if (received < headBytes) return received;
  const length = await http.lengthByHead();
  if (length !== null && length >= received && Number.isSafeInteger(length)) return length;
  throw new SlideError(
    'no-range',
    http.name,
    'The server does not give the length of the file.',
    'Have the server expose Content-Range (Access-Control-Expose-Headers), or download the file and open it from disk.',
  );
}
