import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { checkOptions, wordsWithBytes } from './call-words.ts';

it('keeps the bytes that Node has replaced', () => {
  const bytes = Buffer.concat([
    Buffer.from('node\0x.mjs\0slide\0gr'),
    Buffer.of(0xf6),
    Buffer.from('e.svs\0--png\0ö\0'),
  ]);
  expect(wordsWithBytes(['slide', 'gr\ufffde.svs', '--png', 'ö'], bytes)).toEqual([
    'slide',
    'gr\udcf6e.svs',
    '--png',
    'ö',
  ]);
});

it('leaves words alone that are not those of the process', () => {
  expect(wordsWithBytes(['a\ufffd'], Buffer.from('node\0b\0'))).toEqual(['a\ufffd']);
  expect(wordsWithBytes(['a\ufffd'], Buffer.alloc(0))).toEqual(['a\ufffd']);
  // A real U+FFFD.
  expect(wordsWithBytes(['a\ufffd'], Buffer.from('a\ufffd\0'))).toEqual(['a\ufffd']);
});

it('refuses such names for anything but slides, and names the option', () => {
  expect(() => {
    checkOptions({ out: 'r\udcf6', level: 0 });
  }).toThrow(/^--out .*The name is not UTF-8/);
  expect(() => {
    checkOptions({ allowHost: ['a', 'r\udcf6'] });
  }).toThrow(/^--allow-host /);
  checkOptions({ out: 'größe', patients: ['🔬'], region: { x: 0 } });
});

// Names are bytes on Linux only.
describe.skipIf(process.platform !== 'linux')('a slide whose name is not UTF-8', () => {
  const folder = mkdtempSync(join(tmpdir(), 'dualscope-bytes-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const program = resolve(import.meta.dirname, '..', '..', 'bin', 'dualscope.mjs');

  /** Runs the program through a shell, because Node can't pass such words on. */
  const run = (words: string) =>
    spawnSync('bash', ['-c', `exec '${process.execPath}' '${program}' ${words}`], {
      cwd: folder,
      encoding: 'latin1',
    });

  it('is not mistaken for a missing one, and is shown without acting on the terminal', () => {
    const path = Buffer.concat([
      Buffer.from(join(folder, 'gr')),
      Buffer.of(0xf6, 0x1b),
      Buffer.from('[31m.svs'),
    ]);
    writeFileSync(path, 'no slide');
    const { stderr, status } = run(`slide $'gr\\366\\033[31m.svs'`);
    expect(stderr).toContain('gr\\xf6\\x1b[31m.svs: This is not a slide');
    expect(status).toBe(1);
    const missing = run(`slide $'gr\\367.svs'`);
    expect(missing.stderr).toContain('gr\\xf7.svs: The file does not exist.');
    const out = run(`segment $'gr\\366\\033[31m.svs' --model nano-add --out $'r\\366'`);
    expect(out.stderr).toContain('--out r\\xf6: The name is not UTF-8.');
  });
});
