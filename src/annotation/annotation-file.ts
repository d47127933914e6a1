/** The common result of all annotation readers: labelled areas in level-0 pixels. */
import type { SlideMetadata } from '../slide/slide.ts';
import type { ClassPolygon } from './rasterise.ts';

export type AnnotationFormat =
  'imagescope' | 'asap' | 'ndpa' | 'geojson' | 'dsa' | 'coco' | 'darwin' | 'mask' | 'dicom-seg' | 'dicom-ann';

/** What readers need to know of the slide: some formats count from its centre, or give another resolution's pixels. */
export type AnnotatedSlide = Pick<
  SlideMetadata,
  'name' | 'format' | 'width' | 'height' | 'mpp' | 'properties'
>;

/** One area with holes. Rings alternate x and y and are implicitly closed. */
export interface AnnotatedRegion {
  /** The file's own name for it, used in messages: an Id, a name, or its number from 1. */
  readonly id: string;
  /** Trimmed; empty if absent. */
  readonly label: string;
  /** `#rrggbb` from the file; null without one. */
  readonly colour: string | null;
  readonly outer: Float64Array;
  readonly holes: readonly Float64Array[];
}

/** A region that was left out because its coordinates are invalid. */
export interface RefusedRegion {
  /** As in `AnnotatedRegion`. */
  readonly id: string;
  /** A sentence that names the region. */
  readonly problem: string;
}

/** Structured-cloneable. */
export interface AnnotationFile {
  readonly format: AnnotationFormat;
  /** µm per level-0 pixel from the file; null without one. */
  readonly mpp: number | null;
  /** In file order: later regions cover earlier ones. At least one. */
  readonly regions: readonly AnnotatedRegion[];
  /** Number of shapes without an area (points, lines, rulers), which are skipped. */
  readonly leftOut: number;
  /** In file order. Where figures depend on the file, use `requireAllRegions`. */
  readonly refused: readonly RefusedRegion[];
  /** What the user should know of how it was read: whole sentences. */
  readonly notes: readonly string[];
  /** What suggests that the annotations are not this slide's: whole sentences. */
  readonly doubts: readonly string[];
  /** Number of regions wholly outside of the slide; 0 where the slide was not given. */
  readonly offSlide: number;
}

/** Largest coordinate of either sign, level-0 pixels: no TIFF or DICOM image is larger. */
export const maxCoordinate = 2 ** 32;

/** Whether a number is a position on or near a slide: finite, and not beyond `maxCoordinate`. */
export function isCoordinate(value: unknown): value is number {
  return typeof value === 'number' && Math.abs(value) <= maxCoordinate;
}

/** Whether all coordinates are positions on or near a slide, so that the shape can be drawn, measured and stored. */
export function hasValidCoordinates({
  outer,
  holes,
}: {
  readonly outer: ArrayLike<number>;
  readonly holes: readonly ArrayLike<number>[];
}): boolean {
  return [outer, ...holes].every((ring) => Array.prototype.every.call(ring, isCoordinate));
}

/**
 * For callers whose figures would be wrong without every region.
 * @throws AnnotationError naming the first refused region
 */
export function requireAllRegions(
  refused: readonly RefusedRegion[],
  file: string,
  remedy = 'Correct or remove the region.',
): void {
  const [first] = refused;
  if (first === undefined) return;
  const more = refused.length - 1;
  const rest = more === 0 ? '' : ` ${more} more ${more === 1 ? 'region is' : 'regions are'} invalid.`;
  throw new AnnotationError(file, `${first.problem}${rest}`, remedy);
}

/** An invalid annotation file: which file, what is wrong, what to do. */
export class AnnotationError extends Error {
  override readonly name = 'AnnotationError';
  /** `not-geojson` for JSON of another kind, `annotations` for all other errors. */
  readonly code: 'annotations' | 'not-geojson';
  readonly file: string;
  readonly problem: string;
  readonly remedy: string;

  constructor(
    file: string,
    problem: string,
    remedy: string,
    {
      code = 'annotations',
      cause,
    }: { readonly code?: AnnotationError['code']; readonly cause?: unknown } = {},
  ) {
    super(`${file}: ${problem} ${remedy}`, { cause });
    this.code = code;
    this.file = file;
    this.problem = problem;
    this.remedy = remedy;
  }
}

/** The labels that occur, with their region counts, in order of first occurrence. */
export function labelCounts(regions: readonly Pick<AnnotatedRegion, 'label'>[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { label } of regions) counts.set(label, (counts.get(label) ?? 0) + 1);
  return counts;
}

/** A label or class name without case, spaces, hyphens and underscores: `In-situ` equals `in situ`. */
function plainName(name: string): string {
  return name.toLowerCase().replaceAll(/[\s_-]+/g, '');
}

/**
 * The class whose name matches a label, regardless of case and spelling.
 * @returns index into `classNames`; null when there is none.
 */
export function classOfLabel(label: string, classNames: readonly string[]): number | null {
  const at = label === '' ? -1 : classNames.findIndex((name) => plainName(name) === plainName(label));
  return at < 0 ? null : at;
}

/**
 * The regions as painted areas, in order.
 * @param classOf class index of a label; null skips its regions.
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
