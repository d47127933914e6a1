/** Measures a training run on its validation patients and writes its report. */
import os from 'node:os';
import { type Comparison, createComparison, figuresOf, pool } from '../evaluation/comparison.ts';
import { duration } from '../evaluation/report/figures.ts';
import { classPicture, rgbPicture } from '../evaluation/report/pictures.ts';
import {
  type DataPart,
  type ExampleSlice,
  trainingReport,
  type ValidationPoint,
} from '../evaluation/report/training-report.ts';
import type { Preset } from '../model/presets.ts';
import type { ReadFile } from '../runtime/model-files.ts';
import { ModelError } from '../runtime/manifest.ts';
import type { InputImage, Segmenter } from '../runtime/segmenter.ts';
import type { Weights } from '../runtime/variables.ts';
import type { DatasetItem } from '../training/datasets/dataset.ts';
import { exportRun } from '../training/export-run.ts';
import { uncounted } from '../training/labelled-image.ts';
import type { Sample, SampleSource } from '../training/sample.ts';
import type { TrainingConfig } from '../training/training-config.ts';
import type { TrainedNetwork } from '../training/training-run.ts';
import { fixedNetwork } from '../segment/network.ts';
import { evaluateImage } from './evaluate-image.ts';

export interface RunReport {
  readonly preset: Preset;
  readonly config: TrainingConfig;
  readonly trained: TrainedNetwork;
  readonly data: readonly DataPart[];
  /** Results of the kept weights; null without validation patients. */
  readonly validated: Comparison | null;
  readonly examples: readonly ExampleSlice[];
  readonly seconds: number;
  /** Since the run was last started; 0 if no step was taken. */
  readonly samplesPerSecond: number;
  readonly threads: number;
  readonly backend: string;
  readonly codeVersion: string;
}

export function runReport(run: RunReport): string {
  const { preset, config, trained, validated } = run;
  const figures = validated === null ? null : figuresOf(validated);
  const { intendedUse } = config.provenance;
  return trainingReport({
    id: config.id,
    title: config.title,
    description: config.description,
    state:
      trained.steps === config.steps
        ? `finished after ${String(trained.steps)} steps`
        : `stopped after step ${String(trained.steps)} of ${String(config.steps)}`,
    intendedUse,
    classes: config.classes,
    config: { ...config, classes: config.classes.map(({ name }) => name).join(', ') },
    data: run.data,
    losses: trained.losses.map((loss, i) => ({ step: i + 1, loss })),
    validation: trained.validation,
    keptStep: trained.keptStep,
    confusion: validated?.confusion ?? null,
    calibration: figures?.calibration ?? null,
    examples: run.examples,
    cost: [
      ['Duration', duration(run.seconds)],
      ...(run.samplesPerSecond > 0 ? [['Samples per second', run.samplesPerSecond.toFixed(2)] as const] : []),
      ['Threads', String(run.threads)],
      ['Peak memory', `${String(Math.round(process.resourceUsage().maxRSS / 1000))} MB`],
      [
        'Slice',
        `${String(preset.slicePx)} × ${String(preset.slicePx)} pixels, ${String(preset.sliceFieldUm)} µm`,
      ],
    ],
    environment: [
      ['Backend', run.backend],
      ['Processor', `${os.cpus()[0]?.model ?? 'unknown'}, ${String(os.availableParallelism())} cores`],
      ['Node', process.versions.node],
      ['System', `${os.type()} ${os.release()}`],
    ],
    date: new Date().toISOString().slice(0, 10),
    codeVersion: run.codeVersion,
  });
}

/** Images and patients for the report. */
export function dataPart(name: string, items: readonly DatasetItem[]): DataPart {
  const patients = new Set(items.flatMap(({ patient }) => (patient === null ? [] : [patient])));
  return { name, images: items.length, patients: [...patients] };
}

/** Example slices for the report: predictions for samples that training did not draw. */
export async function exampleSlices(
  samples: SampleSource,
  segmenter: Segmenter,
  { slicePx, contextPx }: Preset,
  config: TrainingConfig,
  from: { readonly first: number; readonly count: number; readonly of: string },
): Promise<ExampleSlice[]> {
  const colours = config.classes.map(({ colour }) => colour);
  const examples: ExampleSlice[] = [];
  for (let i = 0; i < from.count; i++) {
    const sample = await samples.sample(from.first + i);
    const { classes } = await predict(sample, segmenter, slicePx, contextPx);
    let counted = 0;
    let correct = 0;
    sample.classes.forEach((truth, at) => {
      if (truth === uncounted) return;
      counted++;
      if (truth === classes[at]) correct++;
    });
    examples.push({
      name: `${from.of}, sample ${String(i + 1)}`,
      slice: rgbPicture(sample.slice, slicePx, slicePx),
      context: sample.context === null ? null : rgbPicture(sample.context, contextPx ?? 0, contextPx ?? 0),
      truth: classPicture(sample.classes, slicePx, slicePx, colours),
      prediction: classPicture(classes, slicePx, slicePx, colours),
      accuracy: counted === 0 ? null : correct / counted,
    });
  }
  return examples;
}

async function predict(
  { slice, context, place }: Sample,
  segmenter: Segmenter,
  slicePx: number,
  contextPx: number | null,
): Promise<{ classes: Uint8Array }> {
  if (context === null || contextPx === null) return segmenter.segment(image(slice, slicePx), null, null);
  const features = segmenter.encodeContext(image(context, contextPx));
  try {
    return await segmenter.segment(image(slice, slicePx), features, place);
  } finally {
    features.dispose();
  }
}

/** [side, side, 3] as an opaque image. */
function image(rgb: Uint8Array, side: number): InputImage {
  const data = new Uint8ClampedArray(side * side * 4).fill(255);
  for (let from = 0, to = 0; from < rgb.length; from += 3, to += 4)
    data.set(rgb.subarray(from, from + 3), to);
  return { width: side, height: side, data };
}

export interface Validator {
  readonly loadModel: (id: string, readFile: ReadFile) => Promise<Segmenter>;
  readonly preset: Preset;
  readonly config: TrainingConfig;
  readonly items: readonly DatasetItem[];
  /** Input of the export's golden check. */
  readonly unseen: Sample;
}

/**
 * Exports weights as they would ship and runs them with the engine on the validation patients: slices without
 * overlap, all images pooled.
 * @throws ModelError, SlideError, DatasetError
 */
export async function validateWeights(
  { loadModel, preset, config, items, unseen }: Validator,
  weights: Weights,
  step: number,
): Promise<{ point: ValidationPoint; comparison: Comparison }> {
  const { files } = await exportRun({
    preset,
    config,
    weights,
    unseen: [unseen],
    steps: step,
    metrics: null,
    date: new Date().toISOString().slice(0, 10),
    codeVersion: '',
  });
  const segmenter = await loadModel(config.id, (name) => {
    const bytes = files.get(name);
    return bytes === undefined
      ? Promise.reject(
          new ModelError(
            'not-found',
            name,
            'The export has no such file.',
            'This is a bug in Dualscope; please report it.',
          ),
        )
      : Promise.resolve(new Uint8Array(bytes));
  });
  try {
    const pooled = createComparison(config.classes.length);
    for (const item of items)
      pool(pooled, (await evaluateImage(item, fixedNetwork(segmenter), 0)).comparison);
    const { iou, miou, accuracy } = figuresOf(pooled);
    return { point: { step, loss: null, iou, miou, accuracy }, comparison: pooled };
  } finally {
    segmenter.dispose();
  }
}
