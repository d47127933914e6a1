/** What training and evaluation need of a set of images with ground truth, independent of its layout on disk. */
import { nodePlatform } from '../../slide/node-platform.node.ts';
import { openSlide } from '../../slide/open-slide.ts';
import { pathByteSource } from '../../slide/path-byte-source.node.ts';
import type { Slide, SlideMpp } from '../../slide/slide.ts';

/** The part of an image that is asked for, level-0 pixels. May reach over the image. */
export interface TruthRect {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/**
 * The class at the middle of each of `width` × `height` cells of `rect`, row by row; 0 outside of the image.
 * Never interpolated (DESIGN 4).
 */
export type ClassesIn = (rect: TruthRect, width: number, height: number) => Uint8Array<ArrayBuffer>;

export interface DatasetItem {
  /** Unique in the dataset. */
  readonly name: string;
  /** The image's file or folder, for messages. */
  readonly image: string;
  /** µm per pixel when the file itself does not say; null when it has to. */
  readonly mpp: number | null;
  /** Whose tissue it is; null when the dataset does not say. Splits never part a patient. */
  readonly patient: string | null;
  /** How often training draws from it, relative to other images that hold the class it wants; above 0. */
  readonly weight: number;
  /** Opens the image; whoever opens it closes it. @throws SlideError when it can't be read. */
  open(): Promise<Slide>;
  /** Reads the ground truth. @throws AnnotationError or DatasetError when it can't be read or does not fit. */
  truth(): Promise<ClassesIn>;
  /**
   * Which pixels count, 1, and which don't, 0: glass, or what nobody has looked at. Absent where all of the image
   * counts. Pixels that don't count are neither drawn for training nor compared.
   */
  counted?(): Promise<ClassesIn>;
}

/** What is wrong with a dataset. Crosses threads as a report (src/base/error-report.ts). */
export class DatasetError extends Error {
  override readonly name = 'DatasetError';
  readonly code = 'dataset';
  readonly file: string;
  readonly problem: string;
  readonly remedy: string;

  /**
   * @param file or folder concerned
   * @param problem a sentence without the file's name
   * @param remedy what to do about it, a sentence
   */
  constructor(file: string, problem: string, remedy: string) {
    super(`${file}: ${problem} ${remedy}`);
    this.file = file;
    this.problem = problem;
    this.remedy = remedy;
  }
}

export interface DatasetOptions {
  /** Names of the classes, background first. */
  readonly classNames: readonly string[];
  /** µm per pixel of images that do not say it. */
  readonly mpp: number | null;
  /** For index masks: the class of each mask value; values are classes when null. */
  readonly classOfValue: readonly number[] | null;
  /** Leaves glass out of annotated slides: only tissue counts, and what lies within a region. False when absent. */
  readonly tissueOnly?: boolean;
}

/** @throws SlideError when it can't be read. */
export async function openImage(file: string): Promise<Slide> {
  return openSlide([await pathByteSource(file)], nodePlatform());
}

/** µm per level-0 pixel of an item. @throws DatasetError when nobody says it. */
export function knownMpp({ metadata }: Slide, item: DatasetItem): SlideMpp {
  if (item.mpp !== null) return { x: item.mpp, y: item.mpp, source: 'dataset' };
  if (metadata.mpp !== null) return metadata.mpp;
  throw new DatasetError(
    item.image,
    'The image does not say its µm per pixel.',
    'Say it in the configuration ("data": { "mpp": … }) or with --mpp.',
  );
}
