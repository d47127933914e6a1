import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { Server } from 'node:http';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createStaticServer, listen } from './static-server.mjs';

let folder = '';
let server: Server;
let port = 0;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'dualscope-server-'));
  mkdirSync(join(folder, 'dist', 'empty'), { recursive: true });
  writeFileSync(join(folder, 'secret.txt'), 'secret');
  writeFileSync(join(folder, 'dist', 'index.html'), '<p>app</p>');
  writeFileSync(join(folder, 'dist', 'slide.svs'), '0123456789');
  server = createStaticServer({ folder: join(folder, 'dist'), slideOrigins: ['https://slides.example.org'] });
  port = await listen(server, 0, 1);
});

afterAll(() => {
  server.closeAllConnections();
  server.close();
  rmSync(folder, { recursive: true });
});

/** Sends the path unchanged; `fetch` would resolve `..` before the server sees it. */
function get(path: string, headers: Record<string, string> = {}, method = 'GET') {
  return new Promise<{ status: number; headers: Record<string, unknown>; body: string }>((done, fail) => {
    request({ host: '127.0.0.1', port, path, headers, method }, (response) => {
      let body = '';
      response.setEncoding('utf8');
      response.on('data', (text: string) => (body += text));
      response.on('end', () => {
        done({ status: response.statusCode ?? 0, headers: response.headers, body });
      });
    })
      .on('error', fail)
      .end();
  });
}

describe('the static server', () => {
  it('isolates the page and restricts requests to its origin', async () => {
    const { status, headers, body } = await get('/');
    expect(status).toBe(200);
    expect(body).toBe('<p>app</p>');
    expect(headers['cross-origin-opener-policy']).toBe('same-origin');
    expect(headers['cross-origin-embedder-policy']).toBe('require-corp');
    const policy = String(headers['content-security-policy']);
    expect(policy).toContain("default-src 'self'");
    expect(policy).toContain("connect-src 'self' blob: data: https://slides.example.org;");
    expect(policy).not.toContain('unsafe-eval;');
  });

  it.each([
    ['bytes=2-4', 206, '234', 'bytes 2-4/10'],
    ['bytes=0-0', 206, '0', 'bytes 0-0/10'],
    ['bytes=-3', 206, '789', 'bytes 7-9/10'],
    ['bytes=8-', 206, '89', 'bytes 8-9/10'],
  ])('answers %s', async (range, status, body, contentRange) => {
    const answer = await get('/slide.svs', { range });
    expect(answer.status).toBe(status);
    expect(answer.body).toBe(body);
    expect(answer.headers['content-range']).toBe(contentRange);
  });

  it('refuses a range past the end and says how long the file is', async () => {
    const answer = await get('/slide.svs', { range: 'bytes=10-20' });
    expect(answer.status).toBe(416);
    expect(answer.headers['content-range']).toBe('bytes */10');
  });

  it.each(['/../secret.txt', '/..%2fsecret.txt', '/%2e%2e/secret.txt', '/empty/..%5c..%5csecret.txt'])(
    'does not serve files outside its folder: %s',
    async (path) => {
      const answer = await get(path);
      expect(answer.status).toBeGreaterThanOrEqual(400);
      expect(answer.body).not.toContain('secret');
    },
  );

  it('serves files only, and only to GET and HEAD', async () => {
    expect((await get('/empty')).status).toBe(404);
    expect((await get('/nothing')).status).toBe(404);
    expect((await get('/slide.svs', {}, 'PUT')).status).toBe(405);
  });

  it('tries the next port if one is taken', async () => {
    const second = createStaticServer({ folder });
    const used = await listen(second, port, 20);
    expect(used).toBeGreaterThan(port);
    second.close();
    await expect(listen(createStaticServer({ folder }), port, 1)).rejects.toThrow('EADDRINUSE');
  });
});
