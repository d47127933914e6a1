/**
 * Builds the app to dist/. Two things are unusual: cross-origin isolation, which wasm threads need, and the top-level
 * models/ folder, which is served under /models/ in development and copied to dist/models. DUALSCOPE_MODELS, ids
 * separated by commas, limits a build to some of the models.
 */
import { cpSync, existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import react from '@vitejs/plugin-react';
import { writeServiceWorker } from './scripts/offline-files.mjs';
import send from 'send';
import { defineConfig } from 'vite';
import type { Plugin } from 'vite';

const root = import.meta.dirname;
const modelsFolder = join(root, 'models');

/** SharedArrayBuffer, and so wasm threads, exist only in pages that these two headers isolate. */
const isolation = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
};

/** Ids of the models to serve: the folders of models/ that hold a manifest. */
function modelIds(): string[] {
  if (!existsSync(modelsFolder)) return [];
  const wanted = process.env.DUALSCOPE_MODELS?.split(',');
  return readdirSync(modelsFolder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && existsSync(join(modelsFolder, entry.name, 'manifest.json')))
    .map((entry) => entry.name)
    .filter((id) => wanted?.includes(id) ?? true)
    .sort();
}

/** Serves models/ in development, copies it into the build, and writes models/index.json in both. */
function models(): Plugin {
  let outDir = join(root, 'dist');
  return {
    name: 'dualscope-models',
    configResolved(config) {
      outDir = resolve(config.root, config.build.outDir);
    },
    configureServer(server) {
      server.middlewares.use('/models', (request, response, next) => {
        const path = new URL(request.url ?? '/', 'http://localhost').pathname;
        if (path === '/index.json') {
          response.setHeader('Content-Type', 'application/json');
          response.end(JSON.stringify(modelIds()));
          return;
        }
        send(request, path, { root: modelsFolder, index: false })
          .on('error', () => {
            next();
          })
          .pipe(response);
      });
    },
    // Not closeBundle, which also runs after a failed build: index.json marks a complete one.
    writeBundle() {
      const target = join(outDir, 'models');
      mkdirSync(target, { recursive: true });
      for (const id of modelIds()) cpSync(join(modelsFolder, id), join(target, id), { recursive: true });
      writeFileSync(join(target, 'index.json'), JSON.stringify(modelIds()));
    },
  };
}

/**
 * TF.js's wasm backend starts its threads from the source text of a function (`wasmModuleFactory.toString()`). The
 * function guards a variable of its enclosing scope with `typeof`. A minifier sees the variable and drops the guard, so
 * every thread dies with a ReferenceError. In a module the variable is always undefined, so this writes that instead.
 */
function wasmThreads(): Plugin {
  return {
    name: 'dualscope-wasm-threads',
    transform: {
      filter: { id: /tfjs-backend-wasm-threaded-simd\.js$/ },
      handler(code) {
        const guard = 'typeof _scriptDir !== "undefined" && _scriptDir';
        const fallback = 'Module["mainScriptUrlOrBlob"]||_scriptDir';
        if (!code.includes(guard) || !code.includes(fallback)) {
          throw new Error(
            'TF.js has changed its threaded wasm loader; look at wasmThreads in vite.config.ts.',
          );
        }
        return {
          code: code.replaceAll(guard, 'false').replaceAll(fallback, 'Module["mainScriptUrlOrBlob"]'),
          map: null,
        };
      },
    },
  };
}

/** Runs last, because the service worker lists every file of the build. */
function offline(): Plugin {
  let outDir = join(root, 'dist');
  return {
    name: 'dualscope-offline',
    apply: 'build',
    configResolved(config) {
      outDir = resolve(config.root, config.build.outDir);
    },
    writeBundle: {
      order: 'post',
      sequential: true,
      handler() {
        writeServiceWorker(outDir, join(root, 'src/app/offline/service-worker.js'));
      },
    },
  };
}

/** How long plugins took is nothing that a reader of `npm start` can act on. */
const quietChecks = { bundlerTimings: false };

export default defineConfig({
  root,
  // Unknown pages are a 404, not the app: a mistyped slide URL must fail.
  appType: 'mpa',
  plugins: [react(), models(), offline()],
  resolve: {
    alias: [
      ...['blosc', 'lz4', 'zstd'].map((name) => ({
        find: `numcodecs/${name}`,
        replacement: join(root, 'src/slide/zarr/no-codec.ts'),
      })),
      // Decoders compiled by Emscripten ask for these in Node only.
      { find: /^(fs|path)$/, replacement: join(root, 'src/slide/no-node-module.ts') },
    ],
  },
  server: { headers: isolation, host: 'localhost' },
  preview: { headers: isolation, host: 'localhost' },
  worker: { format: 'es', plugins: () => [wasmThreads()], rolldownOptions: { checks: quietChecks } },
  build: {
    target: 'es2022',
    // TF.js is large.
    chunkSizeWarningLimit: 4000,
    assetsInlineLimit: 0,
    rolldownOptions: { checks: quietChecks },
  },
});
