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
  /** 0 to 100, of all that was segmented and is not background; null for background. */
  readonly percentOfForeground: number | null;
}

/**
 * @param counts pixels per class value.
 * @param umPerPx of the class map, the same on both axes.
 */
export function areaTable(
  manifest: Pick<ModelManifest, 'classes'>,
  counts: ArrayLike<number>,
  umPerPx: number,
): AreaRow[] {
  const { classes } = manifest;
  const sum = (of: typeof classes): number =>
    classes.reduce((total, each, value) => total + (of.includes(each) ? (counts[value] ?? 0) : 0), 0);
  const segmented = sum(classes);
  const foreground = sum(classes.filter(({ background }) => !background));
  const percent = (part: number, whole: number): number => (whole === 0 ? 0 : (100 * part) / whole);
  return classes.map(({ name, background }, value) => {
    const pixels = counts[value] ?? 0;
    return {
      class: name,
      background,
      pixels,
      areaMm2: (pixels * umPerPx * umPerPx) / 1e6,
      percentOfSegmented: percent(pixels, segmented),
      percentOfForeground: background ? null : percent(pixels, foreground),
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
      row.percentOfForeground?.toFixed(4) ?? '',
    ].join(','),
  );
  const head = 'class,background,pixels,area_mm2,percent_of_segmented,percent_of_foreground';
  return `${[head, ...lines].join('\r\n')}\r\n`;
}
