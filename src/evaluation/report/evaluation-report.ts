/** The report of `dualscope evaluate`: a model's figures on images with ground truth. */
import type { CalibrationFigures } from '../calibration.ts';
import type { ConfusionMatrix } from '../confusion-matrix.ts';
import { metricsOf, type Metrics } from '../metrics.ts';
import { decimal, whole } from './figures.ts';
import { confusionTable, headlineOf, reliability, type ReportClass } from './measures.ts';
import { factList, reportPage, table, type FactRows } from './page.ts';

/** Figures of one image alone. */
export interface ImageRow extends Metrics {
  readonly image: string;
  readonly patient: string | null;
  /** Slices that could not be read; their pixels are not counted. */
  readonly broken: number;
}

export interface EvaluationReport {
  readonly model: string;
  readonly title: string;
  /** What the model is for, and what it is not for. */
  readonly intendedUse: string;
  /** The dataset: its folder, or a description. */
  readonly data: string;
  readonly classes: readonly ReportClass[];
  readonly confusion: ConfusionMatrix;
  readonly calibration: CalibrationFigures;
  readonly images: readonly ImageRow[];
  /** Overlap, backend, duration, split: name and value. */
  readonly settings: FactRows;
  readonly date: string;
  readonly codeVersion: string;
}

/** The report as one self-contained HTML file. @throws RangeError for an invalid colour. */
export function evaluationReport(report: EvaluationReport): string {
  const { model, title, data, classes, confusion, calibration, images } = report;
  const hasScore = classes.length === 4;
  const names = classes.map(({ name }) => name);
  return reportPage({
    title: `${title} on ${data}`,
    subtitle: `${model} · ${whole(images.length)} ${images.length === 1 ? 'image' : 'images'} · one confusion matrix over all their pixels`,
    notice: `Research use only. ${report.intendedUse}`,
    headline: headlineOf(confusion, calibration),
    sections: [
      {
        title: 'Confusion matrix',
        note: "Shares of the true class's pixels. IoU is per class; mIoU is the plain mean of the classes that occur.",
        body: confusionTable(confusion, classes),
      },
      {
        title: 'Calibration',
        note: calibrationNote(calibration),
        body: reliability(calibration),
      },
      {
        title: 'Per image',
        note: 'Each image has its own confusion matrix. Few classes occur in one image, so these figures vary more than the overall ones.',
        body: table(
          'Per image',
          [
            'image',
            'patient',
            'mIoU',
            'accuracy',
            ...(hasScore ? ['score'] : []),
            ...names.map((name) => `IoU ${name}`),
            'pixels',
            'broken slices',
          ],
          images.map((row) => [
            row.image,
            row.patient ?? '–',
            decimal(row.miou),
            decimal(row.accuracy),
            ...(hasScore ? [decimal(row.score)] : []),
            ...names.map((_, i) => decimal(row.iou[i] ?? null)),
            whole(row.pixels),
            whole(row.broken),
          ]),
        ),
      },
      { title: 'Settings', body: factList(report.settings) },
    ],
    footer: `Written by dualscope ${report.codeVersion} on ${report.date}. ${whole(metricsOf(confusion).pixels)} pixels compared at the slices' resolution.`,
  });
}

function calibrationNote({ ece, mce, overconfidence }: CalibrationFigures): string {
  if (ece === null || overconfidence === null) return 'No pixels were compared.';
  const tendency = overconfidence > 0 ? 'overconfident' : 'underconfident';
  return (
    `Expected calibration error ${decimal(ece)}, largest in a bin ${decimal(mce)}. On average the model is ` +
    `${tendency}: mean confidence minus accuracy is ${decimal(overconfidence)}.`
  );
}
