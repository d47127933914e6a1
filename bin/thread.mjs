/**
 * Entry of every thread that src/base/node-thread.node.ts starts from TypeScript sources. As in dualscope.mjs, it is built
 * first if a source has changed, because a build starts in a tenth of the time; where it can't be built, its sources run
 * through tsx.
 */
import { dirname, join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { workerData } from 'node:worker_threads';
import { buildCli, currentCli } from '../scripts/build-cli.mjs';

const root = resolve(import.meta.dirname, '..');
await import(pathToFileURL(await program()).href);

async function program() {
  const { name, entry } = workerData;
  try {
    return join(dirname(currentCli(root) ?? (await buildCli(root))), `${name}.js`);
  } catch {
    const { register } = await import('tsx/esm/api');
    register();
    return join(root, 'src', entry);
  }
}
