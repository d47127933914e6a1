/**
 * Reads the two Containerfiles for the usual mistakes: an image without a version, files that are missing, commands
 * that were never run outside a container, a program that runs as root. npm has no maintained linter for them.
 */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';

const root = resolve(import.meta.dirname, '..');
const containerfiles = [
  { file: 'workflow/Containerfile', steps: 'workflow/container/install.sh' },
  { file: 'container/app/Containerfile', steps: 'container/app/install.sh' },
];

/** The instructions of a Containerfile: the first word of each line, and the rest. */
function instructionsOf(file: string): readonly (readonly [string, string])[] {
  return readFileSync(join(root, file), 'utf8')
    .split('\n')
    .filter((line) => line.trim() !== '' && !line.startsWith('#'))
    .map((line) => {
      const [word = '', ...rest] = line.split(' ');
      return [word, rest.join(' ')];
    });
}

describe.each(containerfiles)('$file', ({ file, steps }) => {
  const instructions = instructionsOf(file);
  const all = (word: string): string[] =>
    instructions.filter(([first]) => first === word).map(([, rest]) => rest);

  it('uses known instructions only', () => {
    for (const [word] of instructions) {
      expect(['FROM', 'WORKDIR', 'COPY', 'RUN', 'ENV', 'USER', 'EXPOSE', 'CMD']).toContain(word);
    }
    expect(instructions[0]?.[0]).toBe('FROM');
  });

  it('starts from Debian, with a fully named registry, pinned by digest, and a version of Node that the program supports', () => {
    const { engines } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
      engines: { node: string };
    };
    for (const image of all('FROM')) {
      const [, node] =
        /^docker\.io\/library\/node:(\d+)-(?:bookworm|trixie)-slim@sha256:[0-9a-f]{64}(?: AS build)?$/.exec(
          image,
        ) ?? [];
      expect(Number(node)).toBeGreaterThanOrEqual(Number(/\d+/.exec(engines.node)![0]));
    }
  });

  it('copies only files that exist and that .dockerignore lets through', () => {
    const letThrough = readFileSync(join(root, '.dockerignore'), 'utf8').split('\n');
    for (const copied of all('COPY').filter((words) => !words.startsWith('--from='))) {
      for (const path of copied.split(' ').slice(0, -1)) {
        expect(existsSync(join(root, path)), path).toBe(true);
        expect(letThrough).toContain(`!${path.split('/')[0]}`);
      }
    }
  });

  it('copies what the program imports', () => {
    const copied = all('COPY').flatMap((words) => words.split(' ').slice(0, -1));
    const needed = ['package.json', 'package-lock.json', 'src', 'models'];
    for (const path of needed) expect(copied).toContain(path);
    for (const script of ['build-cli.mjs', 'host-names.mjs', 'static-server.mjs']) {
      expect(copied.includes('scripts') || copied.includes(`scripts/${script}`), script).toBe(true);
    }
  });

  it('runs only steps of install.sh, and all of them', () => {
    const names = [...readFileSync(join(root, steps), 'utf8').matchAll(/^ {2}([a-z]+)\)$/gm)].map(
      ([, step]) => step,
    );
    const used = all('RUN').map((run) => {
      const words = JSON.parse(run) as string[];
      expect(words.slice(0, 2)).toEqual(['bash', steps]);
      return words[2];
    });
    expect(used.toSorted()).toEqual(names.toSorted());
  });

  it('ends as an unprivileged user, with a command in exec form', () => {
    expect(all('USER').at(-1)).toBe('node');
    expect(Array.isArray(JSON.parse(all('CMD').at(-1) ?? '""'))).toBe(true);
  });
});

describe('the server of the app image', () => {
  const folder = mkdtempSync(join(tmpdir(), 'dualscope-image-'));
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  it('is one file without packages, and serves what is built, on every address', async () => {
    const server = join(folder, 'scripts', 'start.mjs');
    const { status } = spawnSync(process.execPath, [join(root, 'scripts', 'build-server.mjs'), server]);
    expect(status).toBe(0);
    for (const [path, text] of [
      ['dist/index.html', '<p>app</p>'],
      ['dist/models/index.json', '[]'],
    ] as const) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), text);
    }
    const [, ...call] = JSON.parse(
      instructionsOf('container/app/Containerfile').find(([word]) => word === 'CMD')?.[1] ?? '[]',
    ) as string[];
    const anyPort = call.map((word) => (word === '4173' ? '0' : word));
    const child = spawn(process.execPath, anyPort, { cwd: folder, stdio: ['ignore', 'pipe', 'inherit'] });
    const ended = new Promise((done) => child.once('exit', done));
    const port = await new Promise<string>((found, failed) => {
      child.stdout.on('data', (text) => {
        const [, number] = /http:\/\/0\.0\.0\.0:(\d+)/.exec(String(text)) ?? [];
        if (number !== undefined) found(number);
      });
      void ended.then(() => {
        failed(new Error('The server ended.'));
      });
    });
    expect(await (await fetch(`http://127.0.0.1:${port}/`)).text()).toBe('<p>app</p>');
    child.kill('SIGTERM');
    // Windows has no signals; the process just ends.
    if (process.platform !== 'win32') expect(await ended).toBe(0);
  });
});

it('starts every image from the same base', () => {
  const bases = containerfiles.flatMap(({ file }) =>
    instructionsOf(file).flatMap(([word, rest]) => (word === 'FROM' ? [rest.replace(/ AS .*$/, '')] : [])),
  );
  expect(new Set(bases).size).toBe(1);
});
