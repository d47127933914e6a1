/** What `dualscope evaluate` prints. */
import { terminalText } from '../base/terminal-text.ts';
import { markedIf } from '../base/overridden-check.ts';
import { figuresOf, type Comparison } from '../evaluation/comparison.ts';
import type { FigureIntervals } from '../evaluation/figure-intervals.ts';
import type { ObjectFigures } from '../evaluation/objects.ts';
import type { PatientInterval } from '../evaluation/patient-bootstrap.ts';
import { imagesTable, metricsTable } from '../evaluation/metrics-table.ts';
import type { ImageRow } from '../evaluation/report/evaluation-report.ts';
import type { ModelManifest } from '../runtime/manifest.ts';
import { classNames } from './model-folder.ts';

/** Up to this many images are listed in the terminal. */
const maxListedImages = 40;

/** What all images together gave. */
export interface Measured {
  readonly pooled: Comparison;
  readonly intervals: FigureIntervals;
  readonly objects: ObjectFigures | null;
}

/** A line for each sentence of `replacedMpp`. @param notes by how many images each is of. */
export function mppLines(notes: ReadonlyMap<string, number>): string[] {
  return [...notes].map(([note, count]) => `${imageCount(count)}: ${note}`);
}

const imageCount = (count: number): string => `${String(count)} ${count === 1 ? 'image' : 'images'}`;

/** The figures as lines. */
export function asText(
  manifest: ModelManifest,
  { data, force = false }: { readonly data: string; readonly force?: boolean },
  split: string,
  { pooled, intervals, objects }: Measured,
  slides: readonly (ImageRow & { ece: number | null })[],
  mppNotes: ReadonlyMap<string, number>,
): string {
  const notes = mppLines(mppNotes).map((line) => `${terminalText(line)}\n`);
  const { ece, overconfidence } = figuresOf(pooled).calibration;
  const calibration =
    ece === null || overconfidence === null
      ? ''
      : `calibration error (ECE) ${ece.toFixed(4)}   mean confidence minus accuracy ${overconfidence.toFixed(4)}\n`;
  const list =
    slides.length > maxListedImages
      ? `For all ${String(slides.length)} images, use --json or --html.`
      : imagesTable(slides, manifest.classes.length === 4);
  const count = imageCount(slides.length);
  return (
    `${terminalText(markedIf(force, `${manifest.id} on ${count} of ${data} (${split})`))}\n\n` +
    `${metricsTable(pooled.confusion, classNames(manifest))}\n${calibration}` +
    `${objects === null ? '' : objectsText(objects)}${intervalsText(intervals)}\n${list}\n${notes.join('')}`
  );
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
