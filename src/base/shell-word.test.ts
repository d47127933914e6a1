import { spawnSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { hostileStrings } from './hostile-strings.ts';
import { bytesOfPath } from './path-bytes.ts';
import { shellWord } from './shell-word.ts';
import { terminalText } from './terminal-text.ts';

it('leaves plain words alone', () => {
  expect(['--out', '/data/a_1.svs', 'x,1', 'a=b'].map(shellWord)).toEqual([
    '--out',
    '/data/a_1.svs',
    'x,1',
    'a=b',
  ]);
  expect(shellWord('')).toBe("''");
  expect(shellWord('=ls')).toBe("'=ls'");
  expect(shellWord("it's")).toBe("'it'\\''s'");
});

it.skipIf(process.platform === 'win32')('is read back by bash, byte by byte, on one line', () => {
  // A word can't hold NUL.
  const texts = Object.values(hostileStrings).filter((text) => !text.includes('\0'));
  const words = texts.map(shellWord);
  for (const word of words) expect(terminalText(word)).toBe(word);
  const { stdout, status } = spawnSync('bash', ['-s'], {
    input: `printf '%s\\0' ${words.join(' ')}\n`,
    env: { ...process.env, LC_ALL: 'C' },
    maxBuffer: 64 * 1024 * 1024,
  });
  expect(status).toBe(0);
  const sent = texts.map((text) => Buffer.concat([bytesOfPath(text), Buffer.of(0)]));
  expect(stdout.equals(Buffer.concat(sent))).toBe(true);
});
