/**
 * Packs the benchmark for a Linux machine (x86-64) without Node and without a network:
 *
 *     node bench/gpu/pack.mjs FOLDER [--models nano-attention,colon-single] [--debs FOLDER] [--cuda WHEEL]
 *
 * FOLDER gets `run.sh` (the benchmark) and `dualscope.sh` (the command line), both bundled, the models, the Debian packages of `--debs` (a Vulkan loader and what NVIDIA's
 * driver links to), and `native.tar.xz` with Node, onnxruntime-node and sharp. That archive takes minutes and is kept if it is
 * there. `--cuda` takes a wheel of `onnxruntime-gpu` in the version of onnxruntime-node.
 */
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { build } from 'esbuild';
import { buildCli } from '../../scripts/build-cli.mjs';

const root = resolve(import.meta.dirname, '../..');
/** TF.js's wasm backend, by what the processor supports. */
const wasmFiles = [
  'tfjs-backend-wasm.wasm',
  'tfjs-backend-wasm-simd.wasm',
  'tfjs-backend-wasm-threaded-simd.wasm',
];
const { values: flags, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    models: { type: 'string', default: 'nano-attention,nano-aligned,nano-single,colon-single' },
    debs: { type: 'string' },
    cuda: { type: 'string' },
  },
});
const [folder] = positionals;
if (folder === undefined) throw new Error('Name the folder to pack into.');
const target = resolve(folder);
mkdirSync(target, { recursive: true });

await packProgram();
packModels();
if (flags.debs !== undefined) cpSync(resolve(flags.debs), join(target, 'debs'), { recursive: true });
packNative();
if (flags.cuda !== undefined) packCuda(resolve(flags.cuda));
const megabytes = (/** @type {string} */ path) =>
  Number(execFileSync('du', ['-sb', path], { encoding: 'utf8' }).split('\t')[0]) / 2 ** 20;
for (const name of readdirSync(target)) {
  process.stdout.write(`${megabytes(join(target, name)).toFixed(1).padStart(7)} MiB  ${name}\n`);
}

/** The program, the page's program, and what has to be resolvable beside them. */
async function packProgram() {
  const program = join(target, 'program');
  rmSync(program, { recursive: true, force: true });
  const common = {
    bundle: true,
    format: /** @type {const} */ ('esm'),
    mainFields: ['module', 'main'],
    minify: true,
  };
  await build({
    ...common,
    entryPoints: [join(root, 'bench/gpu/run.ts')],
    outfile: join(program, 'program.mjs'),
    platform: 'node',
    target: 'node20.19',
    external: ['onnxruntime-node', 'onnxruntime-web', 'esbuild', 'sharp', 'node-fetch'],
    banner: {
      js:
        "import { createRequire as $createRequire } from 'node:module'; const require = $createRequire(import.meta.url);" +
        ' const __filename = import.meta.filename, __dirname = import.meta.dirname;',
    },
    logLevel: 'error',
  });
  await build({
    ...common,
    entryPoints: [join(root, 'bench/gpu/page.ts')],
    outfile: join(program, 'page.js'),
    logLevel: 'error',
  });
  await buildCli(root, join(program, 'build/cli'));
  // The command line reads its version there.
  cpSync(join(root, 'package.json'), join(program, 'package.json'));
  for (const name of ['setup.sh', 'run.sh', 'dualscope.sh'])
    cpSync(join(root, 'bench/gpu', name), join(target, name));
}

function packModels() {
  rmSync(join(target, 'models'), { recursive: true, force: true });
  for (const id of flags.models.split(',')) {
    const from = join(root, 'models', id);
    if (existsSync(from)) cpSync(from, join(target, 'models', id), { recursive: true });
    else process.stderr.write(`There is no model ${id}.\n`);
  }
}

function packNative() {
  const archive = join(target, 'native.tar.xz');
  if (existsSync(archive)) return;
  const staging = mkdtempSync(join(tmpdir(), 'dualscope-pack-'));
  cpSync(process.execPath, join(staging, 'node'), { dereference: true });
  execFileSync('strip', [join(staging, 'node')]);
  const packages = join(root, 'node_modules');
  const copy = (/** @type {string} */ path) => {
    if (existsSync(join(packages, path))) {
      cpSync(join(packages, path), join(staging, 'node_modules', path), {
        recursive: true,
        dereference: true,
      });
    }
  };
  const runtime = 'onnxruntime-node/bin/napi-v6/linux/x64';
  for (const part of ['package.json', 'dist']) copy(`onnxruntime-node/${part}`);
  copy(runtime);
  copy('onnxruntime-common/package.json');
  copy('onnxruntime-common/dist/cjs');
  // What reads slides, and what exports a trained model.
  for (const name of ['sharp', '@img/sharp-linux-x64', '@img/sharp-libvips-linux-x64', '@img/colour'])
    copy(name);
  for (const name of ['detect-libc', 'semver']) copy(name);
  copy('@tensorflow/tfjs-backend-wasm/package.json');
  for (const name of wasmFiles) copy(`@tensorflow/tfjs-backend-wasm/dist/${name}`);
  // The filter for machine code; both tar and Python undo it.
  const filters = ['--x86', '--lzma2=preset=4'].join(' ');
  execFileSync('tar', ['-cf', archive, '-I', `xz -T2 ${filters}`, '-C', staging, '.']);
  rmSync(staging, { recursive: true });
}

/** @param {string} wheel */
function packCuda(wheel) {
  const cuda = join(target, 'cuda');
  mkdirSync(cuda, { recursive: true });
  const staging = mkdtempSync(join(tmpdir(), 'dualscope-pack-'));
  const provider = 'libonnxruntime_providers_cuda.so';
  const shared = 'libonnxruntime_providers_shared.so';
  const names = [provider, shared];
  execFileSync('unzip', [
    '-q',
    '-j',
    wheel,
    ...names.map((name) => `onnxruntime/capi/${name}`),
    '-d',
    staging,
  ]);
  execFileSync('python3', [join(import.meta.dirname, 'one-architecture.py'), join(staging, provider), '90']);
  cpSync(join(staging, shared), join(cuda, shared));
  writeFileSync(
    join(cuda, 'cuda.so.xz'),
    execFileSync('xz', ['-T2', '-3', '-c', join(staging, provider)], { maxBuffer: 2 ** 30 }),
  );
  rmSync(staging, { recursive: true });
}
