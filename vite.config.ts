/**
 * Builds the app to dist/. What is special here: cross-origin isolation (wasm threads need it), and the
 * top-level models/ folder, which is served under /models/ in development and copied to dist/models.
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

/** SharedArrayBuffer, and with it threads in wasm, exists only in a page that these two headers isolate. */
const isolation = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
};

/** Ids of the models at hand: the folders of models/ that hold a manifest. */
function modelIds(): string[] {
  if (!existsSync(modelsFolder)) return [];
  return readdirSync(modelsFolder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && existsSync(join(modelsFolder, entry.name, 'manifest.json')))
    .map((entry) => entry.name)
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
    // Not closeBundle: that runs after a failed build too, and index.json marks a complete one.
    writeBundle() {
      const target = join(outDir, 'models');
      mkdirSync(target, { recursive: true });
      for (const id of modelIds()) cpSync(join(modelsFolder, id), join(target, id), { recursive: true });
      writeFileSync(join(target, 'index.json'), JSON.stringify(modelIds()));
    },
  };
}

/**
 * Threads of TF.js's wasm backend start from the text of a function (`wasmModuleFactory.toString()`). That
 * function guards a variable of its surroundings by `typeof`; a minifier, which sees the variable, drops the
 * guard, and every thread dies with a ReferenceError. In a module the variable is undefined: write that.
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

/** Last of all: the service worker names every file of the build. */
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

export default defineConfig({
  root,
  // A page that does not exist is a 404, not the app: a mistyped slide URL must fail as such.
  appType: 'mpa',
  plugins: [react(), models(), offline()],
  server: { headers: isolation, host: 'localhost' },
  preview: { headers: isolation, host: 'localhost' },
  worker: { format: 'es', plugins: () => [wasmThreads()] },
  build: {
    target: 'es2022',
    // TF.js is large whatever we do.
    chunkSizeWarningLimit: 4000,
    assetsInlineLimit: 0,
  },
});
