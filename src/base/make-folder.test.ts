import { existsSync } from 'node:fs';
import { mkdtemp, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { makeFolder } from './make-folder.node.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dualscope-folder-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

it('makes a folder with those that it is in, as often as it is asked to, also at the same time', async () => {
  const path = join(folder, 'a', 'b', 'c');
  await Promise.all([makeFolder(path), makeFolder(path), makeFolder(join(folder, 'a', 'b'))]);
  await makeFolder(`${path}/`);
  expect((await stat(path)).isDirectory()).toBe(true);
  await symlink(path, join(folder, 'link'));
  await makeFolder(join(folder, 'link', 'd'));
  await makeFolder(join(folder, 'link'));
  expect((await stat(join(path, 'd'))).isDirectory()).toBe(true);
  await makeFolder('/');
  await makeFolder('.');
});

it('names a file in the way', async () => {
  const file = join(folder, 'file');
  await writeFile(file, '');
  await expect(makeFolder(file)).rejects.toMatchObject({ code: 'EEXIST' });
  await expect(makeFolder(join(file, 'x', 'y'))).rejects.toMatchObject({ code: 'ENOTDIR' });
});

it.runIf(existsSync('/proc/self'))('ends where the system has no folders to give', async () => {
  await expect(makeFolder('/proc/dualscope')).rejects.toMatchObject({ code: 'ENOENT' });
  await expect(makeFolder('/proc/dualscope/out')).rejects.toMatchObject({ code: 'ENOENT' });
});
