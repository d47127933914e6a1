/**
 * Range requests to a Node server that resets, stalls, is busy or lacks range support, as real servers do.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import { afterEach, describe, expect, it } from 'vitest';
import { urlByteSource } from './url-byte-source.ts';

const file = Buffer.from(Uint8Array.from({ length: 400_000 }, (_value, i) => (i * 31 + (i >> 8)) & 255));
let server: Server | null = null;

afterEach(async () => {
  server?.closeAllConnections();
  server?.close();
  if (server !== null) await once(server, 'close');
  server = null;
});

interface Asked {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly from: number;
  readonly to: number;
  /** Counted from 1. */
  readonly call: number;
}

/** Starts a server. @param answer returns true if it has answered; otherwise the server sends the range. */
async function serve(answer: (asked: Asked) => boolean): Promise<{ url: string; ranges: string[] }> {
  const ranges: string[] = [];
  server = createServer((request, response) => {
    ranges.push(request.headers.range ?? '');
    const [, from, last] = /bytes=(\d+)-(\d+)/.exec(request.headers.range ?? '') ?? [];
    const to = Math.min(Number(last) + 1, file.length);
    const asked = { request, response, from: Number(from), to, call: ranges.length };
    if (!answer(asked)) sendRange(asked);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/slide.svs?key=secret`, ranges };
}

function sendRange({ response, from, to }: Asked, bytes = to - from): void {
  response.writeHead(206, {
    'Content-Range': `bytes ${from}-${to - 1}/${file.length}`,
    'Content-Length': to - from,
    ETag: '"1"',
  });
  if (bytes === to - from) response.end(file.subarray(from, to));
  // Written and flushed, then the connection is cut.
  else
    response.write(file.subarray(from, from + bytes), () => setImmediate(() => response.socket?.destroy()));
}

function status(response: ServerResponse, code: number, headers: Record<string, string> = {}): true {
  response.writeHead(code, headers).end('no');
  return true;
}

const quick = { retries: 3, retryDelayMs: 2 };
const source = (url: string, options = {}) => urlByteSource(url, { ...quick, ...options });

describe('a broken connection', () => {
  it('resumes where it broke, as often as needed while bytes arrive', async () => {
    const { url, ranges } = await serve((asked) => {
      if (asked.from < 65_536) return false;
      const { from, to } = asked;
      if (to - from > 20_000) sendRange(asked, 20_000);
      return to - from > 20_000;
    });
    const bytes = await (await source(url, { retries: 1 })).read(100_000, 200_000);
    expect(file.subarray(100_000, 300_000).equals(bytes)).toBe(true);
    // Never from the start again.
    const starts = ranges.map((range) => Number(/=(\d+)-/.exec(range)?.[1]));
    expect(starts).toEqual([...starts].sort((a, b) => a - b));
    expect(ranges.every((range) => range.endsWith('-65535') || range.endsWith('-299999'))).toBe(true);
    expect(ranges.length).toBeGreaterThan(9);
  });

  it('gives up in the end, with address, number of tries and remedy, but without the key', async () => {
    const { url, ranges } = await serve((asked) => {
      if (asked.from < 65_536) return false;
      asked.response.socket?.destroy();
      return true;
    });
    const open = await source(url);
    const failure = open.read(100_000, 10);
    await expect(failure).rejects.toMatchObject({ code: 'network', file: 'slide.svs' });
    await expect(failure).rejects.toThrow(
      /^slide\.svs: http:\/\/127\.0\.0\.1:\d+\/slide\.svs cannot be reached, or the connection broke \([A-Z_]+\); tried 4 times\. Check the connection/,
    );
    expect(ranges.length).toBe(5);
  });

  it('counts as broken when no byte arrives for a long time', async () => {
    const { url } = await serve((asked) => {
      if (asked.call !== 2) return false;
      asked.response.writeHead(206, {
        'Content-Range': `bytes ${asked.from}-${asked.to - 1}/${file.length}`,
      });
      asked.response.flushHeaders();
      return true;
    });
    const bytes = await (await source(url, { idleMs: 300 })).read(100_000, 10);
    expect(file.subarray(100_000, 100_010).equals(bytes)).toBe(true);
  });

  it('is not retried once the reader has left', async () => {
    const { url, ranges } = await serve((asked) => asked.from >= 65_536 && status(asked.response, 503));
    const open = await source(url, { retryDelayMs: 3_600_000, longestDelayMs: 3_600_000 });
    const controller = new AbortController();
    const reading = open.read(100_000, 10, controller.signal);
    while (ranges.length < 2) await new Promise((go) => setImmediate(go));
    controller.abort();
    await expect(reading).rejects.toMatchObject({ name: 'AbortError' });
    expect(ranges.length).toBe(2);
  });
});

describe('a server', () => {
  it('retries a server that is busy for a while', async () => {
    const { url, ranges } = await serve(
      ({ response, call }) => call <= 3 && status(response, 503, call === 2 ? { 'Retry-After': '0' } : {}),
    );
    expect((await source(url)).size).toBe(400_000);
    expect(ranges.length).toBe(4);
  });

  it('gives up at once on a server that asks for too long a pause', async () => {
    const { url, ranges } = await serve(({ response }) => status(response, 429, { 'Retry-After': '3600' }));
    await expect(source(url)).rejects.toThrow(
      /answered with status 429 \(http:.*slide\.svs\); tried once; the server asked to wait 3600 s\. Try again later/,
    );
    expect(ranges.length).toBe(1);
  });

  it.each([
    [404, 'not-found'],
    [403, 'not-found'],
    [501, 'network'],
  ])('asks a server that answers %i only once', async (code, expected) => {
    const { url, ranges } = await serve(({ response }) => status(response, code));
    await expect(source(url)).rejects.toMatchObject({ code: expected });
    expect(ranges.length).toBe(1);
  });

  it('recognises a server without range support by its first answer', async () => {
    const { url, ranges } = await serve(({ response }) => status(response, 200));
    await expect(source(url)).rejects.toThrow(
      /ignores range requests and sends only whole files \(http:.*slide\.svs\)\. Use a server with range support/,
    );
    expect(ranges.length).toBe(1);
  });

  it('names an address where nothing is found', async () => {
    const { url } = await serve(() => false);
    server?.close();
    server = null;
    await expect(source(url)).rejects.toThrow(
      /slide\.svs cannot be reached.*\(ECONNREFUSED\); tried 4 times/,
    );
  });

  it('notices a file that changes between requests', async () => {
    const { url } = await serve((asked) => {
      if (asked.call === 1) return false;
      asked.response.setHeader('ETag', '"2"');
      asked.response.writeHead(206, {
        'Content-Range': `bytes ${asked.from}-${asked.to - 1}/${file.length}`,
      });
      asked.response.end(file.subarray(asked.from, asked.to));
      return true;
    });
    await expect((await source(url)).read(100_000, 10)).rejects.toThrow('The file changed on the server.');
  });
});
