/** Reads a DICOM data set (PS3.10) up to its pixel data, within the slide's memory, and the values in it. */
import dicomParser, { type ByteArrayParser, type ByteStream, type DataSet, type Element } from 'dicom-parser';
import { maxDicomHeaderBytes, type ByteBudget } from '../limits.ts';
import { SlideError, type ByteSource } from '../slide.ts';
import { decimalNumber } from '../../base/decimal.ts';
import { perFrameTag, readFramePositions, type FramePositions } from './frame-positions.ts';
import { explicitBig, implicitLittle, syntaxName } from './transfer-syntax.ts';

/** What the package exports besides the functions of its own type file. */
interface DicomParser {
  readonly ByteStream: new (parser: ByteArrayParser, bytes: Uint8Array, position: number) => ByteStream;
  readonly DataSet: new (
    parser: ByteArrayParser,
    bytes: Uint8Array,
    elements: DataSet['elements'],
  ) => Omit<DataSet, 'warnings'> & { warnings: string[] };
  readonly littleEndianByteArrayParser: ByteArrayParser;
  readPart10Header(bytes: Uint8Array): DataSet & { readonly position: number };
  readDicomElementExplicit(stream: ByteStream, warnings: string[], untilTag: string): Element;
  readDicomElementImplicit(stream: ByteStream, untilTag: string): Element;
}

const parser = dicomParser as unknown as DicomParser;

/** Bytes read first in search of the pixel data. */
const firstBytes = 256 * 1024;
/** Memory per element or item, measured. */
const elementBytes = 400;

const pixelDataTag = 'x7fe00010';
const perFrameKey = 'x52009230';

/** Counts what is parsed, so that a small file of empty elements cannot fill the memory. */
class CountingStream extends parser.ByteStream {
  readonly #limit: number;
  count = 0;

  constructor(bytes: Uint8Array, position: number, limit: number) {
    super(parser.littleEndianByteArrayParser, bytes, position);
    this.#limit = limit;
    // The package's class has methods on its prototype and types them as fields.
    const { readUint32, readFixedString } = parser.ByteStream.prototype as ByteStream;
    this.readUint32 = () => this.#counted(readUint32.call(this));
    this.readFixedString = (length) => {
      const text = this.#counted(readFixedString.call(this, length));
      // The package takes these for representations of short length; the tables of frames are of one.
      return length === 2 && recentRepresentations.has(text) ? 'UN' : text;
    };
  }

  #counted<T>(value: T): T {
    if (++this.count > this.#limit) throw new TooManyElements();
    return value;
  }
}

/** Value representations of 64-bit numbers (PS3.5, 6.2), which the package does not know. */
const recentRepresentations: ReadonlySet<string> = new Set(['OV', 'SV', 'UV']);

class TooManyElements extends Error {}

/** A data set up to the pixel data. */
export interface DicomDataSet {
  readonly data: DataSet;
  /** Places of the frames, whose sequence `data` lacks; see `FramePositions`. Null where the file gives none. */
  readonly framePlaces: Int32Array | null;
  /** The segment that each frame of a segmentation shows, 0 where it names none; null where the file gives none. */
  readonly frameSegments: Uint16Array | null;
  /** Pixel Spacing of the first frame in mm, where each frame has its own; null without. */
  readonly frameSpacing: FramePositions['spacing'];
  /** Optical paths of the frames; see `FramePositions`. */
  readonly framePaths: FramePositions['paths'];
}

/**
 * Reads more and more of a file until the pixel data.
 * @throws SlideError `unsupported` (big-endian, too many elements), `truncated`, `corrupt`.
 */
export async function readDataSet(source: ByteSource, budget: ByteBudget): Promise<DicomDataSet> {
  let length = Math.min(source.size, firstBytes);
  for (;;) {
    const bytes = await source.read(0, length);
    try {
      const { count, ...read } = parseDataSet(bytes, source.name, Math.floor(budget.left / elementBytes));
      if (read.data.elements[pixelDataTag] !== undefined || length >= source.size) {
        budget.spend(count * elementBytes + bytes.length, 'data elements');
        budget.spend((read.framePlaces?.byteLength ?? 0) * 1.25, 'frame positions');
        return read;
      }
    } catch (cause) {
      if (cause instanceof SlideError) throw cause;
      if (cause instanceof TooManyElements) budget.spend(Infinity, 'data elements');
      if (length >= source.size || length >= maxDicomHeaderBytes) {
        throw new SlideError(
          length >= source.size ? 'truncated' : 'corrupt',
          source.name,
          'Its DICOM data set ends too early.',
          'Copy or export the file again.',
          { cause },
        );
      }
    }
    if (length >= maxDicomHeaderBytes) throw damagedDicom(source.name, 'Its pixel data was not found.');
    length = Math.min(source.size, length * 8, maxDicomHeaderBytes);
  }
}

function parseDataSet(
  bytes: Uint8Array,
  file: string,
  limit: number,
): DicomDataSet & { readonly count: number } {
  const meta = parser.readPart10Header(bytes);
  const syntax = textOf(meta, 'x00020010');
  if (syntax === explicitBig) {
    throw new SlideError(
      'unsupported',
      file,
      `Its transfer syntax ${syntaxName(syntax)} is not supported.`,
      'Convert it to explicit VR little endian, for example with dcmconv +te.',
    );
  }
  const stream = new CountingStream(bytes, meta.position, limit);
  const data = new parser.DataSet(parser.littleEndianByteArrayParser, bytes, {});
  data.warnings = [];
  const explicit = syntax !== implicitLittle;
  let framePlaces: Int32Array | null = null;
  let frameSegments: Uint16Array | null = null;
  let frameSpacing: FramePositions['spacing'] = null;
  let framePaths: FramePositions['paths'] = null;
  while (stream.position < bytes.length) {
    // The package reads no further than the head of the element that it is told to stop at.
    const stop = isNext(bytes, stream.position, perFrameTag) ? perFrameKey : pixelDataTag;
    const element = explicit
      ? parser.readDicomElementExplicit(stream, data.warnings, stop)
      : parser.readDicomElementImplicit(stream, stop);
    data.elements[element.tag] = element;
    if (element.tag === pixelDataTag) break;
    if (element.tag !== perFrameKey) continue;
    let left = limit * elementBytes;
    const read = readFramePositions(bytes, element.dataOffset, element.length, explicit, (more) => {
      left -= more;
      if (left < 0) throw new TooManyElements();
    });
    framePlaces = read.places;
    frameSegments = read.segments;
    frameSpacing = read.spacing;
    framePaths = read.paths;
    stream.position = read.end;
  }
  if (stream.position > bytes.length) throw new RangeError('The bytes end within an element.');
  Object.assign(data.elements, meta.elements);
  return { data, framePlaces, frameSegments, frameSpacing, framePaths, count: stream.count };
}

/** Whether the element at `at` has this tag. */
function isNext(bytes: Uint8Array, at: number, tag: number): boolean {
  if (at + 4 > bytes.length) return false;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return view.getUint16(at, true) === tag >>> 16 && view.getUint16(at + 2, true) === (tag & 0xffff);
}

/** The items of a sequence; none where it is absent. */
export function itemsOf(data: DataSet, key: string): DataSet[] {
  return (data.elements[key]?.items ?? []).flatMap(({ dataSet }) => (dataSet === undefined ? [] : [dataSet]));
}

/** One value of a text element; empty where the element is absent or has fewer values. */
export function textOf(data: DataSet, key: string, index = 0): string {
  const bytes = bytesOf(data, key);
  if (bytes === null) return '';
  const text = latin1.decode(bytes.subarray(0, maxTextBytes));
  return (text.split('\\')[index] ?? '').replaceAll('\0', '').trim();
}

const latin1 = new TextDecoder('latin1');
/** Longest text that matters here. */
const maxTextBytes = 4096;

/** One number of a DS or IS element; null where there is none. */
export function numberOf(data: DataSet, key: string, index = 0): number | null {
  return decimalNumber(textOf(data, key, index));
}

/** The value of a binary element, of the size that its kind has; null where it is absent or too short. */
export function binaryOf(
  data: DataSet,
  key: string,
  kind: 'uint16' | 'uint32' | 'int32' | 'float32',
): number | null {
  const bytes = bytesOf(data, key);
  if (bytes === null || bytes.length < (kind === 'uint16' ? 2 : 4)) return null;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  switch (kind) {
    case 'uint16':
      return view.getUint16(0, true);
    case 'uint32':
      return view.getUint32(0, true);
    case 'int32':
      return view.getInt32(0, true);
    default:
      return view.getFloat32(0, true);
  }
}

/** An element's value, not copied; null where it is absent or empty. */
export function bytesOf(data: DataSet, key: string): Uint8Array | null {
  const element = data.elements[key];
  if (element === undefined || !(element.length > 0)) return null;
  return data.byteArray.subarray(element.dataOffset, element.dataOffset + element.length);
}

export function damagedDicom(file: string, problem: string): SlideError {
  return new SlideError(
    'corrupt',
    file,
    `The DICOM file is damaged. ${problem}`,
    'Copy or export the file again.',
  );
}
