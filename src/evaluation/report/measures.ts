/** What reports on a model share: classes, confusion matrix, figures per class, reliability. */
import type { CalibrationFigures } from '../calibration.ts';
import { toRows, type ConfusionMatrix } from '../confusion-matrix.ts';
import { metricsOf } from '../metrics.ts';
import { decimal, percent, whole } from './figures.ts';
import { lineChart } from './line-chart.ts';
import { markup, safeColour, type Markup } from './markup.ts';
import { table, type FactRows } from './page.ts';

/** A class as in a manifest. */
export interface ReportClass {
  readonly name: string;
  /** Like #0072B2. */
  readonly colour: string;
}

/** The class's name with its colour. @throws RangeError for an invalid colour. */
export function classLabel({ name, colour }: ReportClass): Markup {
  return markup`<span class="swatch" style="background:${safeColour(colour)}"></span>${name}`;
}

/** All classes in a row. */
export function classLegend(classes: readonly ReportClass[]): Markup {
  return markup`<ul class="legend">${classes.map((each) => markup`<li>${classLabel(each)}</li>`)}</ul>`;
}

/**
 * A class's colour as a line: mixed with the text colour, so that pale ones show on white and deep ones on
 * black.
 */
export function lineColour({ colour }: ReportClass): string {
  return `color-mix(in srgb, ${safeColour(colour)} 62%, var(--text))`;
}

/** The overall figures, for the head of a report. */
export function headlineOf(matrix: ConfusionMatrix, calibration: CalibrationFigures | null): FactRows {
  const { miou, accuracy, score, pixels } = metricsOf(matrix);
  return [
    ['mIoU', decimal(miou)],
    ['Pixel accuracy', decimal(accuracy)],
    ...(matrix.classes === 4 ? [['BACH score', decimal(score)] as const] : []),
    ...(calibration === null ? [] : [['Calibration error (ECE)', decimal(calibration.ece)] as const]),
    ['Pixels', whole(pixels)],
  ];
}

/** Rows are true classes; a cell is the share of the true class's pixels, with matching shading. */
export function confusionTable(matrix: ConfusionMatrix, classes: readonly ReportClass[]): Markup {
  const { iou } = metricsOf(matrix);
  const rows = toRows(matrix);
  return markup`<div class="scroll" tabindex="0" role="region" aria-label="Confusion matrix"><table>
<thead><tr><th scope="col">true class</th>${classes.map(
    (each) => markup`<th scope="col">${classLabel(each)}</th>`,
  )}<th scope="col">pixels</th><th scope="col">IoU</th></tr></thead>
<tbody>
${rows.map((row, truth) => {
  const total = row.reduce((sum, pixels) => sum + pixels, 0);
  const cells = row.map((pixels, predicted) => {
    const share = total === 0 ? null : pixels / total;
    const shade = `--share:${Math.round(60 * (share ?? 0))}%`;
    return markup`<td class="heat${truth === predicted ? ' right' : ''}" style="${shade}" title="${whole(pixels)} pixels">${percent(share)}</td>`;
  });
  const name = classes[truth] ?? { name: String(truth), colour: '#888888' };
  return markup`<tr><th scope="row">${classLabel(name)}</th>${cells}<td>${whole(total)}</td><td>${decimal(iou[truth] ?? null)}</td></tr>
`;
})}</tbody>
</table></div>`;
}

/** The reliability diagram next to its table. */
export function reliability({ bins }: CalibrationFigures): Markup {
  const chart = lineChart({
    label: 'Accuracy by confidence',
    xName: 'confidence',
    yName: 'accuracy',
    yMax: 1,
    series: [
      {
        name: 'perfect calibration',
        colour: 'var(--faint)',
        dash: '4 4',
        points: Array.from({ length: 31 }, (_, i) => ({ x: i / 30, y: i / 30 })),
      },
      {
        name: 'this model',
        colour: 'var(--first)',
        points: bins.flatMap(({ confidence, accuracy }) =>
          confidence === null ? [] : [{ x: confidence, y: accuracy }],
        ),
      },
    ],
  });
  const all = bins.reduce((sum, { pixels }) => sum + pixels, 0);
  const rows = bins.map(({ from, to, pixels, confidence, accuracy }) => [
    `${from.toFixed(2)} to ${to.toFixed(2)}`,
    whole(pixels),
    percent(all === 0 ? null : pixels / all),
    decimal(confidence),
    decimal(accuracy),
    confidence === null || accuracy === null ? '–' : decimal(accuracy - confidence),
  ]);
  const header = ['confidence', 'pixels', 'share', 'mean confidence', 'right', 'difference'];
  return markup`<div class="side-by-side"><figure>${chart}</figure>${table('Reliability table', header, rows)}</div>`;
}
