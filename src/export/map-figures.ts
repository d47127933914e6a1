/** Figures of a class map: area per class, as a table and CSV, and the model's confidence. */
import { csvTable } from '../base/csv.ts';
import type { ModelManifest } from '../runtime/manifest.ts';

export interface AreaRow {
  readonly class: string;
  /** Whether this is the background class. */
  readonly background: boolean;
  /** Pixels of the class map that lie on tissue; all pixels where the tissue is unknown. */
  readonly pixels: number;
  readonly areaMm2: number;
  /** 0 to 100, of the segmented tissue: the shares of all classes add up to 100. Glass counts for none. */
  readonly percentOfTissue: number;
}

/**
 * @param counts pixels on tissue per class value.
 * @param umPerPx of the class map, the same on both axes.
 */
export function areaTable(
  manifest: Pick<ModelManifest, 'classes'>,
  counts: ArrayLike<number>,
  umPerPx: number,
): AreaRow[] {
  const { classes } = manifest;
  const segmented = classes.reduce((sum, _class, value) => sum + (counts[value] ?? 0), 0);
  return classes.map(({ name, background }, value) => {
    const pixels = counts[value] ?? 0;
    const areaMm2 = (pixels * umPerPx * umPerPx) / 1e6;
    return {
      class: name,
      background,
      pixels,
      areaMm2,
      percentOfTissue: segmented === 0 ? 0 : (100 * pixels) / segmented,
    };
  });
}

/** The table as CSV. @param mark why the result must not be trusted: a column that says so in every row. */
export function areaCsv(rows: readonly AreaRow[], mark: string | null = null): string {
  const marked = (text: string | null): string[] => (mark === null || text === null ? [] : [text]);
  return csvTable(
    ['class', 'background', 'pixels', 'area_mm2', 'percent_of_segmented_tissue', ...marked('warning')],
    rows.map((row) => [
      row.class,
      row.background,
      row.pixels,
      fixed(row.areaMm2, 6),
      fixed(row.percentOfTissue, 4),
      ...marked(mark),
    ]),
  );
}

/** With a fixed number of decimals; null without a number. Areas and shares are never negative. */
function fixed(value: number | null, digits: number): string | null {
  return value === null || !Number.isFinite(value) ? null : value.toFixed(digits);
}

/**
 * Probability of the winning class, 0 to 1, over the pixels of a map. Measures the model's confidence, not whether it is
 * right.
 */
export interface ConfidenceSummary {
  readonly mean: number;
  /** 10th percentile. */
  readonly tenth: number;
  readonly median: number;
  /** Share of pixels with a probability below 0.5. */
  readonly belowHalf: number;
  /** Mean per class that occurs, including background. */
  readonly meanByClass: Readonly<Record<string, number>>;
}

/** Confidence is stored as a byte, 0 to this. */
const maxConfidence = 255;

/**
 * @param confidences pixels per class value and confidence, at `256 × class + confidence`.
 * @returns null if no pixel has a class.
 */
export function confidenceSummary(
  { classes }: Pick<ModelManifest, 'classes'>,
  confidences: ArrayLike<number>,
): ConfidenceSummary | null {
  const all = new Float64Array(maxConfidence + 1);
  const meanByClass = new Map<string, number>();
  classes.forEach(({ name }, value) => {
    const counts = Float64Array.from(all, (_, byte) => confidences[256 * value + byte] ?? 0);
    counts.forEach((count, byte) => (all[byte] = (all[byte] ?? 0) + count));
    const mean = meanOf(counts);
    if (mean !== null) meanByClass.set(name, mean);
  });
  const mean = meanOf(all);
  if (mean === null) return null;
  return {
    mean,
    tenth: quantile(all, 0.1),
    median: quantile(all, 0.5),
    belowHalf: all.subarray(0, Math.ceil(maxConfidence / 2)).reduce((sum, n) => sum + n, 0) / total(all),
    meanByClass: Object.fromEntries(meanByClass),
  };
}

const total = (counts: Float64Array): number => counts.reduce((sum, count) => sum + count, 0);

function meanOf(counts: Float64Array): number | null {
  const pixels = total(counts);
  if (pixels === 0) return null;
  return counts.reduce((sum, count, byte) => sum + count * byte, 0) / pixels / maxConfidence;
}

/** The smallest confidence that at least `share` of the pixels do not exceed. */
function quantile(counts: Float64Array, share: number): number {
  const wanted = share * total(counts);
  let seen = 0;
  const byte = counts.findIndex((count) => (seen += count) >= wanted);
  return byte / maxConfidence;
}
