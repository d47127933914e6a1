/** Writes a class map as a binary DICOM segmentation (PS3.3 A.51): a segment per class, tiles without a class left out. */
import type { AnnotatedSlide } from '../annotation/annotation-file.ts';
import { annotationStorage } from '../annotation/annotation-names.ts';
import { decimalString, dicomFile, newUid, type DicomElement } from '../annotation/dicom-encoding.ts';
import {
  classCode,
  commonModules,
  isDicomSlide,
  referencedImage,
  shortText,
  tissueCategory,
  type DicomAlgorithm,
} from '../annotation/dicom-modules.ts';
import { slideOnGlass, type SlideOnGlass } from '../annotation/slide-on-glass.ts';
import type { MapClasses } from './map-tiff.ts';

/** Side of a tile: its bits fill whole bytes. */
const tileSide = 256;

export interface MapDicomSegOptions {
  /** See `canHaveSegmentation`. */
  readonly slide: AnnotatedSlide;
  /** Pixels of the map. */
  readonly width: number;
  readonly height: number;
  /** Level-0 pixels to a pixel of the map. */
  readonly scaleX: number;
  readonly scaleY: number;
  readonly classes: MapClasses;
  /** The model, and what else is to be known of it. */
  readonly description: string;
  /** What made it; null for people. */
  readonly algorithm: Pick<DicomAlgorithm, 'name'> | null;
  readonly date?: Date;
}

interface Frame {
  readonly segment: number;
  readonly column: number;
  readonly row: number;
  readonly bits: Uint8Array<ArrayBuffer>;
}

/** Whether a slide is a DICOM series that says where it lies on the glass, which a segmentation of it repeats. */
export function canHaveSegmentation(slide: Pick<AnnotatedSlide, 'mpp' | 'properties'>): boolean {
  return isDicomSlide(slide) && slideOnGlass(slide) !== null;
}

/** Push the map's rows in strips of `stripRows`, then `finish`. Holds the tiles, an eighth of a byte for each pixel of a class. */
export class MapDicomSeg {
  readonly stripRows = tileSide;
  readonly #options: MapDicomSegOptions;
  readonly #glass: SlideOnGlass;
  /** Segment numbers by class value; 0 for background. */
  readonly #segments: Uint8Array;
  readonly #frames: Frame[] = [];
  #row = 0;

  /** @throws RangeError when the slide does not say where it lies on the glass. */
  constructor(options: MapDicomSegOptions) {
    const glass = slideOnGlass(options.slide);
    if (glass === null) throw new RangeError('The slide does not say where it lies on the glass.');
    this.#options = options;
    this.#glass = glass;
    this.#segments = new Uint8Array(256);
    let number = 0;
    options.classes.forEach(({ background }, value) => {
      if (!background) this.#segments[value] = ++number;
    });
  }

  /** The next rows of the map, `stripRows` of them but for the last time. */
  push(values: Uint8Array): void {
    const { width } = this.#options;
    const high = values.length / width;
    for (let left = 0; left < width; left += tileSide) {
      const tiles = new Map<number, Uint8Array<ArrayBuffer>>();
      const wide = Math.min(tileSide, width - left);
      for (let y = 0; y < high; y++) {
        for (let x = 0; x < wide; x++) {
          const segment = this.#segments[values[y * width + left + x] ?? 255] ?? 0;
          if (segment === 0) continue;
          let bits = tiles.get(segment);
          if (bits === undefined) {
            bits = new Uint8Array((tileSide * tileSide) / 8);
            tiles.set(segment, bits);
          }
          const bit = y * tileSide + x;
          bits[bit >> 3] = (bits[bit >> 3] ?? 0) | (1 << (bit & 7));
        }
      }
      for (const [segment, bits] of tiles) {
        this.#frames.push({ segment, column: left / tileSide, row: this.#row, bits });
      }
    }
    this.#row++;
  }

  /** The file; null where the map has no class but background: a segmentation needs a frame. */
  finish(): Blob | null {
    const frames = this.#frames.sort((a, b) => a.segment - b.segment || a.row - b.row || a.column - b.column);
    if (frames.length === 0) return null;
    const { slide, width, height, description, date = new Date() } = this.#options;
    const organisation = newUid();
    const frame = slide.properties.FrameOfReferenceUID ?? '';
    const index = (pointer: number, group: number): readonly DicomElement[] => [
      [0x00209164, 'UI', organisation],
      [0x00209165, 'AT', [pointer]],
      [0x00209167, 'AT', [group]],
    ];
    const pixels = new Uint8Array(frames.length * ((tileSide * tileSide) / 8));
    frames.forEach(({ bits }, i) => pixels.set(bits, i * bits.length));
    return dicomFile([
      ...commonModules({
        slide,
        sopClass: annotationStorage.segmentation,
        modality: 'SEG',
        label: 'SEGMENTATION',
        description,
        date,
      }),
      [0x00080008, 'CS', 'DERIVED\\PRIMARY'],
      [0x00082112, 'SQ', [referencedImage(slide)]],
      // Empty: a slide has no left and right of the patient.
      [0x00200020, 'CS', ''],
      [0x00200052, 'UI', frame === '' ? newUid() : frame],
      [0x00201040, 'LO', 'SLIDE_CORNER'],
      [0x00209221, 'SQ', [[[0x00209164, 'UI', organisation]]]],
      [
        0x00209222,
        'SQ',
        [index(0x0062000b, 0x0062000a), index(0x0048021f, 0x0048021a), index(0x0048021e, 0x0048021a)],
      ],
      [0x00209311, 'CS', 'TILED_SPARSE'],
      [0x00280002, 'US', [1]],
      [0x00280004, 'CS', 'MONOCHROME2'],
      [0x00280008, 'IS', String(frames.length)],
      [0x00280010, 'US', [tileSide]],
      [0x00280011, 'US', [tileSide]],
      [0x00280100, 'US', [1]],
      [0x00280101, 'US', [1]],
      [0x00280102, 'US', [0]],
      [0x00280103, 'US', [0]],
      [0x00282110, 'CS', '00'],
      [0x00480006, 'UL', [width]],
      [0x00480007, 'UL', [height]],
      [0x00480008, 'SQ', [this.#offsets(0, 0).slice(0, 2)]],
      [0x00480102, 'DS', this.#glass.orientation.map(decimalString).join('\\')],
      [0x00480303, 'UL', [1]],
      [0x00620001, 'CS', 'BINARY'],
      [0x00620002, 'SQ', this.#segmentItems()],
      [0x00620013, 'CS', 'NO'],
      [0x20500020, 'CS', 'IDENTITY'],
      [0x52009229, 'SQ', [[[0x00289110, 'SQ', [this.#measures()]]]]],
      [0x52009230, 'SQ', frames.map((frame) => this.#frameItem(frame))],
      [0x7fe00010, 'OB', pixels],
    ]);
  }

  #segmentItems(): (readonly DicomElement[])[] {
    const { classes, algorithm } = this.#options;
    return classes.flatMap(({ name }, value): (readonly DicomElement[])[] => {
      const number = this.#segments[value] ?? 0;
      if (number === 0) return [];
      return [
        [
          [0x00620003, 'SQ', [tissueCategory]],
          [0x00620004, 'US', [number]],
          [0x00620005, 'LO', shortText(name)],
          [0x00620008, 'CS', algorithm === null ? 'MANUAL' : 'AUTOMATIC'],
          ...(algorithm === null ? [] : [[0x00620009, 'LO', shortText(algorithm.name)] as const]),
          [0x0062000f, 'SQ', [classCode(number, name)]],
        ],
      ];
    });
  }

  /** µm to mm; the format asks for a thickness, which a scan does not have: it is the depth of field's order. */
  #measures(): readonly DicomElement[] {
    const { slide, scaleX, scaleY } = this.#options;
    const [x, y] = [(slide.mpp?.x ?? 1) * scaleX, (slide.mpp?.y ?? 1) * scaleY];
    return [
      [0x00180050, 'DS', '0.001'],
      [0x00280030, 'DS', `${decimalString(y / 1000)}\\${decimalString(x / 1000)}`],
    ];
  }

  /** Where the centre of a pixel of the map lies on the glass. */
  #offsets(column: number, row: number): readonly DicomElement[] {
    const { scaleX, scaleY } = this.#options;
    const [x, y] = this.#glass.toGlass((column + 0.5) * scaleX, (row + 0.5) * scaleY);
    return [
      [0x0040072a, 'DS', decimalString(x)],
      [0x0040073a, 'DS', decimalString(y)],
      [0x0040074a, 'DS', '0'],
    ];
  }

  #frameItem({ segment, column, row }: Frame): readonly DicomElement[] {
    const [left, top] = [column * tileSide, row * tileSide];
    return [
      [0x00089124, 'SQ', []],
      [0x00209111, 'SQ', [[[0x00209157, 'UL', [segment, row + 1, column + 1]]]]],
      [
        0x0048021a,
        'SQ',
        [[...this.#offsets(left, top), [0x0048021e, 'SL', [left + 1]], [0x0048021f, 'SL', [top + 1]]]],
      ],
      [0x0062000a, 'SQ', [[[0x0062000b, 'US', [segment]]]]],
    ];
  }
}
