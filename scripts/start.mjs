/**
 * `npm start`: builds the app where needed and serves it on this machine.
 *
 *   npm start -- [--port N] [--strict-port] [--allow-origin URL]...
 *
 * The environment variable PORT does what --port does. --allow-origin lets the page read slides from
 * another server (which must allow it by CORS); without it no request leaves the page's own origin.
 */
import { spawnSync } from 'node:child_process';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { buildIsCurrent } from './build-state.mjs';
import { createStaticServer, listen } from './static-server.mjs';

const root = resolve(import.meta.dirname, '..');

/** @param {string} message @returns {never} */
function fail(message) {
  process.stderr.write(`npm start: ${message}\n`);
  process.exit(2);
}

/** Reads the options; ends the process with a sentence where they make no sense. */
function readOptions() {
  let values;
  try {
    ({ values } = parseArgs({
      options: {
        port: { type: 'string' },
        'strict-port': { type: 'boolean', default: false },
        'allow-origin': { type: 'string', multiple: true, default: [] },
      },
    }));
  } catch (error) {
    return fail(error instanceof Error ? error.message : String(error));
  }
  const text = values.port ?? process.env['PORT'] ?? '4173';
  const port = Number(text);
  if (!Number.isInteger(port) || port < 0 || port > 65535) fail(`${text} is not a port; give 1 to 65535.`);
  const slideOrigins = values['allow-origin'].map((/** @type {string} */ url) => {
    if (!URL.canParse(url)) fail(`${url} is not an origin; give one such as https://slides.example.org.`);
    return new URL(url).origin;
  });
  return { port, strictPort: values['strict-port'], slideOrigins };
}

const { port, strictPort, slideOrigins } = readOptions();

if (!buildIsCurrent(root)) {
  process.stdout.write('Building the app.\n');
  const vite = join(root, 'node_modules', 'vite', 'bin', 'vite.js');
  const build = spawnSync(process.execPath, [vite, 'build', '--logLevel', 'warn'], {
    cwd: root,
    stdio: 'inherit',
  });
  if (build.status !== 0) {
    process.stderr.write('npm start: the build failed; its message stands above.\n');
    process.exit(1);
  }
}

const server = createStaticServer({ folder: join(root, 'dist'), slideOrigins });
try {
  const used = await listen(server, port, strictPort ? 1 : 50);
  if (port !== 0 && used !== port) process.stdout.write(`Port ${port} is taken.\n`);
  process.stdout.write(`Dualscope: http://localhost:${used}/\nResearch use only. Ctrl+C stops it.\n`);
} catch (error) {
  process.stderr.write(`npm start: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
}
