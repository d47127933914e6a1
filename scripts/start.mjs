/**
 * `npm start`: builds the app if it is out of date, and serves it on this machine.
 *
 *   npm start -- [--port N] [--strict-port] [--host ADDRESS] [--allow-host NAME]... [--allow-origin URL]... [--follow-links]
 *
 * The environment variable PORT is the default of --port. --host 0.0.0.0 lets other machines connect; --allow-host is the
 * name that they use, because other names than this machine's are refused. --follow-links follows symbolic links that stay
 * within the served folder.
 * --allow-origin lets the page read slides from another server, which must allow it by CORS; without it
 * no request leaves the page's own origin.
 */
import { spawnSync } from 'node:child_process';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { buildIsCurrent } from './build-state.mjs';
import { hostName, namesOf } from './host-names.mjs';
import { createStaticServer, listen } from './static-server.mjs';

const root = resolve(import.meta.dirname, '..');

/** @param {string} message @returns {never} */
function fail(message) {
  process.stderr.write(`npm start: ${message}\n`);
  process.exit(2);
}

const help = `npm start -- [options]

Builds the app if it is out of date, and serves it on this machine.

  --port <n>            port, 4173 by default, or that of the environment variable PORT
  --strict-port         fail if the port is taken, instead of taking the next one
  --host <address>      address to listen on, localhost by default; 0.0.0.0 lets other machines connect
  --allow-host <name>   a name that other machines use for this one; may be repeated
  --allow-origin <url>  let the page read slides from another server; may be repeated
  --follow-links        follow symbolic links that stay within the served folder
  -h, --help            show this help
`;

/** Reads the options; ends the process with a message if they are wrong. */
function readOptions() {
  let values;
  try {
    ({ values } = parseArgs({
      options: {
        port: { type: 'string' },
        host: { type: 'string', default: 'localhost' },
        'strict-port': { type: 'boolean', default: false },
        'allow-host': { type: 'string', multiple: true, default: [] },
        'allow-origin': { type: 'string', multiple: true, default: [] },
        'follow-links': { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    }));
  } catch (error) {
    return fail(error instanceof Error ? error.message : String(error));
  }
  if (values.help) {
    process.stdout.write(help);
    process.exit(0);
  }
  const text = values.port ?? process.env['PORT'] ?? '4173';
  const port = Number(text);
  if (!Number.isInteger(port) || port < 0 || port > 65535) fail(`${text} is not a port; give 1 to 65535.`);
  const slideOrigins = values['allow-origin'].map((/** @type {string} */ url) => {
    if (!URL.canParse(url)) fail(`${url} is not an origin; give one such as https://slides.example.org.`);
    return new URL(url).origin;
  });
  const allowed = values['allow-host'].map(
    (/** @type {string} */ text) =>
      hostName(text) ?? fail(`${text} is not a host name; give one such as slides.example.org.`),
  );
  return {
    port,
    strictPort: values['strict-port'],
    host: values.host,
    slideOrigins,
    names: namesOf(values.host, allowed),
    followLinks: values['follow-links'],
  };
}

const { port, strictPort, host, slideOrigins, names, followLinks } = readOptions();

if (!buildIsCurrent(root)) {
  process.stdout.write('Building the app.\n');
  const vite = join(root, 'node_modules', 'vite', 'bin', 'vite.js');
  const build = spawnSync(process.execPath, [vite, 'build', '--logLevel', 'warn'], {
    cwd: root,
    stdio: 'inherit',
  });
  if (build.status !== 0) {
    process.stderr.write('npm start: the build failed; see its message above.\n');
    process.exit(1);
  }
}

const server = createStaticServer({ folder: join(root, 'dist'), slideOrigins, names, followLinks });
try {
  const address = host === 'localhost' ? '127.0.0.1' : host;
  const used = await listen(server, port, strictPort ? 1 : 50, address);
  if (port !== 0 && used !== port) process.stdout.write(`Port ${port} is taken.\n`);
  process.stdout.write(`Dualscope: http://${host}:${used}/\nResearch use only. Ctrl+C stops it.\n`);
} catch (error) {
  process.stderr.write(`npm start: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
}

// In a container this is process 1, which no signal ends unless it is handled.
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(0));
