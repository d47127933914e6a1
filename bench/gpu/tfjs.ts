/** The same models on TF.js's WebGPU backend, in Chromium. */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join, resolve, sep } from 'node:path';
import type { Figures, Surroundings, TfjsJob } from './job.ts';

export async function measureTfjs(job: TfjsJob, { models }: Surroundings): Promise<Figures> {
  const chromium = findChromium();
  if (chromium === null) return { skipped: 'No Chromium found; DUALSCOPE_CHROMIUM names one.' };
  const script = await pageScript();
  const profile = await mkdtemp(join(tmpdir(), 'dualscope-chromium-'));
  let answer: (figures: Figures) => void = () => undefined;
  const answered = new Promise<Figures>((settle) => (answer = settle));
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost');
    if (request.method === 'POST') {
      let text = '';
      request.on('data', (part: Buffer) => (text += part.toString()));
      request.on('end', () => {
        response.end();
        answer(JSON.parse(text) as Figures);
      });
      return;
    }
    if (pathname === '/') {
      response.setHeader('content-type', 'text/html; charset=utf-8');
      response.end('<!doctype html><script type="module" src="page.js"></script>');
      return;
    }
    if (pathname === '/page.js') {
      response.setHeader('content-type', 'text/javascript; charset=utf-8');
      response.end(script);
      return;
    }
    const file = resolve(models, `.${decodeURIComponent(pathname)}`);
    if (!file.startsWith(resolve(models) + sep)) {
      response.writeHead(404).end();
      return;
    }
    readFile(file).then(
      (data) => response.end(data),
      () => response.writeHead(404).end(),
    );
  });
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  const { port } = server.address() as AddressInfo;
  const query = new URLSearchParams({ model: job.model, seconds: String(job.seconds) });
  const browser = spawn(
    chromium,
    [
      '--headless=new',
      '--no-sandbox',
      '--enable-unsafe-webgpu',
      '--enable-features=Vulkan',
      '--disable-background-networking',
      '--disable-component-update',
      `--user-data-dir=${profile}`,
      `http://127.0.0.1:${String(port)}/?${query.toString()}`,
    ],
    { stdio: 'ignore' },
  );
  try {
    const ended = new Promise<Figures>((settle) => {
      browser.once('exit', (code) => {
        settle({ error: `Chromium ended with code ${String(code)}.` });
      });
      browser.once('error', (error) => {
        settle({ error: error.message });
      });
    });
    return await Promise.race([answered, ended]);
  } finally {
    browser.kill('SIGKILL');
    server.close();
    server.closeAllConnections();
    await rm(profile, { recursive: true, force: true }).catch(() => undefined);
  }
}

function findChromium(): string | null {
  const named = process.env.DUALSCOPE_CHROMIUM;
  if (named !== undefined && named !== '') return named;
  const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];
  const folders = (process.env.PATH ?? '').split(delimiter);
  const candidates = folders.flatMap((folder) => names.map((name) => join(folder, name)));
  return candidates.find((path) => existsSync(path)) ?? null;
}

/** The page's program: packed next to this one, else bundled now. */
async function pageScript(): Promise<string> {
  const packed = join(import.meta.dirname, 'page.js');
  if (existsSync(packed)) return readFile(packed, 'utf8');
  const { build } = await import('esbuild');
  const { outputFiles } = await build({
    entryPoints: [join(import.meta.dirname, 'page.ts')],
    bundle: true,
    format: 'esm',
    mainFields: ['module', 'main'],
    write: false,
    logLevel: 'silent',
  });
  return outputFiles[0]?.text ?? '';
}
