/**
 * Finds Snakemake 7 for the workflow's test: the one on the path, or Debian's packages unpacked to `.cache/`. Unpacking
 * takes seconds; installing takes minutes, because Debian's package pulls in the clients of several clouds. Unpacking
 * also needs no root if package lists are present, and leaves the system unchanged.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';

/** The packages that Snakemake imports to run jobs on this machine or a cluster. */
const packages = [
  'snakemake',
  'docutils-common',
  'libdatrie1',
  'python3-appdirs',
  'python3-attr',
  'python3-certifi',
  'python3-chardet',
  'python3-charset-normalizer',
  'python3-configargparse',
  'python3-connection-pool',
  'python3-datrie',
  'python3-decorator',
  'python3-docutils',
  'python3-fastjsonschema',
  'python3-git',
  'python3-gitdb',
  'python3-humanfriendly',
  'python3-idna',
  'python3-jinja2',
  'python3-jsonschema',
  'python3-jupyter-core',
  'python3-markupsafe',
  'python3-nbformat',
  'python3-pkg-resources',
  'python3-psutil',
  'python3-pulp',
  'python3-py',
  'python3-pyrsistent',
  'python3-ratelimiter',
  'python3-requests',
  'python3-retry',
  'python3-smart-open',
  'python3-smmap',
  'python3-stopit',
  'python3-tabulate',
  'python3-throttler',
  'python3-toposort',
  'python3-traitlets',
  'python3-urllib3',
  'python3-wrapt',
  'python3-yaml',
];

const folder = resolve(import.meta.dirname, '..', '.cache', 'snakemake');
/** Debian's modules need Debian's Python. */
const python = '/usr/bin/python3';

/**
 * @typedef {object} Snakemake
 * @property {string} command
 * @property {readonly string[]} words arguments that come before the caller's
 * @property {Record<string, string>} env
 */

/** @returns {Snakemake | null} null if there is none and none can be unpacked */
export function findSnakemake() {
  const installed = { command: 'snakemake', words: [], env: {} };
  if (works(installed)) return installed;
  const unpacked = {
    command: python,
    words: ['-m', 'snakemake'],
    env: {
      PYTHONPATH: join(folder, 'usr', 'lib', 'python3', 'dist-packages'),
      // Debian compiles modules when it installs them; without, each start would, and take twice as long.
      PYTHONPYCACHEPREFIX: join(folder, 'pycache'),
      PYTHONDONTWRITEBYTECODE: '',
    },
  };
  if (works(unpacked)) return unpacked;
  if (!existsSync('/usr/bin/apt-get') || !unpack()) return null;
  return works(unpacked) ? unpacked : null;
}

/** @param {Snakemake} snakemake */
function works({ command, words, env }) {
  const asked = spawnSync(command, [...words, '--version'], {
    encoding: 'utf8',
    env: { ...process.env, ...env },
  });
  return asked.status === 0 && /^7\./.test(asked.stdout);
}

/** @returns {boolean} whether the packages were unpacked */
function unpack() {
  process.stdout.write("No Snakemake 7 found; unpacking Debian's package.\n");
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const isRoot = process.getuid?.() === 0;
  const download = () => run('apt-get', ['-qq', 'download', ...packages]);
  // Debian's container images have no package lists.
  if (!download() && !(isRoot && run('apt-get', ['-qq', 'update']) && download())) return false;
  if (isRoot && !existsSync(python) && !run('apt-get', ['-qq', 'install', '-y', 'python3-minimal']))
    return false;
  const archives = readdirSync(folder).filter((name) => name.endsWith('.deb'));
  return archives.every((name) => run('dpkg-deb', ['-x', name, '.']));
}

/** @param {string} command @param {string[]} words */
function run(command, words) {
  const { status } = spawnSync(command, words, {
    cwd: folder,
    stdio: 'ignore',
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  });
  return status === 0;
}

/** Why a test that needs it is left out. */
export const whatToInstall = 'No Snakemake 7 found: install the package snakemake of Debian or Ubuntu.';
