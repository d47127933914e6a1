import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, expect, it } from 'vitest';
import {
  digestOf,
  PartFile,
  removeParts,
  replaceFile,
  replaceFolder,
  writePart,
} from './replace-file.node.ts';

const root = mkdtempSync(join(tmpdir(), 'dualscope-replace-'));
afterAll(() => rmSync(root, { recursive: true }));
let folder = '';
beforeEach(() => (folder = mkdtempSync(join(root, 'each-'))));

it('replaces a file at once and leaves nothing else', async () => {
  const file = join(folder, 'a.txt');
  await replaceFile(file, 'one');
  await replaceFile(file, new TextEncoder().encode('two'));
  expect(readFileSync(file, 'utf8')).toBe('two');
  expect(readdirSync(folder)).toEqual(['a.txt']);
});

it('keeps the old file, and nothing else, when writing fails', async () => {
  const file = join(folder, 'a.txt');
  writeFileSync(file, 'old');
  const broken = writePart(file, async (part) => {
    await part.append('half');
    throw new Error('broken');
  });
  await expect(broken).rejects.toThrow('broken');
  expect(readFileSync(file, 'utf8')).toBe('old');
  expect(readdirSync(folder)).toEqual(['a.txt']);
});

it('replaces a link, never what it leads to, and has names that nobody can plant a link at', async () => {
  const victim = join(folder, 'victim');
  writeFileSync(victim, 'precious');
  const file = join(folder, 'a.txt');
  symlinkSync(victim, file);
  symlinkSync(victim, `${file}.part`);
  await replaceFile(file, 'new');
  expect(readFileSync(victim, 'utf8')).toBe('precious');
  expect([lstatSync(file).isSymbolicLink(), readFileSync(file, 'utf8')]).toEqual([false, 'new']);
  const parts = await Promise.all(Array.from({ length: 50 }, () => PartFile.create(file)));
  expect(new Set(parts.map(({ path }) => path)).size).toBe(50);
  for (const part of parts) {
    expect(part.path).toMatch(/a\.txt\.[0-9a-f]{16}\.part$/);
    await part.discard();
  }
});

it('clears away unfinished files of its own names only', async () => {
  const parts = [
    `a.txt.${'0'.repeat(16)}.part`,
    `b.txt.${'f'.repeat(16)}.part`,
    'a.txt.part',
    'a.txt.0123.part',
    'x.part',
  ];
  for (const name of parts) writeFileSync(join(folder, name), '');
  await removeParts([join(folder, 'a.txt')]);
  expect(readdirSync(folder).sort()).toEqual(parts.slice(1).sort());
});

it('writes where a shell would: to a device', async () => {
  await replaceFile('/dev/null', 'x');
  expect(lstatSync('/dev/null').isFile()).toBe(false);
});

it('replaces a folder with all that is in it, and clears away an earlier attempt', async () => {
  const target = join(folder, 'model');
  mkdirSync(join(folder, `model.${'a'.repeat(16)}.part`));
  mkdirSync(target);
  writeFileSync(join(target, 'old'), '');
  await replaceFolder(target, [['new', new Uint8Array(3)]]);
  expect([readdirSync(folder), readdirSync(target)]).toEqual([['model'], ['new']]);
});

it('has no digest of links, folders and what is missing', async () => {
  const file = join(folder, 'a');
  writeFileSync(file, 'abc');
  symlinkSync(file, join(folder, 'link'));
  // FIPS 180-2, appendix B.1.
  const sha256 = 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad';
  expect(await digestOf(file)).toEqual({ bytes: 3, sha256 });
  for (const name of ['link', '.', 'none']) expect(await digestOf(join(folder, name))).toBeNull();
});
