/**
 * The npm package, unpacked into an empty folder: the program starts, reads a slide, segments it and serves the app.
 * Dependencies are linked from this checkout, so nothing is downloaded. The app itself is not built here (`npm run package`
 * does that); a page of one line takes its place.
 */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { buildCli } from './build-cli.mjs';

const root = resolve(import.meta.dirname, '..');
const folder = mkdtempSync(join(tmpdir(), 'dualscope-package-'));
const installed = join(folder, 'node_modules', 'dualscope');
const demo = join(installed, 'public', 'slides', 'CMU-1-Small-Region.svs');
let tarballBytes = 0;

beforeAll(async () => {
  // Packed from a copy: the checkout's build folder also holds chunks of earlier builds.
  const source = join(folder, 'source');
  const { files } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { files: string[] };
  const copied = files.filter((path) => !path.startsWith('!') && !path.startsWith('build/'));
  for (const path of ['package.json', 'LICENSE', 'README.md', ...copied]) {
    cpSync(join(root, path), join(source, path), { recursive: true });
  }
  await buildCli(root, join(source, 'build', 'cli'));
  // On Windows npm is a batch file, which only a shell starts.
  const words = ['pack', '--ignore-scripts', '--silent', '--pack-destination', folder];
  execFileSync('npm', words, { cwd: source, shell: process.platform === 'win32', stdio: 'ignore' });
  const tarball = readdirSync(folder).find((name) => name.endsWith('.tgz')) ?? '';
  tarballBytes = statSync(join(folder, tarball)).size;
  mkdirSync(installed, { recursive: true });
  execFileSync('tar', ['-xzf', tarball, '-C', join('node_modules', 'dualscope'), '--strip-components=1'], {
    cwd: folder,
  });
  symlinkSync(join(root, 'node_modules'), join(installed, 'node_modules'), 'junction');
  mkdirSync(join(installed, 'build', 'page'), { recursive: true });
  writeFileSync(join(installed, 'build', 'page', 'index.html'), '<p>app</p>');
});

afterAll(() => {
  rmSync(folder, { recursive: true });
});

/** Runs the installed program in the empty folder. */
function dualscope(...words: string[]): { status: number | null; output: string; errors: string } {
  const program = join(installed, 'bin', 'dualscope.mjs');
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...words], {
    cwd: folder,
    encoding: 'utf8',
  });
  return { status, output: stdout, errors: stderr };
}

it('ships the built program, some models and the demo slides, but neither sources nor tests', () => {
  for (const path of ['LICENSE', 'README.md', 'build/cli/main.js', 'build/cli/reader.js']) {
    expect(existsSync(join(installed, path)), path).toBe(true);
  }
  for (const path of ['src', 'scripts', 'e2e', 'docs', 'build/page/slides']) {
    expect(existsSync(join(installed, path)), path).toBe(false);
  }
  expect(readdirSync(join(installed, 'models')).toSorted()).toEqual([
    'nano-add',
    'nano-aligned',
    'nano-attention',
    'nano-single',
  ]);
  expect(tarballBytes).toBeLessThan(20e6);
});

it('lists its commands and its version', () => {
  const { status, output } = dualscope('--help');
  expect(status).toBe(0);
  expect(output).toMatch(/^ {2}segment /m);
  expect(dualscope('--version').output).toMatch(/^\d+\.\d+\.\d+\n$/);
});

it('loads only the command line parser for its help', () => {
  const loaded = spawnSync(process.execPath, [join(installed, 'bin', 'dualscope.mjs'), '--help'], {
    cwd: folder,
    encoding: 'utf8',
    env: { ...process.env, NODE_DEBUG: 'esm' },
  });
  const bytes = [...new Set(loaded.stderr.match(/build\/cli\/[\w-]+\.js/g))].map(
    (path) => statSync(join(installed, path)).size,
  );
  expect(bytes.length).toBeGreaterThan(0);
  expect(bytes.reduce((sum, each) => sum + each, 0)).toBeLessThan(250_000);
});

it('reads a slide', () => {
  const { status, output, errors } = dualscope('slide', demo, '--json');
  expect(status, errors).toBe(0);
  expect(JSON.parse(output)).toMatchObject({ width: 2220, height: 2967 });
});

it('segments a slide with a model that it brings', () => {
  const area = ['--roi', '0,0,400,400', '--glass', 'include'];
  const { status, output, errors } = dualscope(
    'segment',
    demo,
    '--model',
    'nano-single',
    ...area,
    '--out',
    'maps',
    '--json',
  );
  expect(status, errors).toBe(0);
  expect((JSON.parse(output) as { slices: number }).slices).toBeGreaterThan(0);
  expect(existsSync(join(folder, 'maps', 'CMU-1-Small-Region.nano-single.classes.tif'))).toBe(true);
});

it('serves the app with its models and slides', async () => {
  const words = [join(installed, 'bin', 'dualscope.mjs'), 'serve', '--port', '0'];
  const server = spawn(process.execPath, words, { cwd: folder, stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    const url = await new Promise<string>((found, failed) => {
      server.stdout.on('data', (text) => {
        const [address] = /http:\S+/.exec(String(text)) ?? [];
        if (address !== undefined) found(address);
      });
      server.once('exit', () => {
        failed(new Error('The server ended.'));
      });
    });
    const status = async (path: string): Promise<number> => (await fetch(new URL(path, url))).status;
    expect(await (await fetch(url)).text()).toBe('<p>app</p>');
    expect(await status('models/nano-single/manifest.json')).toBe(200);
    expect(await status('slides/index.json')).toBe(200);
    expect(await status('models/../package.json')).toBe(404);
  } finally {
    server.kill();
  }
});
