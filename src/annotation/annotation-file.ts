/** What every reader of annotation files gives, whatever the format: labelled areas in level-0 pixels. */
import type { ClassPolygon } from './rasterise.ts';

export type AnnotationFormat = 'imagescope' | 'asap' | 'geojson';

/** One area with holes. Rings hold x and y by turns, closed by themselves. */
export interface AnnotatedRegion {
  /** What the file calls it, for messages: an Id, a name, or its place from 1 on. */
  readonly id: string;
  /** Trimmed; empty without one. */
  readonly label: string;
  /** `#rrggbb` as the file says; null when it doesn't. */
  readonly colour: string | null;
  readonly outer: Float64Array;
  readonly holes: readonly Float64Array[];
}

/** Structured-cloneable. */
export interface AnnotationFile {
  readonly format: AnnotationFormat;
  /** µm per level-0 pixel as the file says; null when it doesn't. */
  readonly mpp: number | null;
  /** In the file's order: later ones lie over earlier ones. At least one. */
  readonly regions: readonly AnnotatedRegion[];
  /** Shapes without an area (points, lines, rulers), which are left out. */
  readonly leftOut: number;
}

/** What is wrong with an annotation file: which file, what, and what to do. */
export class AnnotationError extends Error {
  override readonly name = 'AnnotationError';
  readonly code = 'annotations';
  readonly file: string;
  readonly problem: string;
  readonly remedy: string;

  constructor(file: string, problem: string, remedy: string) {
    super(`${file}: ${problem} ${remedy}`);
    this.file = file;
    this.problem = problem;
    this.remedy = remedy;
  }
}

/** The labels that occur, with how many regions each, in the order in which they first occur. */
export function labelCounts(regions: readonly Pick<AnnotatedRegion, 'label'>[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { label } of regions) counts.set(label, (counts.get(label) ?? 0) + 1);
  return counts;
}

/** Label or class name without case, spaces, hyphens and underscores: `In-situ` is `in situ`. */
function plainName(name: string): string {
  return name.toLowerCase().replaceAll(/[\s_-]+/g, '');
}

/**
 * The class that a label means by its own words: the one of the same name, whatever case and spelling.
 * @returns index into `classNames`; null when there is none.
 */
export function classOfLabel(label: string, classNames: readonly string[]): number | null {
  const at = label === '' ? -1 : classNames.findIndex((name) => plainName(name) === plainName(label));
  return at < 0 ? null : at;
}

/**
 * The regions as painted areas, in their order.
 * @param classOf class index of a label; null leaves its regions out.
 */
export function paintedAreas(
  regions: readonly Pick<AnnotatedRegion, 'label' | 'outer' | 'holes'>[],
  classOf: (label: string) => number | null,
): ClassPolygon[] {
  return regions.flatMap(({ label, outer, holes }) => {
    const classIndex = classOf(label);
    return classIndex === null ? [] : [{ classIndex, outer, holes }];
  });
}
