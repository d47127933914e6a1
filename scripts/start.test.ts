import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const start = (...words: string[]) =>
  spawnSync(process.execPath, [join(import.meta.dirname, 'start.mjs'), ...words], { encoding: 'utf8' });

it('shows its options, and refuses others', () => {
  for (const word of ['--help', '-h']) {
    const { status, stdout, stderr } = start(word);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    for (const option of [
      '--port',
      '--strict-port',
      '--host',
      '--allow-host',
      '--allow-origin',
      '--follow-links',
    ]) {
      expect(stdout).toContain(option);
    }
  }
  const wrong = start('--prot', '80');
  expect(wrong.status).toBe(2);
  expect(wrong.stderr).toContain('--prot');
});
