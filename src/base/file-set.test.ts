import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, beforeEach, expect, it } from 'vitest';
import { FileSet } from './file-set.node.ts';
import { digestOf } from './replace-file.node.ts';

const root = mkdtempSync(join(tmpdir(), 'dualscope-set-'));
afterAll(() => rmSync(root, { recursive: true }));
let folder = '';
let targets: string[] = [];
let note = '';
beforeEach(() => {
  folder = mkdtempSync(join(root, 'each-'));
  targets = ['a', 'b', 'c'].map((name) => join(folder, name));
  note = join(folder, 'set.commit');
  for (const target of targets) writeFileSync(target, 'old');
});

const contents = (): string[] => targets.map((target) => readFileSync(target, 'utf8'));

async function filled(): Promise<FileSet> {
  const set = await FileSet.open(note, targets);
  for (const target of targets) await set.add(target, `new ${basename(target)}`);
  return set;
}

it('replaces all files, and leaves nothing else', async () => {
  const set = await filled();
  expect(contents()).toEqual(['old', 'old', 'old']);
  expect(Object.keys(await set.digests())).toEqual(['a', 'b', 'c']);
  await set.commit();
  expect(contents()).toEqual(['new a', 'new b', 'new c']);
  expect(readdirSync(folder)).toEqual(['a', 'b', 'c']);
});

it('keeps all old files if it is killed before the commit, and the next one clears up', async () => {
  await (await filled()).digests();
  expect(readdirSync(folder).length).toBe(6);
  await FileSet.open(note, targets);
  expect(contents()).toEqual(['old', 'old', 'old']);
  expect(readdirSync(folder)).toEqual(['a', 'b', 'c']);
});

/** The state after a kill in the commit: the note is written and the first `renamed` files are in place. */
async function killedAfter(renamed: number): Promise<string[]> {
  await (await filled()).digests();
  const parts = targets.map((target) =>
    readdirSync(folder).find((name) => name.startsWith(`${basename(target)}.`))!,
  );
  const files = await Promise.all(
    parts.map(async (part, i) => ({
      part,
      file: basename(targets[i]!),
      ...(await digestOf(join(folder, part)))!,
    })),
  );
  writeFileSync(note, JSON.stringify({ format: 'dualscope-commit-1', files }));
  for (let i = 0; i < renamed; i++) renameSync(join(folder, parts[i]!), targets[i]!);
  return parts;
}

it.each([0, 1, 2, 3])('finishes a commit that was killed after %i files', async (renamed) => {
  await killedAfter(renamed);
  await FileSet.open(note, targets);
  expect(contents()).toEqual(['new a', 'new b', 'new c']);
  expect(readdirSync(folder)).toEqual(['a', 'b', 'c']);
});

it('puts nothing in place if a file of a killed commit is damaged', async () => {
  const parts = await killedAfter(0);
  writeFileSync(join(folder, parts[1]!), 'new?b');
  await FileSet.open(note, targets);
  expect(contents()).toEqual(['old', 'old', 'old']);
  expect(readdirSync(folder)).toEqual(['a', 'b', 'c']);
});

it.each([
  ['other names', 'a', 'victim'],
  ['a path', 'a', '../a'],
  ['no unfinished file', 'victim', 'a'],
  ['a path as unfinished file', `../a.${'0'.repeat(16)}.part`, 'a'],
])('does not believe a planted note with %s', async (_what, part, file) => {
  writeFileSync(join(folder, 'victim'), 'precious');
  const digest = (await digestOf(join(folder, 'victim')))!;
  writeFileSync(note, JSON.stringify({ format: 'dualscope-commit-1', files: [{ part, file, ...digest }] }));
  await FileSet.open(note, targets);
  expect(readFileSync(join(folder, 'victim'), 'utf8')).toBe('precious');
  expect(contents()).toEqual(['old', 'old', 'old']);
  expect(existsSync(note)).toBe(false);
});
