/**
 * The service worker: caches the app, its models and the demo slides for offline use.
 * `vite.config.ts` copies this file to dist/sw.js and inserts the version and the list of files.
 *
 * Online, files come from the server; the cache is the fallback. Files under assets/ have a content hash in their
 * name and always come from the cache.
 */
/* global self, caches */

const worker = /** @type {ServiceWorkerGlobalScope} */ (/** @type {unknown} */ (self));

/** @type {string} changes with any file */
const version = '__VERSION__';
/** @type {readonly string[]} relative to the page */
const files = JSON.parse('__FILES__');

const cacheName = `dualscope-${version}`;

worker.addEventListener('install', (event) => {
  event.waitUntil(
    caches
      .open(cacheName)
      .then((cache) => cache.addAll(files.map((file) => new Request(file, { cache: 'no-cache' }))))
      .then(() => worker.skipWaiting()),
  );
});

worker.addEventListener('activate', (event) => {
  event.waitUntil(
    caches
      .keys()
      .then((names) =>
        Promise.all(
          names
            .filter((name) => name.startsWith('dualscope-') && name !== cacheName)
            .map((name) => caches.delete(name)),
        ),
      )
      .then(() => worker.clients.claim()),
  );
});

worker.addEventListener('fetch', (event) => {
  const { request } = event;
  const url = new URL(request.url);
  // Leaves other servers and requests that are not GET alone.
  if (request.method !== 'GET' || url.origin !== worker.location.origin) return;
  event.respondWith(answer(request, url));
});

/** @param {Request} request @param {URL} url @returns {Promise<Response>} */
async function answer(request, url) {
  if (url.pathname.includes('/assets/')) {
    const kept = await keptResponse(request, url);
    if (kept !== null) return kept;
  }
  try {
    const response = await fetch(request);
    if (isWeights(url) && response.ok) await keep(request, response.clone());
    return response;
  } catch (error) {
    const kept = await keptResponse(request, url);
    if (kept !== null) return kept;
    throw error;
  }
}

/**
 * Weights of large models are cached on first use; small ones are cached at installation.
 * @param {URL} url
 */
function isWeights(url) {
  return url.pathname.includes('/models/') && url.pathname.endsWith('.bin');
}

/** @param {Request} request @param {Response} response */
async function keep(request, response) {
  // Without space in the cache, the model needs the network.
  await caches
    .open(cacheName)
    .then((cache) => cache.put(request, response))
    .catch(() => undefined);
}

/**
 * The cached response for a URL, ignoring its query; only the requested range, if there is one.
 * @param {Request} request @param {URL} url @returns {Promise<Response | null>}
 */
async function keptResponse(request, url) {
  const cache = await caches.open(cacheName);
  const kept = await cache.match(url.origin + url.pathname);
  if (kept === undefined) return null;
  const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.get('Range') ?? '');
  if (range === null) return kept;
  const body = await kept.blob();
  const start = Number(range[1]);
  const end = range[2] === '' ? body.size : Math.min(body.size, Number(range[2]) + 1);
  const headers = new Headers(kept.headers);
  if (start >= body.size) {
    headers.set('Content-Range', `bytes */${body.size}`);
    return new Response(null, { status: 416, headers });
  }
  headers.set('Content-Range', `bytes ${start}-${end - 1}/${body.size}`);
  headers.set('Content-Length', String(end - start));
  return new Response(body.slice(start, end), { status: 206, statusText: 'Partial Content', headers });
}
