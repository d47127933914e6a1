import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parseBearerToken, signedFetch } from './bearer-token.ts';
import { nodePlatform } from './node-platform.node.ts';
import { openSlideUrl } from './open-slide-url.ts';
import type { Slide } from './slide.ts';

const token = 'eyJhbGci.eyJzdWIi-_~+/Q==';
const svs = readFileSync(join(import.meta.dirname, '../../public/slides/CMU-1-Small-Region.svs'));

interface Asked {
  readonly url: string;
  readonly authorization: string | null;
  readonly redirect: RequestRedirect | undefined;
}

/** A server that wants `token`, as a `fetch`. */
function guarded(answer: (path: string, range: string | null) => Response, challenge = 'Bearer') {
  const asked: Asked[] = [];
  const http: typeof fetch = (input, init) => {
    const url = input instanceof Request ? input.url : String(input);
    const headers = new Headers(init?.headers);
    const authorization = headers.get('authorization');
    asked.push({ url, authorization, redirect: init?.redirect });
    if (authorization === `Bearer ${token}`) {
      return Promise.resolve(answer(new URL(url).pathname, headers.get('range')));
    }
    const error = authorization === null ? '' : ' error="invalid_token"';
    return Promise.resolve(
      new Response('', { status: 401, headers: { 'WWW-Authenticate': challenge + error } }),
    );
  };
  return { http, asked };
}

const quick = { retryDelayMs: 1 };
const open = (url: string, http: typeof fetch, given: string | null): Promise<Slide> =>
  openSlideUrl(url, nodePlatform(), { ...quick, fetch: http, token: given });

function part(range: string | null): Response {
  const [from, to] = /(\d+)-(\d+)/
    .exec(range ?? '')!
    .slice(1)
    .map(Number) as [number, number];
  const bytes = svs.subarray(from, to + 1);
  return new Response(new Uint8Array(bytes), {
    status: 206,
    headers: { 'Content-Range': `bytes ${from}-${from + bytes.length - 1}/${svs.length}` },
  });
}

const tileServers = {
  'https://h.example/a.dzi': `<Image TileSize="254" Overlap="0" Format="png"><Size Width="100" Height="100"/></Image>`,
  'https://h.example/zoom/ImageProperties.xml': `<IMAGE_PROPERTIES WIDTH="100" HEIGHT="100" NUMTILES="1" TILESIZE="256"/>`,
  'https://h.example/iiif/info.json': `{"@context":"http://iiif.io/api/image/3/context.json","id":"https://h.example/iiif","width":100,"height":100}`,
};

test.each([
  ['abc', 'abc'],
  [`  Bearer ${token}\n`, token],
  [`Authorization: bearer ${token}`, token],
  ['two words', null],
  ['naïve', null],
  ['a\r\nX-Other: b', null],
  ['', null],
  ['a'.repeat(8193), null],
])('the token in %j', (text, expected) => {
  expect(parseBearerToken(text)).toBe(expected);
});

test('a file behind a token is asked for once, opens with the token, and no other way', async () => {
  const url = 'https://h.example/a.svs';
  const { http, asked } = guarded((_path, range) => part(range));
  await expect(open(url, http, null)).rejects.toMatchObject({
    code: 'sign-in',
    file: 'a.svs',
    problem: 'https://h.example asks for a bearer token (status 401).',
  });
  expect(asked).toHaveLength(1);
  const wrong = await open(url, http, 'wrong').catch((error: unknown) => error);
  expect(wrong).toMatchObject({
    code: 'sign-in',
    problem: 'https://h.example refused the bearer token (status 401): it is wrong, expired or revoked.',
  });
  expect(JSON.stringify(wrong) + String(wrong)).not.toContain('Bearer wrong');
  const slide = await open(url, http, token);
  expect(slide.metadata).toMatchObject({ width: 2220, format: 'aperio-svs' });
  expect(JSON.stringify(slide.metadata)).not.toContain(token);
  for (const one of asked.slice(2)) {
    expect(one).toEqual({ url, authorization: `Bearer ${token}`, redirect: 'error' });
  }
});

test.each([...Object.keys(tileServers), 'https://h.example/studies/1/series/2', 'https://h.example/a.zarr'])(
  '%s asks for a token, too',
  async (url) => {
    const { http, asked } = guarded(() => new Response('', { status: 404 }));
    await expect(open(url, http, null)).rejects.toMatchObject({ code: 'sign-in' });
    expect(asked).toHaveLength(1);
    await expect(open(url, http, token)).rejects.toMatchObject({
      code: expect.not.stringMatching('sign-in') as string,
    });
  },
);

test('a token goes to the origin of the slide only', async () => {
  const sent: (string | null)[] = [];
  const http = signedFetch(
    (_input, init) => {
      sent.push(new Headers(init?.headers).get('authorization'));
      return Promise.resolve(new Response('', { status: 200 }));
    },
    { url: 'https://h.example/a.dzi', name: 'a.dzi', token },
  );
  const addresses = [
    'https://h.example/a_files/0/0_0.png',
    'https://h.example.evil.example/a',
    'http://h.example/a',
    'https://h.example:8443/a',
    'https://h.example@evil.example/a',
  ];
  for (const address of addresses) await http(address);
  expect(sent).toEqual([`Bearer ${token}`, null, null, null, null]);
});

test('descriptions that are free do not hide that the tiles are not', async () => {
  const url = 'https://h.example/a.dzi';
  const { http } = guarded(() => new Response('', { status: 404 }));
  const free: typeof fetch = (input, init) =>
    input === url ? Promise.resolve(new Response(tileServers[url])) : http(input, init);
  await expect(open(url, free, null)).rejects.toMatchObject({ code: 'sign-in' });
});

test.each([
  [401, 'Basic realm="images"', 'not-found', /does not have \(Basic, status 401\)/],
  [401, 'Basic, Bearer', 'sign-in', /asks for a bearer token/],
  [403, 'Bearer error="insufficient_scope"', 'sign-in', /asks for a bearer token \(status 403\)/],
  [403, null, 'not-found', /denied access/],
] as const)('status %i with %j', async (status, challenge, code, problem) => {
  const http: typeof fetch = () =>
    Promise.resolve(
      new Response('', { status, headers: challenge === null ? {} : { 'WWW-Authenticate': challenge } }),
    );
  await expect(open('https://h.example/a.svs', http, null)).rejects.toMatchObject({
    code,
    problem: expect.stringMatching(problem) as string,
  });
});
