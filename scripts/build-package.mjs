/**
 * Builds what the npm package ships besides files of the checkout: the command line (build/cli) and the app
 * (build/page) with the models that package.json lists. `npm run package` runs this before `npm pack`.
 *
 * The package holds models and slides once: `dualscope serve` takes them from models/ and public/slides. It ships the
 * nano models only. The colon models are large (13 to 23 MB each) and not for commercial use, which would restrict the
 * whole package; copy them from the repository and pass their folder to --model.
 */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '..');

/** Ids of the models among `files` in package.json. */
function shippedModels() {
  /** @type {{ files: string[] }} */
  const { files } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  return files.filter((path) => path.startsWith('models/')).map((path) => path.slice('models/'.length));
}

/** @param {readonly string[]} words what node runs @param {Record<string, string>} [env] */
function run(words, env = {}) {
  const { status } = spawnSync(process.execPath, words, {
    cwd: root,
    // npm prints the tarball's name on stdout, and callers parse it.
    stdio: ['ignore', 2, 2],
    env: { ...process.env, ...env },
  });
  if (status !== 0) process.exit(status ?? 1);
}

run([join(root, 'scripts', 'build-cli.mjs'), '--clean']);
const vite = join(root, 'node_modules', 'vite', 'bin', 'vite.js');
run([vite, 'build', '--outDir', 'build/page', '--emptyOutDir', '--logLevel', 'warn'], {
  DUALSCOPE_MODELS: shippedModels().join(','),
});
