import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import type { Server } from 'node:http';
import { request } from 'node:http';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hostName, isAnswered, namesOf } from './host-names.mjs';
import { createStaticServer, listen, serverLimits } from './static-server.mjs';

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
function get(path: string, headers: Record<string, string> = {}, method = 'GET', at = port) {
  return new Promise<{ status: number; headers: Record<string, unknown>; body: string }>((done, fail) => {
    request({ host: '127.0.0.1', port: at, path, headers, method }, (response) => {
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

describe('the names that the server answers to', () => {
  it.each(['localhost', 'LOCALHOST:4173', 'localhost.', '127.0.0.1:80', '[::1]:4173', 'app.localhost:1'])(
    'are those of this machine: %s',
    async (host) => {
      expect((await get('/', { host })).status).toBe(200);
    },
  );

  it.each([
    'evil.example',
    'localhost.evil.example',
    'evil.example:4173',
    '127.0.0.1.nip.io',
    '192.168.1.5:4173',
    '0.0.0.0:4173',
    '[::]:4173',
    'localhost@evil.example',
    'evil.example/localhost',
    'evillocalhost',
    '.localhost',
  ])('are no others, for any method: %s', async (host) => {
    for (const method of ['GET', 'HEAD', 'PUT', 'OPTIONS']) {
      const { status, body, headers } = await get('/', { host }, method);
      expect(status).toBe(421);
      expect(body).not.toContain('app</p>');
      expect(headers).not.toHaveProperty('allow');
    }
  });

  it('are said with what adds one', async () => {
    const { body } = await get('/', { host: 'Slides.Example.org:4173' });
    expect(body).toBe(
      'This server answers to localhost only, not to slides.example.org. To allow this name, start it with --allow-host slides.example.org.\n',
    );
  });

  it('include those that were added, and the address that it listens on', async () => {
    const names = namesOf('192.168.1.5', [hostName('Slides.Example.org:8443') ?? '']);
    const other = createStaticServer({ folder: join(folder, 'dist'), names });
    const at = await listen(other, 0, 1);
    for (const host of ['slides.example.org', 'slides.example.org.:4173', '192.168.1.5:1', 'localhost']) {
      expect((await get('/', { host }, 'GET', at)).status).toBe(200);
    }
    expect((await get('/', { host: 'a.slides.example.org' }, 'GET', at)).status).toBe(421);
    other.closeAllConnections();
    other.close();
  });

  it('are compared as browsers write them', () => {
    expect(['::1', '[::1]:80', 'Ex.org.', 'a b', '', '[::1', 'a/b', 'ex.org:x'].map(hostName)).toEqual([
      '[::1]',
      '[::1]',
      'ex.org',
      ...Array.from({ length: 5 }, () => null),
    ]);
    expect(namesOf('0.0.0.0', [])).toEqual([]);
    expect(namesOf('::', [])).toEqual([]);
    expect(isAnswered(undefined, [])).toBe(false);
  });

  it('are also those of the target, where a request has one with a host', async () => {
    expect((await get('http://evil.example/', { host: 'localhost' })).status).toBe(400);
  });
});

// Links need a right of their own on Windows.
describe.skipIf(process.platform === 'win32')('symbolic links', () => {
  const ports = { ignored: 0, followed: 0 };
  const servers: Server[] = [];
  const places = ['/inside.svs', '/outside.txt', '/folder/secret.txt', '/loop', '/broken', '/indexed/'];

  beforeAll(async () => {
    const dist = join(folder, 'dist');
    mkdirSync(join(dist, 'indexed'));
    symlinkSync('slide.svs', join(dist, 'inside.svs'));
    symlinkSync(join(folder, 'secret.txt'), join(dist, 'outside.txt'));
    symlinkSync(folder, join(dist, 'folder'));
    symlinkSync('loop', join(dist, 'loop'));
    symlinkSync('nothing', join(dist, 'broken'));
    symlinkSync(join(folder, 'secret.txt'), join(dist, 'indexed', 'index.html'));
    // The served folder itself may be a link: the user named it.
    symlinkSync(dist, join(folder, 'linked-dist'));
    for (const followLinks of [false, true]) {
      const one = createStaticServer({ folder: join(folder, 'linked-dist'), followLinks });
      ports[followLinks ? 'followed' : 'ignored'] = await listen(one, 0, 1);
      servers.push(one);
    }
  });

  afterAll(() => {
    for (const one of servers) {
      one.closeAllConnections();
      one.close();
    }
  });

  it('are not followed, and the answer says how to', async () => {
    for (const path of places) {
      const { status, body } = await get(path, {}, 'GET', ports.ignored);
      expect([path, status]).toEqual([path, 403]);
      expect(body).toContain('--follow-links');
    }
    expect((await get('/slide.svs', {}, 'GET', ports.ignored)).body).toBe('0123456789');
  });

  it('are followed on request, within the served folder only', async () => {
    const answers = await Promise.all(places.map((path) => get(path, {}, 'GET', ports.followed)));
    expect(answers.map(({ status }) => status)).toEqual([200, 403, 403, 403, 403, 403]);
    expect(answers[0]?.body).toBe('0123456789');
    for (const { body } of answers) expect(body).not.toBe('secret');
    const ranged = await get('/inside.svs', { range: 'bytes=2-4' }, 'GET', ports.followed);
    expect([ranged.status, ranged.body]).toEqual([206, '234']);
  });

  it('serves names that need escaping', async () => {
    for (const [name, path] of [
      ['a b#1?.svs', '/a%20b%231%3F.svs'],
      ['100%25.svs', '/100%2525.svs'],
      ['größe.svs', '/gr%C3%B6%C3%9Fe.svs'],
      ['back\\slash.svs', '/back%5Cslash.svs'],
    ] as const) {
      writeFileSync(join(folder, 'dist', name), name);
      expect((await get(path)).body).toBe(name);
    }
    expect((await get('/a%00b')).status).toBe(400);
    expect((await get('/%E0%A4%A')).status).toBe(400);
  });
});

describe('slow clients', () => {
  /** A client that sends `text` and then nothing, and when its connection ended. */
  function slow(at: number, text: string): { readonly socket: Socket; readonly closed: Promise<number> } {
    const began = performance.now();
    const socket = connect(at, '127.0.0.1');
    const closed = new Promise<number>((done) => {
      socket.on('close', () => {
        done(performance.now() - began);
      });
    });
    socket.on('error', () => undefined);
    socket.on('data', () => undefined);
    socket.write(text);
    return { socket, closed };
  }

  it('neither hold up others nor stay', async () => {
    const limits = { ...serverLimits, headersMs: 700, requestMs: 700, idleMs: 1_500 };
    const other = createStaticServer({ folder: join(folder, 'dist'), limits });
    const at = await listen(other, 0, 1);
    const unfinished = Array.from({ length: 200 }, () => slow(at, 'GET / HTTP/1.1\r\nHost: localhost\r\nX-'));
    const silent = Array.from({ length: 50 }, () => slow(at, ''));
    const began = performance.now();
    expect((await get('/slide.svs', {}, 'GET', at)).body).toBe('0123456789');
    expect(performance.now() - began).toBeLessThan(600);
    const times = await Promise.all([...unfinished, ...silent].map(({ closed }) => closed));
    expect(Math.max(...times)).toBeLessThan(20_000);
    expect((await get('/', {}, 'GET', at)).status).toBe(200);
    other.closeAllConnections();
    other.close();
  });

  it('that read nothing are cut off', async () => {
    writeFileSync(join(folder, 'dist', 'large.svs'), new Uint8Array(32 * 1024 * 1024));
    const limits = { ...serverLimits, idleMs: 500 };
    const other = createStaticServer({ folder: join(folder, 'dist'), limits });
    const at = await listen(other, 0, 1);
    const { socket } = slow(at, 'GET /large.svs HTTP/1.1\r\nHost: localhost\r\n\r\n');
    socket.pause();
    const count = (): Promise<number> =>
      new Promise((done) => {
        other.getConnections((_error, connections) => {
          done(connections);
        });
      });
    await expect.poll(count, { timeout: 5_000 }).toBe(1);
    await expect.poll(count, { timeout: 20_000 }).toBe(0);
    socket.destroy();
    other.close();
  });

  it('that send endless headers are refused', async () => {
    const long = await get('/', { 'x-long': 'a'.repeat(20_000) }).catch(() => ({ status: 431 }));
    expect(long.status).toBe(431);
  });
});
