/** `dualscope evaluate`: measures a model on images with ground truth. */
import { markedIf, overriddenCheck } from '../base/overridden-check.ts';
import { replaceFile } from '../base/replace-file.node.ts';
import { createComparison, figuresOf, pool, type Comparison } from '../evaluation/comparison.ts';
import { figureIntervals, type FigureIntervals, pooledObjects } from '../evaluation/figure-intervals.ts';
import { type ObjectCounts, type ObjectFigures, objectFigures, poolObjects } from '../evaluation/objects.ts';
import type { PatientInterval } from '../evaluation/patient-bootstrap.ts';
import { mulberry32 } from '../runtime/variables.ts';
import { toRows } from '../evaluation/confusion-matrix.ts';
import { imagesTable, metricsTable } from '../evaluation/metrics-table.ts';
import { evaluationReport, type ImageRow } from '../evaluation/report/evaluation-report.ts';
import { duration } from '../evaluation/report/figures.ts';
import type { BackendRequest } from '../runtime/native/node-backends.ts';
import type { ModelManifest } from '../runtime/manifest.ts';
import type { DatasetItem } from '../training/datasets/dataset.ts';
import { recordMetrics } from '../training/export-run.ts';
import { CommandError, type AddCommand, wrongOptions } from './command.ts';
import { chooseImages, evaluateImage, parsePatients, type PatientsOption } from './evaluate-image.ts';
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
import { terminalText } from '../base/terminal-text.ts';
import { print, printJson } from './terminal.ts';

interface EvaluateCall {
  readonly model: string;
  readonly data: string;
  readonly mpp?: number;
  readonly overlap: number;
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

/** Up to this many images are listed in the terminal. */
const maxListedImages = 40;

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
    .option('--mpp <um>', 'µm per pixel, for images without one', parseMpp)
    .option('--tissue-only', 'ignore background of annotated slides')
    .option('--overlap <share>', 'overlap of neighbouring slices, 0 to 0.5', parseOverlap, 0)
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
  const network = await startNetwork(call.model, call);
  const { manifest, failedCheck } = network.segmenter;
  const names = classNames(manifest);
  const { images, split } = await chooseImages(manifest, call);
  const pooled = createComparison(names.length);
  const patients = new Map<string, PatientSums>();
  const slides: (ImageRow & { slide: string; ece: number | null; seconds: number })[] = [];
  const start = performance.now();
  for (const item of images) {
    const imageStart = performance.now();
    const { comparison, broken, objects } = await evaluateImage(
      item,
      network,
      call.overlap,
      call.objects ?? null,
      (slide) => requireFittingStain(slide, manifest, overridden),
    );
    pool(pooled, comparison);
    addToPatient(patients, item, comparison, objects);
    const { calibration, ...metrics } = figuresOf(comparison);
    const seconds = (performance.now() - imageStart) / 1000;
    const { name, patient, image } = item;
    slides.push({ slide: image, image: name, patient, ...metrics, ece: calibration.ece, broken, seconds });
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
      classes: manifest.classes,
      confusion: pooled.confusion,
      calibration,
      images: slides,
      settings: [
        ['Images', split],
        ['Overlap of slices', `${String(100 * call.overlap)} %`],
        [
          'Background',
          images.some((item) => 'counted' in item) ? 'ignored' : 'counts as the background class',
        ],
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
  else print(asText(manifest, call, split, measured, slides));
}

function asText(
  manifest: ModelManifest,
  { data, force = false }: EvaluateCall,
  split: string,
  { pooled, intervals, objects }: Measured,
  slides: readonly (ImageRow & { ece: number | null })[],
): string {
  const { ece, overconfidence } = figuresOf(pooled).calibration;
  const calibration =
    ece === null || overconfidence === null
      ? ''
      : `calibration error (ECE) ${ece.toFixed(4)}   mean confidence minus accuracy ${overconfidence.toFixed(4)}\n`;
  const list =
    slides.length > maxListedImages
      ? `For all ${String(slides.length)} images, use --json or --html.`
      : imagesTable(slides, manifest.classes.length === 4);
  const count = `${String(slides.length)} ${slides.length === 1 ? 'image' : 'images'}`;
  return (
    `${terminalText(markedIf(force, `${manifest.id} on ${count} of ${data} (${split})`))}\n\n` +
    `${metricsTable(pooled.confusion, classNames(manifest))}\n${calibration}` +
    `${objects === null ? '' : objectsText(objects)}${intervalsText(intervals)}\n${list}\n`
  );
}

/** What all images together gave. */
interface Measured {
  readonly pooled: Comparison;
  readonly intervals: FigureIntervals;
  readonly objects: ObjectFigures | null;
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

const text3 = (value: number | null): string => (value === null ? 'none' : value.toFixed(3));

function objectsText({ f1, dice, hausdorff }: ObjectFigures): string {
  const distance = hausdorff === null ? 'none' : `${hausdorff.toFixed(1)} µm`;
  return `objects: F1 ${text3(f1)}   Dice ${text3(dice)}   Hausdorff ${distance}\n`;
}

function intervalsText({ patients, miou, accuracy }: FigureIntervals): string {
  if (miou === null || accuracy === null) return '';
  const range = ({ low, high }: PatientInterval): string => `${low.toFixed(3)} to ${high.toFixed(3)}`;
  return `95 % over ${String(patients)} patients: mIoU ${range(miou)}   accuracy ${range(accuracy)}\n`;
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
