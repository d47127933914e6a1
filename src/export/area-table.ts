/** How much of a slide each class covers, as a table. */
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

/** The table as CSV (RFC 4180), with a head. */
export function areaCsv(rows: readonly AreaRow[]): string {
  const lines = rows.map((row) =>
    [
      `"${row.class.replaceAll('"', '""')}"`,
      row.background,
      row.pixels,
      row.areaMm2.toFixed(6),
      row.percentOfSegmented.toFixed(4),
      row.percentOfTissue?.toFixed(4) ?? '',
    ].join(','),
  );
  const head = 'class,background,pixels,area_mm2,percent_of_segmented,percent_of_tissue';
  return `${[head, ...lines].join('\r\n')}\r\n`;
}
