/**
 * Bundles scripts/start.mjs with its packages to one file, for an image that holds no node_modules.
 *
 *     node scripts/build-server.mjs FILE
 */
import { join, resolve } from 'node:path';
import { build } from 'esbuild';

const [outfile] = process.argv.slice(2);
if (outfile === undefined) {
  process.stderr.write('Usage: node scripts/build-server.mjs FILE\n');
  process.exit(2);
}
const root = resolve(import.meta.dirname, '..');
await build({
  entryPoints: [join(root, 'scripts', 'start.mjs')],
  outfile: resolve(outfile),
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node20.19',
  // Its packages are CommonJS and expect `require`.
  banner: {
    js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
  },
  logLevel: 'warning',
});
