/** The build of the command line is rebuilt exactly when a source has changed. */
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { buildCli, currentCli } from './build-cli.mjs';

const root = resolve(import.meta.dirname, '..');
/** A small project of the same shape. */
const project = mkdtempSync(join(tmpdir(), 'dualscope-build-cli-'));
const main = 'src/cli/main.ts';
const anHourAgo = Date.now() / 1000 - 3600;

/** Writes a file with a date in the past, unlike one that changes during a build. */
function write(path: string, text: string, seconds = anHourAgo): void {
  mkdirSync(dirname(join(project, path)), { recursive: true });
  writeFileSync(join(project, path), text);
  utimesSync(join(project, path), seconds, seconds);
}

beforeAll(() => {
  const threads = [
    'src/cli/reader-entry.ts',
    'src/runtime/native/network-entry.node.ts',
    'src/training/sample-service.ts',
  ];
  for (const path of threads) {
    write(path, 'export {};\n');
  }
  write(main, "console.log('one');\n");
  write('package.json', '{ "type": "module" }');
  write('package-lock.json', '{}');
  symlinkSync(join(root, 'node_modules'), join(project, 'node_modules'), 'junction');
});

afterAll(() => {
  rmSync(project, { recursive: true });
});

it('is out of date before the first build and current after it', async () => {
  expect(currentCli(project)).toBeNull();
  const built = await buildCli(project);
  expect(readFileSync(built, 'utf8')).toContain('one');
  expect(currentCli(project)).toBe(built);
});

it('is out of date when a source changes, even to an older file of the same size', async () => {
  write(main, "console.log('two');\n", anHourAgo - 3600);
  expect(currentCli(project)).toBeNull();
  expect(readFileSync(await buildCli(project), 'utf8')).toContain('two');
  expect(currentCli(project)).not.toBeNull();
});

it('is out of date when a source is deleted', async () => {
  const text = readFileSync(join(project, main), 'utf8');
  rmSync(join(project, main));
  expect(currentCli(project)).toBeNull();
  write(main, text, anHourAgo - 3600);
  expect(currentCli(project)).not.toBeNull();
});

it('stays current when dates lose their fractions, as in image layers', async () => {
  write(main, "console.log('three');\n", anHourAgo + 0.7);
  await buildCli(project);
  const { mtimeMs } = statSync(join(project, main));
  utimesSync(join(project, main), Math.floor(mtimeMs / 1000), Math.floor(mtimeMs / 1000));
  expect(currentCli(project)).not.toBeNull();
});

it('does not trust a file that changes during the build', async () => {
  write(main, "console.log('four');\n", Date.now() / 1000 + 60);
  await buildCli(project);
  expect(currentCli(project)).toBeNull();
});
