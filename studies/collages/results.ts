/** Results of the study on collages: figures, their intervals over patients and seeds, and the tables. */
import { z } from 'zod';
import { patientInterval } from '../../src/evaluation/patient-bootstrap.ts';
import { metricsOf } from '../../src/evaluation/metrics.ts';
import { mulberry32 } from '../../src/runtime/variables.ts';
import { CONTROLS, type Counts, type CountsOfCases } from './predict.ts';
import { COLLAGE_ROWS } from './rows.ts';

const countsSchema = z.record(z.string(), z.array(z.array(z.number())));

export const collageResultSchema = z.object({
  row: z.string(),
  seed: z.number(),
  steps: z.number(),
  /** Of the kept weights; the best on validation patients. */
  keptStep: z.number().nullable(),
  seconds: z.number(),
  /** mIoU on validation patients by step. */
  curve: z.array(z.object({ step: z.number(), miou: z.number().nullable() })),
  /** By control and patient. */
  test: z.partialRecord(z.enum(CONTROLS), countsSchema),
});

export type CollageResult = z.infer<typeof collageResultSchema>;

/** mIoU over several patients' counts; null if undefined. */
export function pooledMiou(counts: readonly Counts[]): number | null {
  const sums = new Float64Array(16);
  for (const rows of counts) {
    rows.forEach((columns, truth) => {
      columns.forEach((pixels, predicted) => {
        sums[4 * truth + predicted]! += pixels;
      });
    });
  }
  return metricsOf({ classes: 4, counts: sums }).miou;
}

export interface Difference {
  readonly mean: number;
  readonly low: number;
  readonly high: number;
  readonly seeds: number;
  readonly patients: number;
}

/**
 * How much one measurement is above another: the mean over seeds, and a 95 % interval over patients and seeds, both drawn
 * with replacement. Patients and seeds are paired.
 * @param pairs of each seed: counts by patient of the one and the other
 * @returns null without a seed or with fewer than two patients
 */
export function differenceOf(
  pairs: readonly { readonly one: CountsOfCases; readonly other: CountsOfCases }[],
  draws = 1000,
): Difference | null {
  const [first] = pairs;
  if (first === undefined) return null;
  const patients = Object.keys(first.one).filter((name) =>
    pairs.every(({ one, other }) => name in one && name in other),
  );
  const random = mulberry32(1);
  const ofSeed = (pair: (typeof pairs)[number], names: readonly string[]): number | null => {
    const [one, other] = [pair.one, pair.other].map((counts) =>
      pooledMiou(names.map((name) => counts[name]!)),
    );
    return one == null || other == null ? null : one - other;
  };
  const mean = (values: readonly (number | null)[]): number | null => {
    const known = values.filter((value) => value !== null);
    return known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0) / known.length;
  };
  const interval = patientInterval(
    patients,
    (drawn) => mean(pairs.map(() => ofSeed(pairs[Math.floor(random() * pairs.length)]!, drawn))),
    random,
    draws,
  );
  const whole = mean(pairs.map((pair) => ofSeed(pair, patients)));
  if (interval === null || whole === null) return null;
  return {
    mean: whole,
    low: interval.low,
    high: interval.high,
    seeds: pairs.length,
    patients: patients.length,
  };
}

/** The study's tables as Markdown. */
export function collageTables(results: readonly CollageResult[]): string {
  const of = (row: string): CollageResult[] => results.filter((result) => result.row === row);
  const rows = COLLAGE_ROWS.filter(({ id }) => of(id).length > 0);
  const against = (row: string, other: string): string => {
    const pairs = of(row).flatMap((result) => {
      const partner = of(other).find(({ seed }) => seed === result.seed);
      const [one, two] = [result.test['as it is'], partner?.test['as it is']];
      return one === undefined || two === undefined ? [] : [{ one, other: two }];
    });
    return row === other ? '' : differenceText(differenceOf(pairs));
  };
  const head = ['row', 'seeds', 'mIoU', 'over one input', 'over attention', 'over concat', 'over aligned'];
  const table = [
    head,
    head.map(() => '---'),
    ...rows.map(({ id, title }) => [
      title,
      of(id)
        .map(({ seed }) => seed)
        .join(', '),
      of(id)
        .map(({ test }) => figure(miouOf(test['as it is'])))
        .join(', '),
      ...['none', 'attention', 'concat', 'aligned'].map((other) => against(id, other)),
    ]),
  ];
  const controls = CONTROLS.filter((control) => control !== 'as it is');
  const changed = (row: string, control: (typeof CONTROLS)[number]): string =>
    differenceText(
      differenceOf(
        of(row).flatMap(({ test }) => {
          const [one, other] = [test[control], test['as it is']];
          return one === undefined || other === undefined ? [] : [{ one, other }];
        }),
      ),
    );
  const second = [
    ['row', ...controls],
    ['---', ...controls.map(() => '---')],
    ...rows
      .filter(({ id }) => of(id).some(({ test }) => controls.some((control) => test[control] !== undefined)))
      .map(({ id, title }) => [title, ...controls.map((control) => changed(id, control))]),
  ];
  const steps = [...new Set(results.flatMap(({ curve }) => curve.map(({ step }) => step)))].sort(
    (a, b) => a - b,
  );
  const curves = [
    ['row, seed', ...steps.map(String)],
    ['---', ...steps.map(() => '---')],
    ...rows.flatMap(({ id, title }) =>
      of(id).map(({ seed, curve }) => [
        `${title}, ${String(seed)}`,
        ...steps.map((step) => figure(curve.find((point) => point.step === step)?.miou ?? null)),
      ]),
    ),
  ];
  return [
    '**mIoU on test patients, and differences with 95 % intervals over patients and seeds**',
    lines(table),
    '**What changing the context does to the same networks**',
    lines(second),
    '**Learning curves: mIoU on validation patients by step**',
    lines(curves),
  ].join('\n\n');
}

export function miouOf(counts: CountsOfCases | undefined): number | null {
  return counts === undefined ? null : pooledMiou(Object.values(counts));
}

function differenceText(difference: Difference | null): string {
  if (difference === null) return '';
  const signed = (value: number): string => `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(3)}`;
  return `${signed(difference.mean)} (${signed(difference.low)} to ${signed(difference.high)})`;
}

function figure(value: number | null): string {
  return value === null ? '–' : value.toFixed(3);
}

function lines(rows: readonly (readonly string[])[]): string {
  return rows.map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}
