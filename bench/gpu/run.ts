/**
 * Measures training and inference on a graphics card; bench/gpu/README.md says how to run it.
 *
 *     npx tsx bench/gpu/run.ts [--budget 240] [--out gpu-results.json] [--peak TFLOPS] [--models models] [--tiny]
 *
 * Every figure comes from a process of its own with a time limit. Results go to a file as they come, to stdout as one JSON
 * object at the end, and to stderr as a table.
 */
import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { hasCudaProvider } from '../../src/runtime/native/native-runtime.node.ts';
import { describeCard, vulkanSurroundings } from './card.ts';
import { measureCeiling } from './ceiling.ts';
import { measureInference } from './inference.ts';
import { jobName, type Figures, type Job, type Provider, type Surroundings } from './job.ts';
import { jobsOf } from './plan.ts';
import { printTable } from './table.ts';
import { measureTfjs } from './tfjs.ts';
import { measureAgreement, measurePlacement, measureTraining } from './training.ts';

const { values: flags } = parseArgs({
  options: {
    /** Seconds for everything. */
    budget: { type: 'string', default: '240' },
    /** Most seconds for one figure. */
    limit: { type: 'string', default: '60' },
    out: { type: 'string', default: 'gpu-results.json' },
    /** TFLOP/s in single precision, for cards that are not in the table. */
    peak: { type: 'string' },
    models: { type: 'string', default: 'models' },
    threads: { type: 'string', default: String(os.availableParallelism()) },
    providers: { type: 'string' },
    /** Only jobs whose names contain one of these, separated by commas. */
    only: { type: 'string', default: '' },
    /** Small networks and few repetitions: shows that everything runs. */
    tiny: { type: 'boolean', default: false },
    /** Used by the processes that measure. */
    job: { type: 'string' },
    result: { type: 'string' },
  },
});

interface Request {
  readonly job: Job;
  readonly surroundings: Surroundings;
}

if (flags.job === undefined) await measureAll();
else await measureOne(JSON.parse(flags.job) as Request, flags.result ?? '');

/** In a process of its own. */
async function measureOne(request: Request, file: string): Promise<void> {
  let figures: Figures;
  try {
    figures = await measure(request.job, request.surroundings);
  } catch (error) {
    figures = {
      error: error instanceof Error ? (error.stack ?? error.message).slice(0, 2000) : String(error),
    };
  }
  await writeFile(file, JSON.stringify(figures));
  // Without the destructors of drivers, some of which crash.
  process.kill(process.pid, 'SIGKILL');
}

function measure(job: Job, surroundings: Surroundings): Promise<Figures> {
  switch (job.kind) {
    case 'ceiling':
      return measureCeiling(job, surroundings);
    case 'training':
      return measureTraining(job, surroundings);
    case 'agreement':
      return measureAgreement(job, surroundings);
    case 'placement':
      return measurePlacement(job, surroundings);
    case 'inference':
      return measureInference(job, surroundings);
    case 'tfjs':
      return measureTfjs(job, surroundings);
  }
}

async function measureAll(): Promise<void> {
  const end = performance.now() + 1000 * Number(flags.budget);
  const card = describeCard();
  const peakTflops = flags.peak === undefined ? card.peakTflops : Number(flags.peak);
  const surroundings: Surroundings = {
    models: resolve(flags.models),
    peakMacs: peakTflops === null ? null : (peakTflops * 1e12) / 2,
    threads: Number(flags.threads),
  };
  const cuda: Provider[] = hasCudaProvider() ? ['cuda', 'cuda-fp32'] : [];
  const providers = (flags.providers?.split(',') as Provider[] | undefined) ?? ['webgpu', ...cuda, 'cpu'];
  const results: Record<string, Figures> = {};
  const report: Record<string, unknown> = {
    card: card.name,
    peakTflops,
    ...card.details,
    cudaProvider: cuda.length > 0,
    vulkan: vulkanSurroundings(),
    results,
  };
  const save = (): Promise<void> => writeFile(flags.out, `${JSON.stringify(report, null, 1)}\n`);
  await save();
  const wanted = flags.only.split(',');
  for (const job of jobsOf(surroundings.models, providers, flags.tiny)) {
    const name = jobName(job);
    if (!wanted.some((part) => name.includes(part))) continue;
    const left = (end - performance.now()) / 1000;
    if (left < 5) {
      results[name] = { skipped: 'The time is up.' };
      continue;
    }
    const environment: NodeJS.ProcessEnv =
      'provider' in job && job.provider === 'cuda-fp32' ? { NVIDIA_TF32_OVERRIDE: '0' } : {};
    const started = performance.now();
    const request = { job, surroundings };
    results[name] = await inProcess(request, Math.min(left, Number(flags.limit)), environment);
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    say(`${name} (${seconds} s): ${JSON.stringify(results[name]).slice(0, 400)}`);
    await save();
  }
  await save();
  say(printTable(results));
  process.stdout.write(`${JSON.stringify(report)}\n`);
}

/** Runs one job. A crash and a time that is up are results too. */
async function inProcess(
  request: Request,
  seconds: number,
  environment: NodeJS.ProcessEnv,
): Promise<Figures> {
  const folder = await mkdtemp(join(os.tmpdir(), 'dualscope-bench-gpu-'));
  const file = join(folder, 'result.json');
  const words = [process.argv[1] ?? '', '--job', JSON.stringify(request), '--result', file];
  const child = spawn(process.execPath, [...process.execArgv, ...words], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, ...environment },
  });
  let errors = '';
  child.stderr.on('data', (part: Buffer) => (errors = (errors + part.toString()).slice(-4000)));
  let timeIsUp = false;
  const timer = setTimeout(() => {
    timeIsUp = true;
    child.kill('SIGKILL');
  }, 1000 * seconds);
  const ending = await new Promise<string>((settle) => {
    child.once('close', (code, signal) => {
      settle(signal ?? String(code));
    });
    child.once('error', (error) => {
      settle(error.message);
    });
  });
  clearTimeout(timer);
  const text = await readFile(file, 'utf8').catch(() => null);
  await rm(folder, { recursive: true, force: true });
  if (text !== null) return JSON.parse(text) as Figures;
  const problem = timeIsUp ? `Not finished in ${seconds.toFixed(0)} s.` : `The process ended with ${ending}.`;
  return { error: problem, stderr: errors.slice(-1500) };
}

function say(text: string): void {
  process.stderr.write(`${text}\n`);
}
