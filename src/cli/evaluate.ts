/** `dualscope evaluate`: measures a model on images with ground truth. */
import { inDefaultColours } from '../base/class-colours.ts';
import { markedIf, overriddenCheck } from '../base/overridden-check.ts';
import { replaceFile } from '../base/replace-file.node.ts';
import { createComparison, figuresOf, pool, type Comparison } from '../evaluation/comparison.ts';
import { figureIntervals, pooledObjects } from '../evaluation/figure-intervals.ts';
import { type ObjectCounts, objectFigures, poolObjects } from '../evaluation/objects.ts';
import type { PatientInterval } from '../evaluation/patient-bootstrap.ts';
import { mulberry32 } from '../runtime/variables.ts';
import { toRows } from '../evaluation/confusion-matrix.ts';
import { evaluationReport, type ImageRow } from '../evaluation/report/evaluation-report.ts';
import { duration } from '../evaluation/report/figures.ts';
import type { BackendRequest } from '../runtime/native/node-backends.ts';
import type { DatasetItem } from '../training/datasets/dataset.ts';
import { recordMetrics } from '../training/export-run.ts';
import { CommandError, type AddCommand, wrongOptions } from './command.ts';
import { chooseImages, evaluateImage, parsePatients, type PatientsOption } from './evaluate-image.ts';
import { asText, mppLines, type Measured } from './evaluate-text.ts';
import { requireFittingStain, startNetwork } from './run-model.ts';
import { classNames, modelFolder } from './model-folder.ts';
import {
  backendOption,
  forceOption,
  parseIntegers,
  parseMpp,
  parseNonNegative,
  parseOverlap,
  threadsOption,
} from './options.ts';
import { codeVersion } from './package-info.ts';
import { print, printJson, warn } from './terminal.ts';

interface EvaluateCall {
  readonly model: string;
  readonly data: string;
  readonly mpp?: number;
  readonly overlap: number;
  readonly symmetries?: boolean;
  readonly withoutContext?: boolean;
  readonly backend?: BackendRequest;
  readonly threads?: number;
  readonly record?: string;
  readonly recordFurther?: string;
  readonly patients?: PatientsOption;
  readonly classOfValue?: readonly number[];
  readonly tissueOnly?: boolean;
  readonly objects?: number;
  readonly html?: string;
  readonly force?: boolean;
  readonly json?: boolean;
}

/** The same images give the same intervals. */
const INTERVAL_SEED = 1;

/** Adds the command to the program. */
export const addEvaluateCommand: AddCommand = (program) => {
  program
    .command('evaluate')
    .description(
      'Segment all images of a folder and compare them with their ground truth: annotations of the same name, ' +
        "index masks with index.csv, or the slices published by the paper's authors. Reports confusion matrix, " +
        'IoU, mIoU, accuracy, BACH score and calibration, over all pixels and per image. On the dataset that ' +
        'the model was trained on, measures only held-out patients.',
    )
    .requiredOption('--model <id>', 'id of a model in models/, or a model folder')
    .requiredOption('--data <dir>', 'folder of the dataset')
    .option('--patients <names>', 'only these patients, comma-separated; "all" for all', parsePatients)
    .option('--class-of-value <classes>', 'class of each index mask value, comma-separated', parseIntegers(0))
    .option('--mpp <um>', 'µm per pixel, for images without one; replaces what others state', parseMpp)
    .option('--tissue-only', 'ignore background of annotated slides')
    .option('--overlap <share>', 'overlap of neighbouring slices, 0 to 0.5', parseOverlap, 0)
    .option('--symmetries', 'average over the eight orientations of each slice, in eight times the time')
    .option('--without-context', 'leave the context out, with a model trained to do without it')
    .option(
      '--objects <um2>',
      'also compare objects (connected pieces of all classes but the background): F1 of detection, object Dice and ' +
        'Hausdorff distance as in the GlaS contest; predicted pieces smaller than this are ignored',
      parseNonNegative,
    )
    .addOption(backendOption())
    .addOption(threadsOption())
    .option(
      '--record <data>',
      "store the metrics in the model's manifest and card, under this name of the data",
    )
    .option('--record-further <data>', 'the same, in addition to the stored metrics, for other data')
    .option('--html <file>', 'write a report as one HTML file')
    .addOption(forceOption())
    .option('--json', 'print one JSON object')
    .action(evaluate);
};

async function evaluate(call: EvaluateCall): Promise<void> {
  const overridden = call.force === true;
  if (overridden && (call.record !== undefined || call.recordFurther !== undefined)) {
    throw wrongOptions(
      "--record and --record-further store figures in the model's card, which only a model that passes its check gets: " +
        'leave --force out, or print the figures with --json or --html.',
    );
  }
  if (call.withoutContext === true && (call.record !== undefined || call.recordFurther !== undefined)) {
    throw wrongOptions(
      "A model's card holds its figures with its context: leave --without-context out, or print the figures with --json.",
    );
  }
  const network = await startNetwork(call.model, call);
  const { manifest, failedCheck } = network.segmenter;
  const names = classNames(manifest);
  const { images, split } = await chooseImages(manifest, call);
  const pooled = createComparison(names.length);
  const patients = new Map<string, PatientSums>();
  const slides: (ImageRow & { slide: string; ece: number | null; seconds: number; mppNote?: string })[] = [];
  const mppNotes = new Map<string, number>();
  const start = performance.now();
  for (const item of images) {
    const imageStart = performance.now();
    const { comparison, broken, objects, mppNote } = await evaluateImage(
      item,
      network,
      call.overlap,
      call.objects ?? null,
      {
        mppGiver: call.mpp === undefined ? "the data's" : '--mpp',
        check: (slide) => requireFittingStain(slide, manifest, { force: overridden }),
      },
    );
    if (mppNote !== null) {
      // Once for all images that state the same.
      if (!mppNotes.has(mppNote)) warn(`${item.image}: ${mppNote}`);
      mppNotes.set(mppNote, (mppNotes.get(mppNote) ?? 0) + 1);
    }
    pool(pooled, comparison);
    addToPatient(patients, item, comparison, objects);
    const { calibration, ...metrics } = figuresOf(comparison);
    const seconds = (performance.now() - imageStart) / 1000;
    const { name, patient, image } = item;
    slides.push({
      ...{ slide: image, image: name, patient, ...metrics, ece: calibration.ece, broken, seconds },
      ...(mppNote !== null && { mppNote }),
    });
  }
  const { backend } = network;
  network.release();
  const { calibration, ...metrics } = figuresOf(pooled);
  const objects = call.objects === undefined ? null : objectFigures(pooledObjects([...patients.values()]));
  const intervals = figureIntervals(
    [...patients.values()].map((sums) => ({ confusion: sums.comparison.confusion, objects: sums.objects })),
    () => mulberry32(INTERVAL_SEED),
  );
  const measured = { pooled, intervals, objects };
  if (call.record !== undefined) await record(call.model, call.record, measured, 'metrics');
  if (call.recordFurther !== undefined) {
    await record(call.model, call.recordFurther, measured, 'furtherMetrics');
  }
  const seconds = (performance.now() - start) / 1000;
  if (call.html !== undefined) {
    const report = evaluationReport({
      model: manifest.id,
      title: markedIf(overridden, manifest.title),
      intendedUse: manifest.intendedUse,
      data: call.data,
      classes: inDefaultColours(manifest.classes),
      confusion: pooled.confusion,
      calibration,
      images: slides,
      settings: [
        ['Images', split],
        ['Overlap of slices', `${String(100 * call.overlap)} %`],
        ...(call.symmetries === true ? [['Orientations', '8, averaged'] as [string, string]] : []),
        ...(call.withoutContext === true ? [['Context', 'left out'] as [string, string]] : []),
        [
          'Background',
          images.some((item) => 'counted' in item) ? 'ignored' : 'counts as the background class',
        ],
        ...mppLines(mppNotes).map((line): [string, string] => ['µm per pixel', line]),
        ['Backend', backend.name],
        ['Duration', duration(seconds)],
        ['Model check', overridden ? overriddenCheck : 'passed'],
        ['Training data', manifest.provenance.data],
        ['Split', manifest.provenance.split],
        ['Weights', `${manifest.graph.dtype}, ${manifest.graph.weightsSha256.slice(0, 16)}`],
      ],
      date: new Date().toISOString().slice(0, 10),
      codeVersion: await codeVersion(),
    });
    await replaceFile(call.html, report).catch((error: unknown) => {
      throw new CommandError(`${String(call.html)}: Can't write the report (${(error as Error).message}).`);
    });
  }
  const result = {
    model: manifest.id,
    modelCheck: overridden ? 'overridden' : 'passed',
    ...(failedCheck !== undefined && { modelProblem: failedCheck }),
    data: call.data,
    classes: names,
    confusion: toRows(pooled.confusion),
    ...metrics,
    objects,
    intervals,
    calibration,
    split,
    backend: backend.name,
    seconds,
    slides,
  };
  if (call.json === true) printJson(result);
  else print(asText(manifest, call, split, measured, slides, mppNotes));
}

/** What the images of one patient gave. */
interface PatientSums {
  readonly comparison: Comparison;
  readonly objects: ObjectCounts | null;
}

/** Adds an image to its patient, or as a patient of its own if it has none. */
function addToPatient(
  patients: Map<string, PatientSums>,
  { image, patient }: DatasetItem,
  comparison: Comparison,
  objects: ObjectCounts | null,
): void {
  const key = patient ?? image;
  const known = patients.get(key);
  if (known === undefined) {
    patients.set(key, { comparison, objects });
    return;
  }
  pool(known.comparison, comparison);
  if (known.objects !== null && objects !== null) poolObjects(known.objects, objects);
}

/** Stores metrics in the model's manifest and card. @throws CommandError if no pixel was compared. */
async function record(
  model: string,
  data: string,
  { pooled, intervals, objects }: Measured,
  place: 'metrics' | 'furtherMetrics',
): Promise<void> {
  const { miou, iou, accuracy, score, calibration } = figuresOf(pooled);
  if (miou === null || accuracy === null) throw new CommandError(`${data}: No pixel was compared.`);
  const { ece } = calibration;
  const range = (interval: PatientInterval | null): [number, number] | null =>
    interval === null ? null : [interval.low, interval.high];
  const metrics = {
    data,
    miou,
    iou: [...iou],
    accuracy,
    score,
    ...(ece === null ? {} : { ece }),
    ...(objects === null ? {} : { objects }),
    ...(intervals.miou === null
      ? {}
      : {
          intervals: {
            patients: intervals.patients,
            miou: range(intervals.miou),
            iou: intervals.iou.map(range),
            ...(intervals.objects === null
              ? {}
              : { objectF1: range(intervals.objects.f1), objectDice: range(intervals.objects.dice) }),
          },
        }),
  };
  await recordMetrics(modelFolder(model), metrics, place);
}
