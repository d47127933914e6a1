/**
 * Reads `workflow/Containerfile` for what goes wrong most: an image without a version, files that are not there, commands that nobody
 * has run outside of a container, a program that runs as root. No linter of such files is to be had from npm that is kept up.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, it } from 'vitest';

const root = resolve(import.meta.dirname, '..');
const lines = readFileSync(join(root, 'workflow', 'Containerfile'), 'utf8')
  .split('\n')
  .filter((line) => line.trim() !== '' && !line.startsWith('#'));
const instructions = lines.map((line): readonly [string, string] => {
  const [word = '', ...rest] = line.split(' ');
  return [word, rest.join(' ')];
});
const all = (word: string): string[] =>
  instructions.filter(([first]) => first === word).map(([, rest]) => rest);

it('knows every instruction that it uses', () => {
  for (const [word] of instructions) {
    expect(['FROM', 'WORKDIR', 'COPY', 'RUN', 'ENV', 'USER', 'CMD']).toContain(word);
  }
  expect(instructions[0]?.[0]).toBe('FROM');
});

it('starts from one image of Debian with a fully named registry and a version of Node that the program takes', () => {
  const [image, ...more] = all('FROM');
  expect(more).toEqual([]);
  const [, node] = /^docker\.io\/library\/node:(\d+)-(?:bookworm|trixie)-slim$/.exec(image ?? '') ?? [];
  const { engines } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    engines: { node: string };
  };
  expect(Number(node)).toBeGreaterThanOrEqual(Number(/\d+/.exec(engines.node)![0]));
});

it('copies only what is there and what .dockerignore lets through', () => {
  const letThrough = readFileSync(join(root, '.dockerignore'), 'utf8').split('\n');
  for (const copied of all('COPY')) {
    for (const path of copied.split(' ').slice(0, -1)) {
      expect(existsSync(join(root, path)), path).toBe(true);
      expect(letThrough).toContain(`!${path.split('/')[0]}`);
    }
  }
});

it('runs steps of install.sh only, each of which is there', () => {
  const script = readFileSync(join(root, 'workflow', 'container', 'install.sh'), 'utf8');
  const steps = [...script.matchAll(/^ {2}([a-z]+)\)$/gm)].map(([, step]) => step);
  const used = all('RUN').map((run) => {
    const words = JSON.parse(run) as string[];
    expect(words.slice(0, 2)).toEqual(['bash', 'workflow/container/install.sh']);
    return words[2];
  });
  expect(used.toSorted()).toEqual(steps.toSorted());
});

it('ends as a user without rights, with a command in exec form', () => {
  expect(all('USER').at(-1)).toBe('node');
  expect(Array.isArray(JSON.parse(all('CMD').at(-1) ?? '""'))).toBe(true);
});
