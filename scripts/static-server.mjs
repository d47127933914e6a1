/**
 * Serves the built app: GET and HEAD only, files below its folders only. The app needs three things of a server:
 * cross-origin isolation (wasm threads), ranges (slides are read in pieces), and a policy that keeps every request on
 * this origin.
 */
import { existsSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import send from 'send';

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
 */

/**
 * @param {StaticFiles} files
 * @returns {import('node:http').Server} not listening yet
 */
export function createStaticServer({ folder, slideOrigins = [], elsewhere = {} }) {
  const policy = contentSecurityPolicy(slideOrigins);
  return createServer((request, response) => {
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
      response.end(`${text}\n`);
    };
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      response.setHeader('Allow', 'GET, HEAD');
      refuse(405, 'Only GET and HEAD are allowed.');
      return;
    }
    let path;
    try {
      // The raw path: `send` decodes it, and refuses `..` and dot files.
      path = new URL(request.url ?? '/', 'http://localhost').pathname;
    } catch {
      refuse(400, 'Malformed URL.');
      return;
    }
    const [, first = '', rest = ''] = /^\/([^/]+)(\/.+)$/.exec(path) ?? [];
    const other = Object.hasOwn(elsewhere, first) ? elsewhere[first] : undefined;
    // Anything but a plain name goes to the main folder, where `send` decodes and checks it.
    const isElsewhere =
      other !== undefined && /^[\w/-]+(\.[\w-]+)+$/.test(rest) && !existsSync(join(folder, path));
    const [root, below] = isElsewhere ? [other, rest] : [folder, path];
    send(request, below, { root, dotfiles: 'ignore', cacheControl: false })
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
  });
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
