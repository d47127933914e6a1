/**
 * Runs `dualscope segment` over https from a real nginx, working and failing in several ways, and compares the results
 * with those of the same slide on disk. Needs nginx and openssl (Debian: `apt-get install nginx-light openssl`), no root;
 * without them it prints a message and exits with 0.
 *
 *   node scripts/nginx-slides.mjs [SLIDE]
 */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { basename, delimiter, join, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '..');
const slide = resolve(process.argv[2] ?? join(root, 'public', 'slides', 'CMU-1-Small-Region.svs'));
const name = basename(slide);
/** Bytes after which the proxy cuts a connection; TLS uses some of them, tiles the rest. */
const cutAfter = 150_000;

/** @param {string} program */
function found(program) {
  const paths = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin'];
  return paths.map((path) => join(path, program)).find((path) => existsSync(path)) ?? null;
}

const nginx = found('nginx');
const openssl = found('openssl');
if (nginx === null || openssl === null) {
  console.log(`skipped: ${nginx === null ? 'nginx' : 'openssl'} is not installed`);
  process.exit(0);
}

const folder = mkdtempSync(join(tmpdir(), 'dualscope-nginx-'));
const inFolder = (/** @type {string[]} */ ...parts) => join(folder, ...parts);

/** @returns {Promise<number>} a port that is currently free */
async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  server.close();
  await once(server, 'close');
  return port;
}

/** @param {number} port */
function configuration(port) {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((kind) => `  ${kind}_temp_path ${inFolder(kind)};`)
    .join('\n');
  return `daemon off;
pid ${inFolder('nginx.pid')};
error_log ${inFolder('error.log')};
events {}
http {
${temporary}
  log_format short '$request_uri $status $http_range';
  access_log ${inFolder('access.log')} short;
  limit_conn_zone $binary_remote_addr zone=one:1m;
  server {
    listen 127.0.0.1:${port} ssl;
    ssl_certificate ${inFolder('cert.pem')};
    ssl_certificate_key ${inFolder('key.pem')};
    root ${inFolder('www')};
    location /good/ { alias ${inFolder('www')}/; }
    location /limited/ { alias ${inFolder('www')}/; limit_conn one 1; limit_rate 2m; }
    location /busy/ {
      alias ${inFolder('www')}/;
      add_header Retry-After 1 always;
      if (-f ${inFolder('busy')}) { return 503; }
    }
    location /drop/ { return 444; }
    location /whole/ { alias ${inFolder('www')}/; max_ranges 0; }
  }
}
`;
}

/**
 * A proxy that cuts every connection after `cutAfter` bytes from the server.
 * @param {number} port of the server
 */
async function cuttingProxy(port) {
  let cuts = 0;
  const server = createServer((client) => {
    const upstream = connect(port, '127.0.0.1');
    let bytes = 0;
    client.pipe(upstream);
    upstream.on('data', (chunk) => {
      bytes += chunk.length;
      client.write(chunk, () => {
        if (bytes < cutAfter || client.destroyed) return;
        cuts++;
        client.resetAndDestroy();
        upstream.destroy();
      });
    });
    upstream.on('close', () => client.destroy());
    client.on('close', () => upstream.destroy());
    for (const socket of [client, upstream]) socket.on('error', () => undefined);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = /** @type {import('node:net').AddressInfo} */ (server.address());
  return { port: address.port, cuts: () => cuts, close: () => server.close() };
}

/**
 * Runs the command.
 * @param {string} source
 * @param {string} out
 * @param {Record<string, string>} env
 */
async function segment(source, out, env) {
  const words = ['segment', source, '--model', 'nano-single', '--quality', 'fast', '--glass', 'include'];
  const start = performance.now();
  const child = spawn(
    process.execPath,
    [join(root, 'bin', 'dualscope.mjs'), ...words, '--out', inFolder(out)],
    {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'ignore', 'pipe'],
    },
  );
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text) => (errors += text));
  const [code] = await once(child, 'close');
  const lines = errors.split('\n').filter((line) => line.startsWith('dualscope:') || /^\s+at /.test(line));
  return { code, lines, seconds: (performance.now() - start) / 1000 };
}

let failed = 0;
/** @param {boolean} ok @param {string} what */
function report(ok, what, /** @type {readonly string[]} */ lines = []) {
  if (!ok) failed++;
  console.log([`${ok ? 'passed' : 'FAILED'}  ${what}`, ...lines].join('\n        '));
}

/** Whether a run wrote the same bytes as the run from disk. @param {string} out */
function sameAsDisk(out) {
  const own = `${name.replace(/\.[^.]+$/, '')}.nano-single`;
  return ['.classes.tif', '.confidence.tif', '.geojson', '.preview.png', '.areas.csv', '.areas.json'].every(
    (ending) => {
      const [a, b] = ['disk', out].map((each) => inFolder(each, own + ending));
      return a !== undefined && b !== undefined && existsSync(b) && readFileSync(a).equals(readFileSync(b));
    },
  );
}

/** Requests that nginx logged for a location. @param {string} location */
function requests(location) {
  const log = existsSync(inFolder('access.log')) ? readFileSync(inFolder('access.log'), 'utf8') : '';
  return log.split('\n').filter((line) => line.startsWith(`/${location}/`));
}

// If root starts nginx, it reads files as another user.
chmodSync(folder, 0o755);
mkdirSync(inFolder('www'));
copyFileSync(slide, inFolder('www', name));
execFileSync(
  openssl,
  [
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'],
    ...['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1'],
    ...['-keyout', inFolder('key.pem'), '-out', inFolder('cert.pem')],
  ],
  { stdio: 'ignore' },
);
const port = await freePort();
writeFileSync(inFolder('nginx.conf'), configuration(port));
const server = spawn(nginx, ['-c', inFolder('nginx.conf'), '-p', folder, '-e', inFolder('error.log')], {
  stdio: 'inherit',
});
const proxy = await cuttingProxy(port);
try {
  while (!existsSync(inFolder('nginx.pid'))) {
    if (server.exitCode !== null) throw new Error('nginx did not start; see its message above.');
    await new Promise((go) => setTimeout(go, 20));
  }
  const trusting = { NODE_EXTRA_CA_CERTS: inFolder('cert.pem') };
  const at = (/** @type {string} */ location, of = port) => `https://127.0.0.1:${of}/${location}/${name}`;

  const disk = await segment(slide, 'disk', {});
  report(disk.code === 0, `from disk, ${disk.seconds.toFixed(1)} s`, disk.lines);

  const good = await segment(at('good'), 'good', trusting);
  report(
    good.code === 0 && sameAsDisk('good'),
    `https, same bytes, ${requests('good').length} requests, ${good.seconds.toFixed(1)} s`,
    good.lines,
  );

  const cut = await segment(at('good', proxy.port), 'cut', trusting);
  report(
    cut.code === 0 && sameAsDisk('cut') && proxy.cuts() > 3,
    `connections cut after ${cutAfter} bytes (${proxy.cuts()} times), same bytes, ${cut.seconds.toFixed(1)} s`,
    cut.lines,
  );

  writeFileSync(inFolder('busy'), '');
  const busy = segment(at('busy'), 'busy', trusting);
  let over = false;
  void busy.then(() => (over = true));
  while (requests('busy').length < 3 && !over) await new Promise((go) => setTimeout(go, 20));
  rmSync(inFolder('busy'));
  const { code, seconds, lines } = await busy;
  const refused = requests('busy').filter((line) => line.includes(' 503 ')).length;
  report(
    code === 0 && sameAsDisk('busy'),
    `503 for a while (${refused} times), same bytes, ${seconds.toFixed(1)} s`,
    lines,
  );

  const limited = await segment(at('limited'), 'limited', trusting);
  const turned = requests('limited').filter((line) => line.includes(' 503 ')).length;
  report(
    limited.code === 0 && sameAsDisk('limited'),
    `one connection at a time (${turned} turned away), same bytes, ${limited.seconds.toFixed(1)} s`,
    limited.lines,
  );

  /** @type {readonly (readonly [string, string, RegExp, Record<string, string>])[]} */
  const hopeless = [
    [
      'drop',
      'every connection dropped',
      /(UND_ERR_SOCKET|ECONNRESET).*tried 7 times\. Check the connection/,
      trusting,
    ],
    ['whole', 'no ranges', /ignores range requests.*download the file/, trusting],
    ['missing', 'no such file', /does not exist on the server \(404.*Check the address/, trusting],
    [
      'good',
      'a certificate that is not trusted',
      /certificate of https.*not trusted.*NODE_EXTRA_CA_CERTS/,
      {},
    ],
  ];
  for (const [location, what, message, env] of hopeless) {
    const run = await segment(at(location), `no-${location}`, env);
    const [line = ''] = run.lines;
    report(
      run.code === 1 &&
        run.lines.length === 1 &&
        message.test(line) &&
        line.includes(`127.0.0.1:${port}/${location}/`),
      `${what}: exit code ${run.code} after ${run.seconds.toFixed(1)} s`,
      run.lines,
    );
  }
} finally {
  proxy.close();
  server.kill();
  if (server.exitCode === null) await once(server, 'exit');
  rmSync(folder, { recursive: true, force: true });
}
console.log(failed === 0 ? 'all passed' : `${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
