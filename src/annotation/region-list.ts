/** Collects what a reader finds, shape by shape: a broken one is named and left out, the rest is read. */
import {
  AnnotationError,
  hasValidCoordinates,
  requireAllRegions,
  type AnnotatedRegion,
  type AnnotationFile,
  type AnnotationFormat,
  type RefusedRegion,
} from './annotation-file.ts';

/** Most regions of one file. More are not drawn by people, and no page can show them. */
const maxRegions = 2_000_000;

export class RegionList {
  readonly #format: AnnotationFormat;
  readonly #file: string;
  readonly #regions: AnnotatedRegion[] = [];
  readonly #refused: RefusedRegion[] = [];
  readonly #notes: string[] = [];
  readonly #doubts: string[] = [];
  #leftOut = 0;

  /** @param file its name, for messages. */
  constructor(format: AnnotationFormat, file: string) {
    this.#format = format;
    this.#file = file;
  }

  /**
   * Adds a region, or refuses it where it has too few points or invalid coordinates.
   * @param what names it in a message, for example `Annotation 3`.
   * @throws AnnotationError when the file has too many regions.
   */
  add(region: AnnotatedRegion, what: string): void {
    if (this.#regions.length >= maxRegions) {
      throw new AnnotationError(
        this.#file,
        `It has more than ${maxRegions} regions.`,
        'Split it, or leave out its smallest pieces.',
      );
    }
    const { outer, holes } = region;
    if (!hasValidCoordinates(region)) this.refuse(region.id, `${what} has a coordinate that is no number.`);
    else if (outer.length < 6) this.refuse(region.id, `${what} has fewer than three points.`);
    else this.#regions.push({ ...region, holes: holes.filter((hole) => hole.length >= 6) });
  }

  /** @param problem a sentence that names the region. */
  refuse(id: string, problem: string): void {
    this.#refused.push({ id, problem });
  }

  /** Counts shapes without an area. */
  leaveOut(count = 1): void {
    this.#leftOut += count;
  }

  /** @param sentence what the user should know; the same one counts once. */
  note(sentence: string): void {
    if (!this.#notes.includes(sentence)) this.#notes.push(sentence);
  }

  /** @param sentence what suggests another slide. */
  doubt(sentence: string): void {
    this.#doubts.push(sentence);
  }

  /**
   * The file as it was read.
   * @throws AnnotationError when nothing has an area.
   */
  done(mpp: number | null = null): AnnotationFile {
    if (this.#regions.length === 0) {
      requireAllRegions(this.#refused, this.#file);
      throw new AnnotationError(
        this.#file,
        'It has no region with an area.',
        'Draw a polygon, rectangle or ellipse.',
      );
    }
    return {
      format: this.#format,
      mpp,
      regions: this.#regions,
      leftOut: this.#leftOut,
      refused: this.#refused,
      notes: this.#notes,
      doubts: this.#doubts,
      offSlide: 0,
    };
  }
}
