import { describe, expect, test } from 'vitest';
import { urlByteSource } from './url-byte-source.ts';
import { urlName, redactedUrl } from './range-client.ts';

const file = Uint8Array.from({ length: 200_000 }, (_, i) => i % 251);

/** A server of one file, as a `fetch`; `change` modifies its answers. */
function server(change: (response: Response, call: number) => Response | Error = (r) => r): {
  fetch: typeof fetch;
  ranges: string[];
} {
  const ranges: string[] = [];
  return {
    ranges,
    fetch: (_input, init) => {
      const range = new Headers(init?.headers).get('range') ?? '';
      ranges.push(range);
      const [, from, to] = /bytes=(\d+)-(\d+)/.exec(range) ?? [];
      const part = file.slice(Number(from), Math.min(Number(to) + 1, file.length));
      const answer = change(
        new Response(part, {
          status: 206,
          headers: {
            'Content-Range': `bytes ${from}-${Number(from) + part.length - 1}/${file.length}`,
            ETag: '"1"',
          },
        }),
        ranges.length,
      );
      return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
    },
  };
}

const url = 'https://slides.example/a%20slide.svs?key=1';
const quick = { retryDelayMs: 1 };

describe('urlByteSource', () => {
  test('reads ranges, knows size and name, and serves the head without another request', async () => {
    const { fetch, ranges } = server();
    const source = await urlByteSource(url, { fetch });
    expect(source).toMatchObject({ name: 'a slide.svs', size: 200_000 });
    expect(await source.read(10, 5)).toEqual(file.slice(10, 15));
    expect(ranges).toHaveLength(1);
    expect(await source.read(199_990, 100)).toEqual(file.slice(199_990));
    expect(ranges[1]).toBe('bytes=199990-199999');
  });

  test.each([
    [404, 'not-found'],
    [403, 'not-found'],
    [500, 'network'],
    [418, 'network'],
  ])('status %i is %s', async (status, code) => {
    const { fetch } = server(() => new Response('no', { status }));
    await expect(urlByteSource(url, { fetch, ...quick })).rejects.toMatchObject({
      code,
      file: 'a slide.svs',
    });
  });

  test('rejects a server that sends the whole file', async () => {
    const { fetch } = server(() => new Response(file, { status: 200 }));
    await expect(urlByteSource(url, { fetch })).rejects.toMatchObject({ code: 'no-range' });
  });

  test('treats a web page in place of the slide as a missing slide', async () => {
    const page = (): Response =>
      new Response('<html>', { status: 200, headers: { 'Content-Type': 'text/html' } });
    await expect(urlByteSource(url, { fetch: server(page).fetch })).rejects.toMatchObject({
      code: 'not-found',
    });
  });

  test('retries when the connection or the server fails briefly', async () => {
    const { fetch, ranges } = server((response, call) =>
      call === 1 ? new TypeError('failed') : call === 2 ? new Response('busy', { status: 503 }) : response,
    );
    const source = await urlByteSource(url, { fetch, ...quick });
    expect(source.size).toBe(200_000);
    expect(ranges).toHaveLength(3);
  });

  test('gives up after the last try', async () => {
    const { fetch, ranges } = server(() => new TypeError('failed'));
    await expect(urlByteSource(url, { fetch, ...quick, retries: 2 })).rejects.toMatchObject({
      code: 'network',
    });
    expect(ranges).toHaveLength(3);
  });

  test('notices that the file changed on the server', async () => {
    const { fetch } = server((response, call) => {
      if (call > 1) response.headers.set('ETag', '"2"');
      return response;
    });
    const source = await urlByteSource(url, { fetch });
    await expect(source.read(150_000, 10)).rejects.toMatchObject({ code: 'network' });
  });

  test('stops when aborted', async () => {
    const source = await urlByteSource(url, { fetch: server().fetch });
    await expect(source.read(150_000, 10, AbortSignal.abort())).rejects.toMatchObject({ name: 'AbortError' });
  });

  test('names a URL by the last part of its path', () => {
    expect(urlName('https://a.example/b/c.svs#x')).toBe('c.svs');
    expect(urlName('https://a.example/%E0%A4%A')).toBe('%E0%A4%A');
    expect(urlName('https://a.example/b/case%201/ImageProperties.xml?x=/y')).toBe('case 1');
    expect(urlName('ImageProperties.xml')).toBe('ImageProperties.xml');
    expect(redactedUrl('https://me:secret@a.example/b/c.svs?key=1#x')).toBe('https://a.example/b/c.svs');
  });
});
