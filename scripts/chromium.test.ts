/** Which Chromium the browser tests take, by what is at hand. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { findChromium, headlessShellOrChromium } from './chromium.mjs';

let folder = '';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'dualscope-chromium-'));
  vi.stubEnv('PATH', folder);
});

afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

function program(name: string): string {
  const path = join(folder, process.platform === 'win32' ? `${name}.exe` : name);
  writeFileSync(path, '');
  return path;
}

it('takes the headless shell for pages, beside a browser', () => {
  vi.stubEnv('DUALSCOPE_CHROMIUM', '');
  program('chromium');
  const shell = program('chromium-headless-shell');
  expect(headlessShellOrChromium()).toBe(shell);
  // Playwright's own comes first where it is installed; the shell is never taken for a whole browser.
  expect(findChromium()).not.toBe(shell);
});

it('takes the Chromium that is named for everything', () => {
  program('chromium-headless-shell');
  const named = program('my-chromium');
  vi.stubEnv('DUALSCOPE_CHROMIUM', named);
  expect(findChromium()).toBe(named);
  expect(headlessShellOrChromium()).toBe(named);
});

it('says so when the Chromium that is named does not exist', () => {
  const missing = join(folder, 'nowhere');
  vi.stubEnv('DUALSCOPE_CHROMIUM', missing);
  expect(() => headlessShellOrChromium()).toThrow(missing);
});
