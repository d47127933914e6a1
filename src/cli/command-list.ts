/** The commands by name. Each is loaded when it is called: help and mistyped names answer at once. */
import type { AddCommand } from './command.ts';

export interface ListedCommand {
  readonly name: string;
  /** One line in the list of commands; the command itself describes its details. */
  readonly summary: string;
  readonly load: () => Promise<AddCommand>;
}

/** All commands, in the order of their names. */
export const commands: readonly ListedCommand[] = [
  {
    name: 'bench',
    summary: 'measure the speed of the engine on this machine',
    load: async () => (await import('./bench.ts')).addBenchCommand,
  },
  {
    name: 'cohort',
    summary: 'segment many slides: plan, jobs, table and gallery',
    load: async () => (await import('./cohort.ts')).addCohortCommand,
  },
  {
    name: 'compare',
    summary: 'test the difference between two evaluations',
    load: async () => (await import('./compare.ts')).addCompareCommand,
  },
  {
    name: 'dicom',
    summary: 'write annotations as DICOM SEG or ANN',
    load: async () => (await import('./dicom.ts')).addDicomCommand,
  },
  {
    name: 'domain',
    summary: 'measure how far images are from what a model was trained on',
    load: async () => (await import('./domain.ts')).addDomainCommand,
  },
  {
    name: 'evaluate',
    summary: 'measure a model against ground truth',
    load: async () => (await import('./evaluate.ts')).addEvaluateCommand,
  },
  {
    name: 'export',
    summary: 'write a model for other programs: ONNX, TF.js, safetensors',
    load: async () => (await import('./export.ts')).addExportCommand,
  },
  {
    name: 'merge',
    summary: 'merge the shards of a slide',
    load: async () => (await import('./merge.ts')).addMergeCommand,
  },
  {
    name: 'models',
    summary: 'list the installed models: what they are for, and how good they are',
    load: async () => (await import('./models.ts')).addModelsCommand,
  },
  {
    name: 'phantom',
    summary: 'write synthetic slides with ground truth',
    load: async () => (await import('./phantom.ts')).addPhantomCommand,
  },
  {
    name: 'reproduce',
    summary: 'train and measure every row of the study',
    load: async () => (await import('./reproduce.ts')).addReproduceCommand,
  },
  {
    name: 'segment',
    summary: 'segment a slide: class map, polygons, areas',
    load: async () => (await import('./segment.ts')).addSegmentCommand,
  },
  {
    name: 'serve',
    summary: 'serve the app on this machine',
    load: async () => (await import('./serve.ts')).addServeCommand,
  },
  {
    name: 'slide',
    summary: 'show what a slide file contains; export a region',
    load: async () => (await import('./slide.ts')).addSlideCommand,
  },
  {
    name: 'stain',
    summary: 'separate the stains of a slide; positive share and H-score',
    load: async () => (await import('./stain.ts')).addStainCommand,
  },
  {
    name: 'train',
    summary: 'train a network and export it as a model',
    load: async () => (await import('./train.ts')).addTrainCommand,
  },
  {
    name: 'zoo',
    summary: 'list every network preset with its size and cost',
    load: async () => (await import('./zoo.ts')).addZooCommand,
  },
];
