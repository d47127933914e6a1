import { createServer, type IncomingMessage, type Server } from 'node:http';
import { readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { openUrl, tokenVariable } from './open-url.ts';

const svs = readFileSync(join(import.meta.dirname, '../../public/slides/CMU-1-Small-Region.svs'));
const token = 'right';
let server: Server;
let url: string;
const asked: IncomingMessage['headers'][] = [];

beforeAll(async () => {
  server = createServer(({ headers, url: path }, response) => {
    asked.push(headers);
    if (path === '/free.svs' || headers.authorization === `Bearer ${token}`) {
      const [from, to] = /(\d+)-(\d+)/
        .exec(headers.range ?? '')!
        .slice(1)
        .map(Number) as [number, number];
      const bytes = svs.subarray(from, to + 1);
      const range = `bytes ${from}-${from + bytes.length - 1}/${svs.length}`;
      response.writeHead(206, { 'Content-Range': range }).end(bytes);
    } else {
      response.writeHead(401, { 'WWW-Authenticate': 'Bearer' }).end();
    }
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => server.close());
afterEach(() => {
  delete process.env[tokenVariable];
  asked.length = 0;
});

test('without a token, the command says where it takes one from', async () => {
  await expect(openUrl(`${url}/a.svs`)).rejects.toMatchObject({
    problem: `${url} asks for a bearer token (status 401).`,
    remedy: `Set ${tokenVariable} to a token.`,
  });
});

test('the token of the environment goes to a server that asks, and to no other', async () => {
  process.env[tokenVariable] = token;
  (await openUrl(`${url}/free.svs`)).close();
  expect(asked.every(({ authorization }) => authorization === undefined)).toBe(true);
  const slide = await openUrl(`${url}/a.svs`);
  expect(slide.metadata.width).toBe(2220);
  slide.close();
});

test('a refused token, and what is none', async () => {
  process.env[tokenVariable] = 'old';
  await expect(openUrl(`${url}/a.svs`)).rejects.toMatchObject({
    problem: `${url} refused the bearer token (status 401).`,
    remedy: `Set ${tokenVariable} to a new token.`,
  });
  process.env[tokenVariable] = 'two words';
  await expect(openUrl(`${url}/a.svs`)).rejects.toThrow(`${tokenVariable} holds no bearer token.`);
});
