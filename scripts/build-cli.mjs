/**
 * Builds the command line to build/cli with esbuild (about a second). A package ships that folder; in a checkout,
 * bin/dualscope.mjs rebuilds it whenever a source has changed.
 *
 *     node scripts/build-cli.mjs           builds what is out of date
 *     node scripts/build-cli.mjs --clean   deletes the folder first, so that it holds one build only
 *
 * Files land two folders below the root, as in src/cli, so that `../../models` means the same from both.
 */
import { randomBytes } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, isAbsolute, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Programs: the command line, and the threads that src/base/node-thread.node.ts starts by name. */
const entryPoints = {
  main: 'src/cli/main.ts',
  network: 'src/runtime/native/network-entry.node.ts',
  reader: 'src/cli/reader-entry.ts',
  sample: 'src/training/sample-service.ts',
};

/**
 * Packages with native parts or files of their own, optional ones, and one that TF.js loads only to fetch (models are
 * read from disk here). Everything else is bundled, which starts faster.
 */
const external = ['sharp', 'onnxruntime-node', 'onnxruntime-web', 'node-fetch'];

/**
 * What zarrita would load and `limitCodecs` replaces.
 * @param {string} root the project's folder
 */
const unusedCodecs = (root) =>
  Object.fromEntries(
    ['blosc', 'lz4', 'zstd'].map((name) => [`numcodecs/${name}`, join(root, 'src/slide/zarr/no-codec.ts')]),
  );

/** CommonJS packages expect these three in every module. */
const banner =
  "import { createRequire as $createRequire } from 'node:module'; const require = $createRequire(import.meta.url);" +
  ' const __filename = import.meta.filename, __dirname = import.meta.dirname;';

/** Names and dates of what the build was made from; written last, so its presence marks a complete build. */
const STAMP = 'inputs.json';

/** @param {string} root the project's folder */
const outputFolder = (root) => join(root, 'build', 'cli');

/**
 * The built program, if every file it was made from is unchanged.
 * @param {string} root the project's folder
 * @returns {string | null} path of main.js
 */
export function currentCli(root) {
  const folder = outputFolder(root);
  try {
    /** @type {Record<string, { size: number, mtimeMs: number }>} */
    const inputs = JSON.parse(readFileSync(join(folder, STAMP), 'utf8'));
    const isUnchanged = Object.entries(inputs).every(([path, then]) => {
      const now = statSync(join(root, path));
      // Image layers keep whole seconds only, so a date may have lost its fraction.
      const isSameTime =
        now.mtimeMs === then.mtimeMs || now.mtimeMs === Math.floor(then.mtimeMs / 1000) * 1000;
      return now.size === then.size && isSameTime;
    });
    return isUnchanged ? join(folder, 'main.js') : null;
  } catch {
    return null; // not built yet, or a source has been deleted
  }
}

/**
 * Builds the command line. Programs that are running keep the files they may still load, and two builds at once
 * do no harm: names of chunks carry a hash of their content, and every file is written aside and renamed.
 * @param {string} root the project's folder
 * @param {string} [folder] where the build goes
 * @returns {Promise<string>} path of main.js
 * @throws {Error} if esbuild is missing or rejects the sources, or if the folder is read-only
 */
export async function buildCli(root, folder = outputFolder(root)) {
  const { build } = await import('esbuild');
  const startedAt = Date.now();
  const { outputFiles, metafile } = await build({
    absWorkingDir: root,
    entryPoints,
    outdir: folder,
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node20.19',
    // As in the app: the ES modules of TF.js, of which only what is used is bundled.
    mainFields: ['module', 'main'],
    external,
    alias: unusedCodecs(root),
    banner: { js: banner },
    write: false,
    metafile: true,
    logLevel: 'silent',
  });
  mkdirSync(folder, { recursive: true });
  /** @param {string} path @param {string | Uint8Array} content */
  const put = (path, content) => {
    // As src/base/replace-file.node.ts, which is not built yet.
    const aside = `${path}.${randomBytes(8).toString('hex')}.part`;
    writeFileSync(aside, content, { flag: 'wx' });
    renameSync(aside, path);
  };
  const isEntry = (/** @type {{ path: string }} */ { path }) => basename(path, '.js') in entryPoints;
  // Chunks before the programs that load them.
  for (const file of outputFiles.toSorted((a, b) => Number(isEntry(a)) - Number(isEntry(b)))) {
    if (isEntry(file) || !existsSync(file.path)) put(file.path, file.contents);
  }
  put(join(folder, STAMP), JSON.stringify(stampOf(root, Object.keys(metafile.inputs), startedAt)));
  removeOld(folder, new Set(outputFiles.map(({ path }) => basename(path)).concat(STAMP)));
  return join(folder, 'main.js');
}

/** Chunks of earlier builds stay this long, for programs that still run. */
const KEPT_MS = 7 * 24 * 3600 * 1000;

/** @param {string} folder @param {ReadonlySet<string>} current names of this build's files */
function removeOld(folder, current) {
  for (const name of readdirSync(folder).filter((each) => !current.has(each))) {
    const path = join(folder, name);
    const { mtimeMs } = statSync(path, { throwIfNoEntry: false }) ?? { mtimeMs: Infinity };
    if (mtimeMs < Date.now() - KEPT_MS) rmSync(path, { force: true });
  }
}

/**
 * @param {string} root
 * @param {readonly string[]} bundled paths relative to root
 * @param {number} startedAt ms since 1970; a file that changed later may not be the one that was built
 */
function stampOf(root, bundled, startedAt) {
  const isOwn = (/** @type {string} */ path) =>
    !isAbsolute(path) && !path.startsWith('..') && !path.includes('node_modules/');
  // The lock file stands for all packages.
  const script = relative(root, fileURLToPath(import.meta.url));
  const own = [...bundled, 'package-lock.json', script].filter(isOwn);
  return Object.fromEntries(
    own.map((path) => {
      const { size, mtimeMs } = statSync(join(root, path));
      return [path.split('\\').join('/'), { size, mtimeMs: mtimeMs < startedAt ? mtimeMs : -1 }];
    }),
  );
}

if (process.argv[1] !== undefined && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) {
  const root = resolve(import.meta.dirname, '..');
  if (process.argv.includes('--clean')) rmSync(outputFolder(root), { recursive: true, force: true });
  if (currentCli(root) === null) await buildCli(root);
}
