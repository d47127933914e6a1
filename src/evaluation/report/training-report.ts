/** The report of a training run: its course, its results on validation data, examples and costs. */
import type { CalibrationFigures } from '../calibration.ts';
import type { ConfusionMatrix } from '../confusion-matrix.ts';
import { decimal, whole } from './figures.ts';
import { condensed, lineChart, type ChartSeries } from './line-chart.ts';
import { markup, safePicture, type Markup } from './markup.ts';
import {
  classLegend,
  confusionTable,
  headlineOf,
  lineColour,
  reliability,
  type ReportClass,
} from './measures.ts';
import { factList, reportPage, table, type FactRows, type ReportSection } from './page.ts';

/** Loss of a step, counted from 1. */
export interface LossPoint {
  readonly step: number;
  readonly loss: number;
}

/** Measurements on validation data after a step. Fractions from 0 to 1. */
export interface ValidationPoint {
  readonly step: number;
  /** null when the loss was not measured. */
  readonly loss: number | null;
  /** Per class; null for one that occurs neither in the truth nor in the prediction. */
  readonly iou: readonly (number | null)[];
  readonly miou: number | null;
  readonly accuracy: number | null;
}

/** A slice with its prediction and truth; pictures are data URLs (`rgbPicture`, `classPicture`). */
export interface ExampleSlice {
  /** Its image, and its position there. */
  readonly name: string;
  readonly slice: string;
  /** null for single-input networks. */
  readonly context: string | null;
  readonly truth: string;
  readonly prediction: string;
  /** Share of its pixels that are right, 0 to 1; null when not computed. */
  readonly accuracy: number | null;
}

/** Images and patients of a part of the data. */
export interface DataPart {
  /** "training", "validation", "held out". */
  readonly name: string;
  readonly images: number;
  /** Empty when the dataset names none. */
  readonly patients: readonly string[];
}

export interface TrainingReport {
  /** Of the run, and of the model it produces. */
  readonly id: string;
  readonly title: string;
  readonly description: string;
  /** How it ended: "finished after 800 steps", "stopped after step 400 of 800". */
  readonly state: string;
  /** What the model is for, and what it is not for; "Research use only." is prepended. */
  readonly intendedUse: string;
  readonly classes: readonly ReportClass[];
  /** The configuration as read; nested fields get dotted names. */
  readonly config: Readonly<Record<string, unknown>>;
  readonly data: readonly DataPart[];
  /** One per step, in order. */
  readonly losses: readonly LossPoint[];
  /** In order of steps; empty when nothing was measured during training. */
  readonly validation: readonly ValidationPoint[];
  /** The step whose weights were kept, chosen by validation alone; null for the last step. */
  readonly keptStep: number | null;
  /** Of the kept weights on validation data; null when not measured. */
  readonly confusion: ConfusionMatrix | null;
  readonly calibration: CalibrationFigures | null;
  /** Chosen before training, as the report states; ideally one of each class. */
  readonly examples: readonly ExampleSlice[];
  /** Duration, samples per second, memory, price: name and value. */
  readonly cost: FactRows;
  /** Backend, processors, versions. */
  readonly environment: FactRows;
  /** ISO date and version of the program. */
  readonly date: string;
  readonly codeVersion: string;
}

/** Points of a drawn loss curve. */
const curvePoints = 160;
/** Patients listed by name; the rest are only counted. */
const namedPatients = 40;

/**
 * The report as one self-contained HTML file.
 * @throws RangeError for an invalid colour or picture.
 */
export function trainingReport(run: TrainingReport): string {
  const { id, title, confusion, calibration, losses, validation } = run;
  const lastLoss = losses.at(-1);
  const headline: FactRows =
    confusion === null
      ? [['Last training loss', decimal(lastLoss?.loss ?? null)]]
      : headlineOf(confusion, calibration);
  const sections: (ReportSection | null)[] = [
    { title: 'Training progress', note: courseNote(run), body: course(run) },
    confusion === null
      ? null
      : {
          title: 'Confusion matrix on validation data',
          note: `Shares of the true class's pixels, with the weights of step ${whole(run.keptStep ?? lastLoss?.step ?? 0)}.`,
          body: confusionTable(confusion, run.classes),
        },
    calibration === null
      ? null
      : {
          title: 'Calibration on validation data',
          note: `Expected calibration error ${decimal(calibration.ece)}: the mean gap between confidence and accuracy.`,
          body: reliability(calibration),
        },
    run.examples.length === 0
      ? null
      : { title: 'Examples', note: examplesNote(run.examples), body: examples(run) },
    { title: 'Data', body: dataTable(run.data) },
    { title: 'Cost', body: factList(run.cost) },
    { title: 'Environment', body: factList(run.environment) },
    { title: 'Configuration', body: factList(flattened(run.config)) },
    validation.length === 0 && losses.length === 0
      ? null
      : { title: 'Figures behind the curves', body: figures(run) },
  ];
  return reportPage({
    title: `Training of ${title}`,
    subtitle: `${id} · ${run.state} · ${run.description}`,
    notice: `Research use only. ${run.intendedUse}`,
    headline,
    sections: sections.filter((section) => section !== null),
    footer: `Written by dualscope ${run.codeVersion} on ${run.date}.`,
  });
}

function courseNote({ validation, keptStep }: TrainingReport): string {
  const loss = 'The training loss is shown as means of neighbouring steps; the band is their range.';
  if (validation.length === 0) return `${loss} Nothing was measured on validation data during training.`;
  return keptStep === null
    ? `${loss} Validation uses patients that training does not see; the last weights were kept.`
    : `${loss} Validation uses patients that training does not see; the weights of step ${whole(keptStep)} were kept.`;
}

function course({ losses, validation, classes, keptStep }: TrainingReport): Markup {
  const marks = keptStep === null ? [] : [{ x: keptStep, name: 'kept' }];
  const steps = [...losses, ...validation].map(({ step }) => step);
  const xRange = [0, Math.max(1, ...steps)] as const;
  const measured = validation.filter(({ loss }) => loss !== null);
  const lossSeries: ChartSeries[] = [
    {
      name: 'training',
      colour: 'var(--first)',
      points: condensed(
        losses.map(({ step, loss }) => ({ x: step, y: loss })),
        curvePoints,
      ),
    },
  ];
  if (measured.length > 0) {
    const points = measured.map(({ step, loss }) => ({ x: step, y: loss }));
    lossSeries.push({ name: 'validation', colour: 'var(--second)', points });
  }
  const lossChart = lineChart({
    label: 'Loss by step',
    xName: 'step',
    yName: 'loss',
    yMax: null,
    xRange,
    marks,
    series: lossSeries,
  });
  if (validation.length === 0) return markup`<div class="side-by-side"><figure>${lossChart}</figure></div>`;
  const dashes = ['none', '8 3', '3 3', '10 3 3 3'];
  const iouChart = lineChart({
    label: 'IoU per class on validation data, by step',
    xName: 'step',
    yName: 'IoU on validation data',
    yMax: 1,
    xRange,
    marks,
    series: [
      ...classes.map(({ name, colour }, i): ChartSeries => ({
        name,
        colour: lineColour({ name, colour }),
        dash: dashes[i % dashes.length] ?? 'none',
        points: validation.map(({ step, iou }) => ({ x: step, y: iou[i] ?? null })),
      })),
      {
        name: 'mean (mIoU)',
        colour: 'var(--text)',
        points: validation.map(({ step, miou }) => ({ x: step, y: miou })),
      },
    ],
  });
  return markup`<div class="side-by-side"><figure>${lossChart}</figure><figure>${iouChart}</figure></div>`;
}

function examplesNote(list: readonly ExampleSlice[]): string {
  const one = list[0];
  const pictures =
    one?.context == null ? 'slice, truth, prediction' : 'slice, its context, truth, prediction';
  return `From left to right: ${pictures}. Chosen before training, not by their results. Black pixels of the truth do not count.`;
}

function examples({ examples: list, classes }: TrainingReport): Markup {
  return markup`${classLegend(classes)}<div class="examples">${list.map(
    ({ name, slice, context, truth, prediction, accuracy }) => markup`<figure>
<div class="pictures">
${picture('slice', slice, name)}${context === null ? null : picture('context', context, name)}${picture('truth', truth, name, true)}${picture('prediction', prediction, name, true)}</div>
<figcaption>${name}${accuracy === null ? null : `: ${decimal(100 * accuracy, 1)} % right`}</figcaption>
</figure>
`,
  )}</div>`;
}

function picture(what: string, url: string, of: string, isClasses = false): Markup {
  return markup`<div${isClasses ? markup` class="classes"` : null}><img src="${safePicture(url)}" alt="${what} of ${of}">${what}</div>
`;
}

function dataTable(parts: readonly DataPart[]): Markup {
  const rows = parts.map(({ name, images, patients }) => [
    name,
    whole(images),
    patients.length === 0 ? '–' : whole(patients.length),
    patients.length > namedPatients
      ? `${patients.slice(0, namedPatients).join(', ')} …`
      : patients.join(', '),
  ]);
  return table('Data', ['part', 'images', 'patients', 'names of patients'], rows, [3]);
}

/** The measured points as a collapsed table: for exact figures, and for screen readers. */
function figures({ losses, validation, classes }: TrainingReport): Markup {
  const sparse = condensed(
    losses.map(({ step, loss }) => ({ x: step, y: loss })),
    40,
  );
  const lossTable = table(
    'Training loss',
    ['step', 'training loss'],
    sparse.map(({ x, y }) => [whole(x), decimal(y, 4)]),
  );
  const header = ['step', 'validation loss', 'mIoU', 'accuracy', ...classes.map(({ name }) => `IoU ${name}`)];
  const validationTable = table(
    'Validation',
    header,
    validation.map(({ step, loss, miou, accuracy, iou }) => [
      whole(step),
      decimal(loss, 4),
      decimal(miou),
      decimal(accuracy),
      ...classes.map((_, i) => decimal(iou[i] ?? null)),
    ]),
  );
  return markup`<details><summary>Show as tables</summary><div class="side-by-side">${validation.length === 0 ? null : validationTable}${lossTable}</div></details>`;
}

/** A configuration as names and values: { optimiser: { momentum: 0.9 } } as "optimiser.momentum", "0.9". */
function flattened(value: Readonly<Record<string, unknown>>, prefix = ''): FactRows {
  return Object.entries(value).flatMap(([key, inner]): FactRows => {
    const name = prefix + key;
    if (typeof inner !== 'object' || inner === null) {
      return inner === undefined ? [] : [[name, typeof inner === 'string' ? inner : JSON.stringify(inner)]];
    }
    if (Array.isArray(inner)) {
      const isFlat = inner.every((each) => typeof each !== 'object' || each === null);
      if (isFlat) return [[name, inner.join(', ')]];
      // One line per item of a list of objects: classes, mostly.
      return inner.map((each, i) => {
        const facts = flattened(each as Record<string, unknown>);
        return [`${name}.${i}`, facts.map(([field, text]) => `${field} ${text}`).join(', ')];
      });
    }
    return flattened(inner as Record<string, unknown>, `${name}.`);
  });
}
