/**
 * Serves the built app: GET and HEAD only, files below its folders only, to the names of this machine only. The app needs
 * three things of a server: cross-origin isolation (wasm threads), ranges (slides are read in pieces), and a policy that
 * keeps every request on this origin.
 */
import { existsSync } from 'node:fs';
import { lstat, realpath } from 'node:fs/promises';
import { createServer } from 'node:http';
import { join, relative, sep } from 'node:path';
import send from 'send';
import { hostName, isAnswered } from './host-names.mjs';

/**
 * What one client may take from the others. Clients that are slower are cut off; the viewer asks again for what it lacks.
 */
export const serverLimits = {
  /** Milliseconds until a request's headers, and the whole request, must have arrived. */
  headersMs: 10_000,
  requestMs: 20_000,
  /** Milliseconds without a byte in either direction. */
  idleMs: 120_000,
  /** Milliseconds that an answered connection is kept for the next request. */
  keepAliveMs: 5_000,
  headerBytes: 16 * 1024,
  headers: 100,
  connections: 512,
};

/**
 * @param {readonly string[]} slideOrigins other origins that slides may be read from
 * @returns {string} value of the Content-Security-Policy header
 */
export function contentSecurityPolicy(slideOrigins) {
  return [
    "default-src 'self'",
    // TF.js starts its threads from a blob and compiles wasm; it never evaluates strings.
    "script-src 'self' 'wasm-unsafe-eval' blob:",
    "worker-src 'self' blob:",
    ['connect-src', "'self'", 'blob:', 'data:', ...slideOrigins].join(' '),
    "img-src 'self' blob: data:",
    "style-src 'self' 'unsafe-inline'",
    "object-src 'none'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
}

/**
 * @typedef {object} StaticFiles
 * @property {string} folder
 * @property {readonly string[]} [slideOrigins] other origins that slides may be read from
 * @property {Readonly<Record<string, string>>} [elsewhere] further folders, by the first part of the path: files that
 *   `folder` lacks are taken from there (`{ models: '/opt/models' }` for `/models/…`)
 * @property {readonly string[]} [names] names to answer to besides this machine's, as `hostName` returns them
 * @property {boolean} [followLinks] whether symbolic links are followed, as far as they stay in their folder
 * @property {typeof serverLimits} [limits]
 */

/**
 * @param {StaticFiles} files
 * @returns {import('node:http').Server} not listening yet
 */
export function createStaticServer({
  folder,
  slideOrigins = [],
  elsewhere = {},
  names = [],
  followLinks = false,
  limits = serverLimits,
}) {
  const policy = contentSecurityPolicy(slideOrigins);
  const timeouts = {
    headersTimeout: limits.headersMs,
    requestTimeout: limits.requestMs,
    keepAliveTimeout: limits.keepAliveMs,
    connectionsCheckingInterval: Math.min(1_000, limits.headersMs),
    maxHeaderSize: limits.headerBytes,
  };
  const server = createServer(timeouts, (request, response) => {
    response.setHeader('Cross-Origin-Opener-Policy', 'same-origin');
    response.setHeader('Cross-Origin-Embedder-Policy', 'require-corp');
    response.setHeader('Cross-Origin-Resource-Policy', 'same-origin');
    response.setHeader('Content-Security-Policy', policy);
    response.setHeader('X-Content-Type-Options', 'nosniff');
    response.setHeader('Referrer-Policy', 'no-referrer');

    /** @param {number} status @param {string} text */
    const refuse = (status, text) => {
      response.statusCode = status;
      response.setHeader('Content-Type', 'text/plain; charset=utf-8');
      response.end(request.method === 'HEAD' ? undefined : `${text}\n`);
    };
    // First, so that a page elsewhere learns nothing else.
    if (!isAnswered(request.headers.host, names)) {
      refuse(421, unknownHost(request.headers.host));
      return;
    }
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.setHeader('Allow', 'GET, HEAD');
      refuse(405, 'Only GET and HEAD are allowed.');
      return;
    }
    const path = /^\/[^?#]*/.exec(request.url ?? '')?.[0];
    const below = path === undefined ? null : decoded(path);
    if (path === undefined || below === null) {
      refuse(400, 'Malformed URL.');
      return;
    }
    const [, first = '', rest = ''] = /^\/([^/]+)(\/.+)$/.exec(path) ?? [];
    const other = Object.hasOwn(elsewhere, first) ? elsewhere[first] : undefined;
    // Anything but a plain name goes to the main folder, where `send` decodes and checks it.
    const isElsewhere =
      other !== undefined && /^[\w/-]+(\.[\w-]+)+$/.test(rest) && !existsSync(join(folder, path));
    const [root, file] = isElsewhere ? [other, rest] : [folder, below];
    servedPath(root, file, followLinks).then(
      (found) => {
        if (found === null) {
          refuse(403, linkRefused(followLinks));
          return;
        }
        send(request, found.path, { root: found.root, dotfiles: 'ignore', cacheControl: false })
          .on('headers', (/** @type {import('node:http').ServerResponse} */ res) => {
            // Names of files under assets/ contain a hash of their content.
            const immutable = path.startsWith('/assets/');
            res.setHeader('Cache-Control', immutable ? 'public, max-age=31536000, immutable' : 'no-cache');
          })
          .on('directory', () => {
            refuse(404, 'No such file.');
          })
          .on('error', (/** @type {{ status?: number, message: string }} */ error) => {
            const status = error.status ?? 500;
            refuse(status, status === 404 ? 'No such file.' : error.message);
          })
          .pipe(response);
      },
      () => {
        refuse(500, 'The file can not be read.');
      },
    );
  });
  server.maxHeadersCount = limits.headers;
  server.maxConnections = limits.connections;
  // Without a listener for it, a timeout closes the connection.
  server.setTimeout(limits.idleMs);
  return server;
}

/** @param {string | undefined} host a Host header that is not answered */
function unknownHost(host) {
  const name = hostName(host ?? '');
  return name === null
    ? 'The request names no host.'
    : `This server answers to localhost only, not to ${name}. To allow this name, start it with --allow-host ${name}.`;
}

/** @param {boolean} followLinks */
function linkRefused(followLinks) {
  return followLinks
    ? 'This symbolic link leads nowhere, or out of the served folder.'
    : 'This is a symbolic link. Start the server with --follow-links to follow links within the served folder.';
}

/** @param {string} path as in a URL @returns {string | null} null if it is malformed */
function decoded(path) {
  try {
    const text = decodeURIComponent(path);
    return text.includes('\0') ? null : text;
  } catch {
    return null;
  }
}

/**
 * Checks a path for symbolic links.
 * @param {string} root the served folder, which may be a link itself
 * @param {string} path decoded, starts with a slash
 * @param {boolean} followLinks
 * @returns {Promise<{ root: string, path: string } | null>} what to send, the path encoded again; null for a link that is not
 *   followed. Paths that lead nowhere or upwards are returned as they are: `send` refuses them.
 */
async function servedPath(root, path, followLinks) {
  const asGiven = { root, path: encodeURI(path).replace(/[?#]/g, encodeURIComponent) };
  // `send` answers a folder with its index.html.
  const file = path.endsWith('/') ? `${path}index.html` : path;
  const parts = file.split(sep === '/' ? '/' : /[/\\]/).filter((part) => part !== '' && part !== '.');
  if (parts.includes('..')) return asGiven;
  let place = root;
  let isLinked = false;
  for (const part of parts) {
    place = join(place, part);
    const info = await lstat(place).catch(() => null);
    if (info === null) return asGiven;
    if (info.isSymbolicLink()) isLinked = true;
    if (isLinked && !followLinks) return null;
  }
  if (!isLinked) return asGiven;
  const [realRoot, target] = await Promise.all([realpath(root), realpath(place).catch(() => null)]);
  if (target === null) return null;
  const within = relative(realRoot, target);
  if (within === '..' || within.startsWith(`..${sep}`) || join(realRoot, within) !== target) return null;
  // What was checked is what is sent, even if a link changes meanwhile.
  return { root: realRoot, path: `/${within.split(sep).map(encodeURIComponent).join('/')}` };
}

/**
 * Listens. If the port is taken, tries the next ones.
 * @param {import('node:http').Server} server
 * @param {number} port first port to try; 0 for any free one
 * @param {number} attempts how many ports to try
 * @param {string} [host] address to listen on; by default only this machine can connect
 * @returns {Promise<number>} the port in use
 */
export async function listen(server, port, attempts, host = '127.0.0.1') {
  for (let candidate = port; ; candidate += 1) {
    try {
      await new Promise((resolve, reject) => {
        server.once('error', reject);
        server.listen(candidate, host, () => {
          server.off('error', reject);
          resolve(undefined);
        });
      });
      const address = server.address();
      return typeof address === 'object' && address !== null ? address.port : candidate;
    } catch (error) {
      const taken = error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';
      if (!taken || candidate + 1 >= port + attempts) throw error;
    }
  }
}
