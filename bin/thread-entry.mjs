import { existsSync } from 'node:fs';

/**
 * Imports a thread's entry module: its source in a checkout, the built file in a package.
 * @param {string} name of the file in build/cli
 * @param {string} source its path below src/
 */
export async function importEntry(name, source) {
  const file = new URL(`../src/${source}`, import.meta.url);
  if (!existsSync(file)) return import(new URL(`../build/cli/${name}.js`, import.meta.url).href);
  const { register } = await import('tsx/esm/api');
  register();
  return import(file.href);
}
