/** `dualscope bench`: measures the engine's speed on this machine, as ratios within one run. */
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { writePhantom } from '../phantom/write-phantom.node.ts';
import type { BackendRequest, NodeBackendName } from '../runtime/native/node-backends.ts';
import type { Segmenter } from '../runtime/segmenter.ts';
import { slideArea, type SlideArea } from '../segment/area.ts';
import type { StageTimes } from '../segment/run-progress.ts';
import type { SlicePlan } from '../segment/grid.ts';
import type { HostedNetwork } from '../segment/network.ts';
import { overlapOf, type QualityId } from '../segment/quality.ts';
import type { Slide } from '../slide/slide.ts';
import { CommandError, type AddCommand, wrongOptions } from './command.ts';
import { compareWithOrt } from './bench-ort.ts';
import {
  centralArea,
  inferenceSeconds,
  median,
  readPlan,
  runEngine,
  seamRatioOf,
  unsharedContextPlan,
  withProcessorTime,
  type EngineFigures,
  type OpenReader,
  type ProcessorTime,
} from './bench-run.ts';
import { micrometresPerPixel, nodeNetworkHost, planSlide, startNetwork } from './run-model.ts';
import { backendOption, parseInteger, qualityOption, threadsOption } from './options.ts';
import { packageFolder } from './package-info.ts';
import { startNodeReader } from './reader-client.ts';
import { openFromCommandLine } from './slide.ts';
import { print, printJson, warn } from './terminal.ts';

interface BenchCall {
  readonly model: string;
  readonly single: string;
  readonly quality: QualityId;
  readonly slices: number;
  readonly repeats: number;
  readonly backend?: BackendRequest;
  readonly threads?: number;
  readonly json?: boolean;
}

/** A flat object of named figures; null where a figure could not be measured. */
type BenchFigures = Readonly<Record<string, number | string | null>>;

/** Adds the command to the program. */
export const addBenchCommand: AddCommand = (program) => {
  program
    .command('bench')
    .description(
      'Measure the engine on part of a slide: pipeline overhead over the bare network, cost of the context ' +
        'input, seams, stage times, memory. Ratios are medians over repeated runs in sequence.',
    )
    .argument('[file]', 'a slide (default: the demo phantom)')
    .option('--model <id>', 'model with context', 'nano-attention')
    .option('--single <id>', 'model without context, for comparison', 'nano-single')
    .addOption(qualityOption())
    .option('--slices <n>', 'approximate number of slices, rounded to whole regions', parseInteger(1), 100)
    .option('--repeats <n>', 'number of runs of each kind', parseInteger(1), 3)
    .addOption(backendOption())
    .addOption(threadsOption())
    .option('--json', 'print one JSON object')
    .action(async (file: string | undefined, call: BenchCall) => {
      const folder = await mkdtemp(join(tmpdir(), 'dualscope-bench-'));
      try {
        const path = file ?? (await phantomIn(folder));
        const slide = await openFromCommandLine([path]);
        const thread = startNodeReader();
        try {
          const openReader: OpenReader = async () => {
            const handle = await thread.open([path]);
            return { reader: thread.reader(handle), close: () => handle.close() };
          };
          const figures = await bench(slide, openReader, call);
          if (call.json === true) printJson(figures);
          else print(table(figures));
        } finally {
          await thread.close();
          slide.close();
        }
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    });
};

/** The demo phantom; generated in `folder` if the demo slides are not installed. */
async function phantomIn(folder: string): Promise<string> {
  const demo = join(packageFolder, 'public/slides/phantom-1.tif');
  if (existsSync(demo)) return demo;
  const { note } = await writePhantom({
    directory: folder,
    seed: 1,
    widthMm: 6,
    heightMm: 6,
    mpp: 1,
    maskMpp: 8,
    quality: 85,
  });
  return join(folder, note.slide);
}

/** Loads both models and measures. @throws CommandError when the first has no context or the second has one. */
async function bench(slide: Slide, openReader: OpenReader, call: BenchCall): Promise<BenchFigures> {
  const host = nodeNetworkHost(call.threads);
  const reference = nodeNetworkHost();
  const dual = await startNetwork(call.model, call, host);
  const single = await startNetwork(call.single, call, host);
  try {
    if (dual.segmenter.manifest.context === null || single.segmenter.manifest.context !== null) {
      throw wrongOptions(
        `${call.model}, ${call.single}: --model needs a model with context and --single a model without.`,
      );
    }
    const isReference = dual.backend.name === 'tfjs';
    const tfjs = isReference ? dual : await startNetwork(call.model, { backend: 'tfjs' }, reference);
    try {
      return await measure(slide, openReader, { dual, single, tfjs }, call);
    } finally {
      if (!isReference) tfjs.release();
    }
  } finally {
    dual.release();
    single.release();
  }
}

/** The networks that are compared. */
interface BenchNetworks {
  readonly dual: HostedNetwork<NodeBackendName>;
  readonly single: HostedNetwork<NodeBackendName>;
  /** The network with context on TF.js; `dual` if that is its backend. */
  readonly tfjs: HostedNetwork<NodeBackendName>;
}

async function measure(
  slide: Slide,
  openReader: OpenReader,
  networks: BenchNetworks,
  call: BenchCall,
): Promise<BenchFigures> {
  const { backend, segmenter: dual } = networks.dual;
  const isTfjs = networks.tfjs === networks.dual;
  const planOf = async (segmenter: Segmenter, area: SlideArea): Promise<SlicePlan> => {
    const request = { mpp: null, area, overlap: overlapOf(call.quality), glass: null };
    return (await planSlide(slide, segmenter.manifest, request)).plan;
  };
  const area = slideArea(centralArea(await planOf(dual, { kind: 'slide' }), call.slices));
  const plan = await planOf(dual, area);
  const singlePlan = await planOf(networks.single.segmenter, area);
  const pixels = await readPlan(slide, plan);
  // Warm-up: compiles kernels, allocates memory and settles the size of batches before anything is timed.
  const [firstRegion] = plan.regions;
  if (firstRegion === undefined) throw new CommandError(`${slide.metadata.name}: The slide has no slices.`);
  if (!isTfjs) await inferenceSeconds(networks.tfjs, { ...plan, regions: [firstRegion] }, pixels);
  for (let pass = 0; pass < warmUpRuns; pass++) {
    await runEngine(openReader, networks.single, singlePlan);
    await runEngine(openReader, networks.dual, plan);
  }

  const runs: {
    dual: EngineFigures;
    dualCpu: ProcessorTime;
    inference: number;
    inferenceCpu: ProcessorTime;
    single: EngineFigures;
    singleCpu: ProcessorTime;
    naive: EngineFigures;
    naiveCpu: ProcessorTime;
    readingCpu: ProcessorTime;
    tfjsInference: number | null;
  }[] = [];
  for (let repeat = 0; repeat < call.repeats; repeat++) {
    const [dualRun, dualCpu] = await withProcessorTime(() => runEngine(openReader, networks.dual, plan));
    const [inference, inferenceCpu] = await withProcessorTime(() =>
      inferenceSeconds(networks.dual, plan, pixels),
    );
    const tfjsInference = isTfjs ? null : await inferenceSeconds(networks.tfjs, plan, pixels);
    const [, readingCpu] = await withProcessorTime(() => readPlan(slide, plan));
    const [singleRun, singleCpu] = await withProcessorTime(() =>
      runEngine(openReader, networks.single, singlePlan),
    );
    const [naive, naiveCpu] = await withProcessorTime(() =>
      runEngine(openReader, networks.dual, unsharedContextPlan(plan)),
    );
    runs.push({
      dual: dualRun,
      dualCpu,
      inference,
      inferenceCpu,
      single: singleRun,
      singleCpu,
      naive,
      naiveCpu,
      readingCpu,
      tfjsInference,
    });
  }
  // Before ONNX Runtime Web allocates memory.
  const peakRssBytes = process.resourceUsage().maxRSS * 1024;
  const ort = await compareWithOrt(dual.manifest, ortRepeats);
  if (ort === null) warn(`tfjsOverOrtWasm was not measured: ${noOrt}`);
  const perSlice = ({ summary }: EngineFigures): number => summary.seconds / summary.slices;
  const ratio = (of: (run: (typeof runs)[number]) => number): number | null => median(runs.map(of));
  const cpuPerSlice = (cpu: ProcessorTime, { summary }: EngineFigures): number =>
    cpu.process / summary.slices;
  const stage = (name: keyof StageTimes): number | null =>
    ratio((run) => run.dual.summary.stages[name] / run.dual.summary.slices);
  const cores = availableParallelism();
  const count = plan.slices.length;
  /** Milliseconds of processor time per slice, of all threads. */
  const core = (of: (run: (typeof runs)[number]) => number): number | null => ratio((run) => of(run) / count);
  const seconds = ratio((run) => run.dual.summary.seconds) ?? NaN;
  const inference = ratio((run) => run.inference) ?? NaN;
  const last = runs.at(-1)?.dual;
  const { x, y } = micrometresPerPixel(slide, null);
  const mpx = (plan.slices.length * plan.cellWidth * plan.cellHeight) / 1e6;
  const figures = {
    slide: slide.metadata.name,
    model: dual.manifest.id,
    single: networks.single.segmenter.manifest.id,
    backend: backend.name,
    adapter: backend.device,
    quality: call.quality,
    slices: plan.slices.length,
    regions: plan.regions.length,
    repeats: call.repeats,
    batch: networks.dual.batch.size,
    batchesInFlight: networks.dual.maxInFlight,
    /** Of the network alone. */
    nativeOverTfjs: isTfjs ? null : ratio((run) => run.inference / (run.tfjsInference ?? NaN)),
    endToEndOverInference: ratio((run) => run.dual.summary.seconds / run.inference),
    /** By processor time of all threads instead of wall time, which is robust while other programs run. */
    cpuEndToEndOverInference: ratio((run) => run.dualCpu.process / run.inferenceCpu.process),
    dualOverSingle: ratio((run) => perSlice(run.dual) / perSlice(run.single)),
    naiveDualOverSingle: ratio((run) => perSlice(run.naive) / perSlice(run.single)),
    cpuDualOverSingle: ratio(
      (run) => cpuPerSlice(run.dualCpu, run.dual) / cpuPerSlice(run.singleCpu, run.single),
    ),
    cpuNaiveDualOverSingle: ratio(
      (run) => cpuPerSlice(run.naiveCpu, run.naive) / cpuPerSlice(run.singleCpu, run.single),
    ),
    seamRatio: last === undefined ? null : seamRatioOf(plan, last.map),
    tfjsOverOrtWasm:
      ort === null ? null : median(ort.tfjsMs.map((ms, repeat) => ms / (ort.ortMs[repeat] ?? NaN))),
    tfjsMs: ort === null ? null : median(ort.tfjsMs),
    ortWasmMs: ort === null ? null : median(ort.ortMs),
    ortAgreement: ort?.agreement ?? null,
    slicesPerSecond: plan.slices.length / seconds,
    mm2PerSecond: (mpx * x * y) / seconds,
    mpxPerSecond: mpx / seconds,
    gmacPerSecond: macsOf(plan, dual) / inference / 1e9,
    readMsPerSlice: stage('readMs'),
    decodeMsPerSlice: stage('decodeMs'),
    preprocessMsPerSlice: stage('preprocessMs'),
    waitMsPerSlice: stage('waitMs'),
    encodeMsPerSlice: stage('encodeMs'),
    inferMsPerSlice: stage('inferMs'),
    cores,
    readingCoreMsPerSlice: core((run) => 1000 * run.readingCpu.process),
    networkCoreMsPerSlice: core((run) => 1000 * run.inferenceCpu.process),
    engineThreadCoreMsPerSlice: core((run) => 1000 * (run.dualCpu.mainThread ?? NaN)),
    stitchCoreMsPerSlice: core((run) => run.dual.stitchMs),
    storeCoreMsPerSlice: core((run) => run.dual.storeMs),
    totalCoreMsPerSlice: core((run) => 1000 * run.dualCpu.process),
    idleCoreMsPerSlice: core((run) => 1000 * (cores * run.dual.summary.seconds - run.dualCpu.process)),
    peakRssBytes,
    peakTensorBytes: Math.max(...runs.map((run) => run.dual.peakTensorBytes)),
  };
  return Object.fromEntries(
    Object.entries(figures).map(([name, value]) => [
      name,
      typeof value !== 'number' ? value : Number.isNaN(value) ? null : rounded(value),
    ]),
  );
}

/** Runs before the first timed one: a batch's size is tried several times before a greater one is. */
const warmUpRuns = 2;

/** Runs of TF.js, and of ONNX Runtime Web. */
const ortRepeats = 15;

const noOrt = 'onnxruntime-web is not installed. Install it with "npm install onnxruntime-web@1.30.0".';

/** Multiply-accumulates of a plan, with each context encoded once. */
function macsOf(plan: SlicePlan, { manifest }: Segmenter): number {
  const { macs, macsReusedContext } = manifest;
  return plan.slices.length * macsReusedContext + plan.regions.length * (macs - macsReusedContext);
}

function rounded(value: number): number {
  return Number.isInteger(value) ? value : Number(value.toPrecision(4));
}

function table(figures: BenchFigures): string {
  const lines = Object.entries(figures).map(([name, value]) => `${name.padEnd(24)}${value ?? '-'}`);
  return `${lines.join('\n')}\n`;
}
