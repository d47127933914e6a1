/** How much of a slide each class covers, as a table. */
import { csvTable } from '../base/csv.ts';
import type { ModelManifest } from '../runtime/manifest.ts';

export interface AreaRow {
  readonly class: string;
  /** The class of everything that is none of the others. */
  readonly background: boolean;
  /** Pixels of the class map. */
  readonly pixels: number;
  readonly areaMm2: number;
  /** 0 to 100, of all that was segmented. */
  readonly percentOfSegmented: number;
  /** 0 to 100, of the tissue in the area that was asked for; null for background, and where tissue is not told. */
  readonly percentOfTissue: number | null;
}

/**
 * @param counts pixels per class value.
 * @param umPerPx of the class map, the same on both axes.
 * @param tissueMm2 of tissue in the area; null where it can't be told from glass.
 */
export function areaTable(
  manifest: Pick<ModelManifest, 'classes'>,
  counts: ArrayLike<number>,
  umPerPx: number,
  tissueMm2: number | null,
): AreaRow[] {
  const { classes } = manifest;
  const segmented = classes.reduce((sum, _class, value) => sum + (counts[value] ?? 0), 0);
  const percent = (part: number, whole: number): number => (whole === 0 ? 0 : (100 * part) / whole);
  return classes.map(({ name, background }, value) => {
    const pixels = counts[value] ?? 0;
    const areaMm2 = (pixels * umPerPx * umPerPx) / 1e6;
    return {
      class: name,
      background,
      pixels,
      areaMm2,
      percentOfSegmented: percent(pixels, segmented),
      percentOfTissue: background || tissueMm2 === null ? null : percent(areaMm2, tissueMm2),
    };
  });
}

/** The table as CSV. */
export function areaCsv(rows: readonly AreaRow[]): string {
  return csvTable(
    ['class', 'background', 'pixels', 'area_mm2', 'percent_of_segmented', 'percent_of_tissue'],
    rows.map((row) => [
      row.class,
      row.background,
      row.pixels,
      fixed(row.areaMm2, 6),
      fixed(row.percentOfSegmented, 4),
      fixed(row.percentOfTissue, 4),
    ]),
  );
}

/** With a fixed count of digits; null where there is no number. Areas and shares are never negative. */
function fixed(value: number | null, digits: number): string | null {
  return value === null || !Number.isFinite(value) ? null : value.toFixed(digits);
}
