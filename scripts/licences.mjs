/**
 * Lists the licences of all packages that reach users: those that npm installs with Dualscope on any system, which include
 * all that the built app and command line are bundled from.
 *
 *     node scripts/licences.mjs
 */
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';

/** Licences that only ask to keep their notice. */
export const permissive = ['0BSD', 'Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause', 'CC0-1.0', 'ISC', 'MIT'];

/**
 * @param {string} root the project's folder
 * @returns {ReadonlyMap<string, readonly string[]>} names of packages by their licence as an SPDX expression; `UNKNOWN` where
 *   a package states none
 */
export function licencesOf(root) {
  const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'));
  /** @type {Map<string, Set<string>>} */
  const found = new Map();
  for (const [path, { dev, license }] of Object.entries(packages)) {
    if (path === '' || dev === true) continue;
    const licence = installedLicence(join(root, path)) ?? license ?? 'UNKNOWN';
    const names = found.get(licence) ?? new Set();
    found.set(licence, names.add(path.replace(/^.*node_modules\//, '')));
  }
  return new Map([...found].sort().map(([licence, names]) => [licence, [...names].sort()]));
}

/** @param {string} folder of a package @returns {string | null} null if it is not installed here */
function installedLicence(folder) {
  const file = join(folder, 'package.json');
  if (!existsSync(file)) return null;
  const { license } = JSON.parse(readFileSync(file, 'utf8'));
  return typeof license === 'string' ? license : null;
}

/** @param {string} expression SPDX @returns {readonly string[]} the licences in it, of alternatives too */
export function licencesIn(expression) {
  return expression.split(/[()\s]+|\bAND\b|\bOR\b/).filter((id) => id !== '');
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  for (const [licence, names] of licencesOf(resolve(import.meta.dirname, '..'))) {
    process.stdout.write(`${licence} (${names.length}): ${names.join(', ')}\n`);
  }
}
