/** Finds a Chromium for the browser tests: the one in DUALSCOPE_CHROMIUM, Playwright's, or the system's. */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { chromium } from '@playwright/test';

const names = [
  'chromium',
  'chromium-browser',
  'google-chrome',
  'google-chrome-stable',
  'microsoft-edge',
  'microsoft-edge-stable',
  'chrome',
  'msedge',
];

const elsewhere = [
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  '/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge',
  ...['PROGRAMFILES', 'PROGRAMFILES(X86)', 'LOCALAPPDATA'].flatMap((name) => {
    const folder = process.env[name];
    return folder === undefined
      ? []
      : [
          join(folder, 'Google', 'Chrome', 'Application', 'chrome.exe'),
          join(folder, 'Microsoft', 'Edge', 'Application', 'msedge.exe'),
        ];
  }),
];

export const whatToInstall =
  'No Chromium found: install Chromium, Chrome or Edge, or run `npx playwright install chromium`, or set DUALSCOPE_CHROMIUM to one.';

/**
 * @returns {string | null} path of an executable; null if there is none
 * @throws {Error} if DUALSCOPE_CHROMIUM names a missing file
 */
export function findChromium() {
  const named = process.env['DUALSCOPE_CHROMIUM'];
  if (named !== undefined && named !== '') {
    if (!existsSync(named)) throw new Error(`DUALSCOPE_CHROMIUM names ${named}, which does not exist.`);
    return named;
  }
  const own = chromium.executablePath();
  if (own !== '' && existsSync(own)) return own;
  for (const name of names) {
    const found = onThePath(name);
    if (found !== null) return found;
  }
  return elsewhere.find((path) => existsSync(path)) ?? null;
}

/** @param {string} name of a program @returns {string | null} its path */
function onThePath(name) {
  const suffix = process.platform === 'win32' ? '.exe' : '';
  const folders = (process.env['PATH'] ?? '').split(delimiter).filter((folder) => folder !== '');
  return folders.map((folder) => join(folder, name + suffix)).find((path) => existsSync(path)) ?? null;
}

/** Whether Chromium can be installed here: as root on Debian or Ubuntu, as in a CI container. */
function canInstall() {
  if (process.platform !== 'linux' || process.getuid?.() !== 0 || !existsSync('/etc/os-release'))
    return false;
  return /^ID(_LIKE)?=.*debian/m.test(readFileSync('/etc/os-release', 'utf8'));
}

/** @param {readonly string[]} words @returns {boolean} whether apt-get succeeded */
function aptGet(words) {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  return (
    spawnSync('apt-get', ['-qq', ...words], { stdio: ['ignore', 'ignore', 'inherit'], env }).status === 0
  );
}

const install = ['install', '-y', '--no-install-recommends'];

/** Debian's name of Chromium's engine without a browser's window: pages cost it half the processor time. */
const shell = 'chromium-headless-shell';

/**
 * Like `findChromium`. If there is none, installs the package when run as root on Debian or Ubuntu, and the headless
 * shell with it where there is one.
 * @returns {string | null}
 */
export function findOrInstallChromium() {
  const found = findChromium();
  if (found !== null || !canInstall()) return found;
  process.stdout.write('No Chromium found; installing the package chromium.\n');
  if (!aptGet(['update']) || !aptGet([...install, 'chromium'])) return null;
  aptGet([...install, shell]);
  return findChromium();
}

/**
 * The headless shell, or what `findOrInstallChromium` finds where there is none. A Chromium that DUALSCOPE_CHROMIUM names
 * is used for everything.
 * @returns {string | null}
 */
export function headlessShellOrChromium() {
  const browser = findOrInstallChromium();
  if (browser === null || (process.env['DUALSCOPE_CHROMIUM'] ?? '') !== '') return browser;
  return onThePath(shell) ?? browser;
}
