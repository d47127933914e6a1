/**
 * Serves the built app. Only GET and HEAD, only files under the folder, with what the app needs of a
 * server: cross-origin isolation (threads in wasm), ranges (slides are read piece by piece), a policy that
 * keeps every request on this origin.
 */
import { createServer } from 'node:http';
import send from 'send';

/**
 * @param {readonly string[]} slideOrigins further origins that slides may be read from
 * @returns {string} value of the Content-Security-Policy header
 */
export function contentSecurityPolicy(slideOrigins) {
  return [
    "default-src 'self'",
    // TF.js's threads start from a blob; it compiles wasm, it never evaluates strings.
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
 * @param {{ folder: string, slideOrigins?: readonly string[] }} options
 * @returns {import('node:http').Server} not listening yet
 */
export function createStaticServer({ folder, slideOrigins = [] }) {
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
      refuse(405, 'Only GET and HEAD are served here.');
      return;
    }
    let path;
    try {
      // The raw path: `send` decodes it, and refuses `..` and dot files.
      path = new URL(request.url ?? '/', 'http://localhost').pathname;
    } catch {
      refuse(400, 'The address is malformed.');
      return;
    }
    send(request, path, { root: folder, dotfiles: 'ignore', cacheControl: false })
      .on('headers', (/** @type {import('node:http').ServerResponse} */ res) => {
        // Files under assets/ carry a hash of their content in their name.
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
 * Listens on this machine only. When the port is taken, tries the next ones.
 * @param {import('node:http').Server} server
 * @param {number} port first port to try; 0 for any free one
 * @param {number} attempts how many ports to try
 * @returns {Promise<number>} the port in use
 */
export async function listen(server, port, attempts) {
  for (let candidate = port; ; candidate += 1) {
    try {
      await new Promise((resolve, reject) => {
        server.once('error', reject);
        server.listen(candidate, '127.0.0.1', () => {
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
