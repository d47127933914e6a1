/** Tells whether dist/ is up to date. */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

const inputs = [
  'index.html',
  'package-lock.json',
  'tsconfig.json',
  'vite.config.ts',
  'src',
  'public',
  'models',
];

/**
 * Newest change below a path, in ms since 1970. Includes folders, whose time changes when a file is deleted.
 * @param {string} path
 * @returns {number}
 */
function newestChange(path) {
  if (!existsSync(path)) return 0;
  const stat = statSync(path);
  if (!stat.isDirectory()) return stat.mtimeMs;
  return readdirSync(path)
    .filter((name) => !/\.test\.tsx?$/.test(name))
    .reduce((newest, name) => Math.max(newest, newestChange(join(path, name))), stat.mtimeMs);
}

/**
 * @param {string} root the project's folder
 * @returns {boolean}
 */
export function buildIsCurrent(root) {
  // The last file that a build writes (vite.config.ts).
  const built = join(root, 'dist', 'models', 'index.json');
  if (!existsSync(built)) return false;
  const builtAt = statSync(built).mtimeMs;
  return inputs.every((input) => newestChange(join(root, input)) <= builtAt);
}
