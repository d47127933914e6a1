/**
 * What training and evaluation need of a set of images with ground truth, independent of its layout on disk.
 */
import type { Rect } from '../../base/rect.ts';
import { nodePlatform } from '../../slide/node-platform.node.ts';
import { openSlide } from '../../slide/open-slide.ts';
import { pathByteSources } from '../../slide/path-byte-source.node.ts';
import { slideFiles } from '../../slide/slide-files.node.ts';
import type { Slide, SlideMpp } from '../../slide/slide.ts';

/**
 * The class at the centre of each of `width` × `height` cells of `rect`, row by row; 0 outside the image.
 * Never interpolated (DESIGN 4).
 * @param rect level-0 pixels; may extend beyond the image
 */
export type ClassesIn = (rect: Rect, width: number, height: number) => Uint8Array<ArrayBuffer>;

/** An image with its ground truth. */
export interface DatasetItem {
  /** Unique within the dataset. */
  readonly name: string;
  /** File or folder of the image, for messages. */
  readonly image: string;
  /** µm per pixel, overriding the file's; null to use the file's. */
  readonly mpp: number | null;
  /** Patient; null if unknown. Splits never divide a patient. */
  readonly patient: string | null;
  /**
   * Relative frequency with which training draws from it, among the images that contain the drawn class;
   * above 0.
   */
  readonly weight: number;
  /** Opens the image. The caller closes it. @throws SlideError when it can't be read. */
  open(): Promise<Slide>;
  /**
   * Reads the ground truth.
   * @throws AnnotationError or DatasetError when it can't be read or does not fit.
   */
  truth(): Promise<ClassesIn>;
  /**
   * Which pixels count (1) and which do not (0), such as glass or parts that were not annotated. Without it,
   * all pixels count. Pixels that do not count are neither drawn for training nor evaluated.
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
  /** µm per pixel of the images, overriding that of their files; null to use the files'. */
  readonly mpp: number | null;
  /** For index masks, the class of each mask value; null if values are classes. */
  readonly classOfValue: readonly number[] | null;
  /** Skips the glass of annotated slides: only tissue and annotated regions count. False by default. */
  readonly tissueOnly?: boolean;
  /** Receives what suggests that annotations are not those of their slide, and what was left out: a line of text. */
  readonly warn?: (line: string) => void;
}

/** Opens an image file with the app's reader. @throws SlideError when it can't be read. */
export async function openImage(file: string): Promise<Slide> {
  return openSlide(await pathByteSources(await slideFiles(file)), nodePlatform());
}

/** µm per level-0 pixel of an item. @throws DatasetError when it is unknown. */
export function knownMpp({ metadata }: Slide, item: DatasetItem): SlideMpp {
  if (item.mpp !== null) return { x: item.mpp, y: item.mpp, source: 'dataset' };
  if (metadata.mpp !== null) return metadata.mpp;
  throw new DatasetError(
    item.image,
    'The image has no µm per pixel.',
    'Set it in the configuration ("data": { "mpp": … }) or with --mpp.',
  );
}
