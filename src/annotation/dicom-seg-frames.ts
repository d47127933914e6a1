/** The frames of a DICOM segmentation (PS3.3 C.8.20): which segment each shows, where it lies, and its values. */
import type { DataSet } from 'dicom-parser';
import { binaryOf, itemsOf, numberOf, textOf } from '../slide/dicom/data-set.ts';
import { frameReader } from '../slide/dicom/frames.ts';
import { maxFramePixels, maxSide, type ByteBudget } from '../slide/limits.ts';
import type { ByteSource } from '../slide/slide.ts';
import { unpack } from '../slide/tiff/codecs.ts';
import { compression } from '../slide/tiff/tags.ts';
import { AnnotationError } from './annotation-file.ts';

/** A frame's place in the matrix of all pixels. */
export interface SegFrame {
  readonly index: number;
  /** Number of its segment; 0 where the values are the numbers. */
  readonly segment: number;
  readonly left: number;
  readonly top: number;
}

/** How a segmentation is stored. */
export interface SegFrames {
  /** Of the matrix of all pixels. */
  readonly width: number;
  readonly height: number;
  readonly frameWidth: number;
  readonly frameHeight: number;
  readonly frames: readonly SegFrame[];
  readonly isLabelMap: boolean;
  /** Value from which on a pixel of a fractional segmentation counts; null for others. */
  readonly threshold: number | null;
  /**
   * The values of a frame, row by row: 1 where the segment is and 0 elsewhere; segment numbers in a label map.
   * @throws AnnotationError, SlideError when they are damaged.
   */
  values(index: number): Promise<Uint8Array>;
}

interface SegSource {
  readonly data: DataSet;
  readonly source: ByteSource;
  /** The whole file: `data` holds no more of it than its elements before the pixels. */
  readonly bytes: Uint8Array;
  readonly places: Int32Array | null;
  readonly segments: Uint16Array | null;
  readonly budget: ByteBudget;
}

const native: readonly string[] = ['1.2.840.10008.1.2', '1.2.840.10008.1.2.1'];
const rle = '1.2.840.10008.1.2.5';
const remedy = 'Save it without compression, for example with gdcmconv --raw.';

/** @throws AnnotationError for what is not supported or does not fit together. */
export function segFrames({ data, source, bytes, places, segments, budget }: SegSource): SegFrames {
  const file = source.name;
  const damaged = (problem: string): AnnotationError =>
    new AnnotationError(file, `The segmentation is damaged. ${problem}`, 'Copy or export it again.');
  const frameWidth = binaryOf(data, 'x00280011', 'uint16') ?? 0;
  const frameHeight = binaryOf(data, 'x00280010', 'uint16') ?? 0;
  const width = binaryOf(data, 'x00480006', 'uint32') ?? frameWidth;
  const height = binaryOf(data, 'x00480007', 'uint32') ?? frameHeight;
  const count = numberOf(data, 'x00280008') ?? 1;
  const sides = [frameWidth, frameHeight, width, height];
  if (sides.some((side) => !(side > 0 && side < maxSide)) || frameWidth * frameHeight > maxFramePixels) {
    throw damaged(`It claims ${width} × ${height} pixels in frames of ${frameWidth} × ${frameHeight}.`);
  }
  const type = textOf(data, 'x00620001');
  const bits = binaryOf(data, 'x00280100', 'uint16') ?? 8;
  if (bits !== (type === 'BINARY' ? 1 : 8)) {
    const problem = `A segmentation of the type ${type.slice(0, 20)} with ${bits} bits per pixel is not supported.`;
    throw new AnnotationError(file, problem, 'Export it as a binary segmentation.');
  }
  const element = data.elements.x7fe00010;
  if (element === undefined) throw damaged('It has no pixels.');
  const numbers = itemsOf(data, 'x00620002').map((item) => binaryOf(item, 'x00620004', 'uint16') ?? 0);
  const isLabelMap = type === 'LABELMAP';
  const frames = framesOf();
  const maximum = binaryOf(data, 'x0062000e', 'uint16') ?? 255;
  const threshold = type === 'FRACTIONAL' ? Math.max(1, Math.ceil(maximum / 2)) : null;
  const syntax = textOf(data, 'x00020010');
  const pixels = frameWidth * frameHeight;
  const isEncapsulated = element.hadUndefinedLength === true;
  if (!native.includes(syntax) && !(syntax === rle && isEncapsulated && bits === 8)) {
    throw new AnnotationError(file, `Its transfer syntax ${syntax.slice(0, 64)} is not supported.`, remedy);
  }
  // The last byte may be padding.
  if (!isEncapsulated && element.length < Math.ceil((count * pixels * bits) / 8)) {
    throw damaged(`It has too little data for its ${count} frames.`);
  }
  const end = element.dataOffset + element.length;
  if (!isEncapsulated && end > bytes.length) throw damaged('It is cut off.');
  const packed = isEncapsulated ? null : bytes.subarray(element.dataOffset, end);
  const encoded = frameReader(source, {
    offset: element.dataOffset,
    length: element.length,
    encapsulated: isEncapsulated,
    frames: count,
    frameBytes: pixels,
    extendedOffsets: null,
    budget,
  });
  return {
    width,
    height,
    frameWidth,
    frameHeight,
    frames,
    isLabelMap,
    threshold,
    values: async (index) => {
      if (bits === 1) return unpackedBits(packed, index, pixels);
      const raw =
        packed === null
          ? unpackedRle(await encoded(index), pixels, file)
          : packed.subarray(index * pixels, (index + 1) * pixels);
      return threshold === null ? raw : raw.map((value) => (value >= threshold ? 1 : 0));
    },
  };

  function framesOf(): SegFrame[] {
    if (!(Number.isInteger(count) && count > 0) || count > 2 ** 22) {
      throw damaged(`It claims ${count} frames.`);
    }
    budget.spend(count * 64, 'frames');
    const columns = Math.ceil(width / frameWidth);
    const tiles = columns * Math.ceil(height / frameHeight);
    if (textOf(data, 'x00209311') === 'TILED_FULL') {
      const parts = isLabelMap ? 1 : numbers.length;
      if (count !== tiles * parts) throw damaged(`It has ${count} frames instead of ${tiles * parts}.`);
      return Array.from({ length: count }, (_, index) => ({
        index,
        segment: isLabelMap ? 0 : (numbers[Math.floor(index / tiles)] ?? 0),
        left: ((index % tiles) % columns) * frameWidth,
        top: Math.floor((index % tiles) / columns) * frameHeight,
      }));
    }
    const isWhole = width === frameWidth && height === frameHeight;
    return Array.from({ length: count }, (_, index) => {
      const [column = 0, row = 0] = [places?.[2 * index], places?.[2 * index + 1]];
      if (!isWhole && !(column > 0 && row > 0)) throw damaged(`Frame ${index + 1} has no place.`);
      const named = segments?.[index] ?? 0;
      const segment = named > 0 || numbers.length !== 1 ? named : (numbers[0] ?? 0);
      if (!isLabelMap && segment === 0) throw damaged(`Frame ${index + 1} names no segment.`);
      const [left, top] = [Math.max(0, column - 1), Math.max(0, row - 1)];
      return { index, segment: isLabelMap ? 0 : segment, left, top };
    });
  }
}

/** Bits of a frame, the lowest first; frames follow each other without padding (PS3.5, 8.1.1). */
function unpackedBits(packed: Uint8Array | null, index: number, pixels: number): Uint8Array {
  const values = new Uint8Array(pixels);
  const first = index * pixels;
  for (let i = 0; i < pixels; i++) {
    const bit = first + i;
    values[i] = ((packed?.[Math.floor(bit / 8)] ?? 0) >> (bit % 8)) & 1;
  }
  return values;
}

/** A frame of one RLE segment (PS3.5, G). @throws AnnotationError when it is damaged. */
function unpackedRle(bytes: Uint8Array, pixels: number, file: string): Uint8Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  try {
    if (view.getUint32(0, true) !== 1) throw new Error('It has several segments.');
    const values = unpack(compression.packBits, bytes.subarray(view.getUint32(4, true)), pixels);
    if (values.length === pixels) return values;
  } catch (cause) {
    throw new AnnotationError(file, 'A frame of the segmentation is damaged.', remedy, { cause });
  }
  throw new AnnotationError(file, 'A frame of the segmentation is damaged.', remedy);
}
