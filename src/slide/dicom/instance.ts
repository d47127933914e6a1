/**
 * One DICOM whole-slide microscopy instance (PS3.3 A.32.8) in a file (PS3.10): a level, label, overview or
 * thumbnail. The data set is read up to the pixel data; frames are read on demand.
 */
import dicomParser, { type DataSet } from 'dicom-parser';
import { SlideError, type ByteSource } from '../slide.ts';
import { frameReader } from './frames.ts';
import { specimenProperties } from './specimen.ts';

/** What an instance says about its pixels, whether it comes from a file or DICOMweb. */
export interface DicomInstance {
  /** Third value of Image Type. */
  readonly kind: 'volume' | 'label' | 'overview' | 'thumbnail';
  readonly seriesUid: string;
  readonly transferSyntax: string;
  /** Size of the whole image in pixels. */
  readonly width: number;
  readonly height: number;
  /** Size of a frame in pixels. */
  readonly tileWidth: number;
  readonly tileHeight: number;
  readonly frames: number;
  /** Number of the first frame in this instance, within its concatenation. */
  readonly frameOffset: number;
  readonly photometric: string;
  readonly samples: number;
  readonly planar: boolean;
  readonly bits: number;
  /** Frame index at `row * columns + column` for sparse tiling; null when frames are in row order. */
  readonly sparse: ReadonlyMap<number, number> | null;
  /** µm per pixel of this instance. */
  readonly mpp: { readonly x: number; readonly y: number; readonly source: string } | null;
  readonly magnification: number | null;
  readonly scanner: string | null;
  readonly icc: Uint8Array<ArrayBuffer> | null;
  readonly properties: Readonly<Record<string, string>>;
  /** The bytes of a frame, counted from 0. @throws SlideError `broken-tile`. */
  frame(index: number, signal?: AbortSignal): Promise<Uint8Array<ArrayBuffer>>;
}

/** First and largest number of bytes read in search of the pixel data. */
const firstBytes = 256 * 1024;
const maxHeaderBytes = 128 * 1024 * 1024;
const wsiStorage = '1.2.840.10008.5.1.4.1.1.77.1.6';

/** Whether the bytes start like a DICOM file. */
export function isDicom(head: Uint8Array): boolean {
  return head[128] === 0x44 && head[129] === 0x49 && head[130] === 0x43 && head[131] === 0x4d;
}

/**
 * Reads an instance's data set.
 * @throws SlideError `unsupported` when it is not a whole-slide image, `truncated`, `corrupt`.
 */
export async function dicomInstance(source: ByteSource): Promise<DicomInstance> {
  const data = await readDataSet(source);
  const text = (key: string): string => data.string(key) ?? '';
  if (text('x00080016') !== wsiStorage) {
    throw new SlideError(
      'unsupported',
      source.name,
      'This DICOM file is not a whole-slide image.',
      'Open the .dcm files of a VL Whole Slide Microscopy series.',
    );
  }
  const tileWidth = data.uint16('x00280011') ?? 0;
  const tileHeight = data.uint16('x00280010') ?? 0;
  const width = data.uint32('x00480006') ?? tileWidth;
  const height = data.uint32('x00480007') ?? tileHeight;
  const frames = data.intString('x00280008') ?? 1;
  const sides = [tileWidth, tileHeight, width, height];
  if (
    sides.some((side) => !(side > 0 && side < 2 ** 24)) ||
    tileWidth * tileHeight > 2 ** 25 ||
    !(frames > 0)
  ) {
    throw damaged(
      source.name,
      `It claims ${width} by ${height} pixels in frames of ${tileWidth} by ${tileHeight}.`,
    );
  }
  const pixelData = data.elements.x7fe00010;
  if (pixelData === undefined) throw damaged(source.name, 'It has no pixel data.');
  const transferSyntax = text('x00020010');
  const samples = data.uint16('x00280002') ?? 1;
  const bits = data.uint16('x00280100') ?? 8;
  const columns = Math.ceil(width / tileWidth);
  const path = sequence(data, 'x00480105')[0];
  const icc = path?.elements.x00282000;
  const scanner = [text('x00080070'), text('x00081090')]
    .filter((one) => one !== '' && one !== 'Unknown')
    .join(' ');
  return {
    kind: imageKind(data.string('x00080008', 2) ?? '', columns * Math.ceil(height / tileHeight)),
    seriesUid: text('x0020000e'),
    transferSyntax,
    width,
    height,
    tileWidth,
    tileHeight,
    frames,
    frameOffset: data.uint32('x00209228') ?? 0,
    photometric: text('x00280004'),
    samples,
    planar: data.uint16('x00280006') === 1,
    bits,
    sparse: text('x00209311') === 'TILED_FULL' ? null : sparsePositions(data, tileWidth, tileHeight, columns),
    mpp: pixelSize(data, width, height),
    magnification: path?.floatString('x00480112') ?? null,
    scanner: scanner === '' ? null : scanner,
    icc: icc === undefined || path === undefined ? null : copy(path, icc.dataOffset, icc.length),
    properties: { ...properties(data), ...specimenProperties(data) },
    frame: frameReader(source, {
      offset: pixelData.dataOffset,
      encapsulated: pixelData.hadUndefinedLength === true,
      length: pixelData.length,
      frames,
      frameBytes: Math.ceil((tileWidth * tileHeight * samples * bits) / 8),
      extendedOffsets: longs(data, 'x7fe00001'),
    }),
  };
}

/** Reads more and more of the file until the parser reaches the pixel data. */
async function readDataSet(source: ByteSource): Promise<DataSet> {
  let length = Math.min(source.size, firstBytes);
  for (;;) {
    const bytes = await source.read(0, length);
    try {
      const data = dicomParser.parseDicom(bytes, { untilTag: 'x7fe00010' });
      if (data.elements.x7fe00010 !== undefined || length >= source.size) return data;
    } catch (cause) {
      if (length >= source.size || length >= maxHeaderBytes) {
        throw new SlideError(
          length >= source.size ? 'truncated' : 'corrupt',
          source.name,
          'Its DICOM data set ends too early.',
          'Copy or export the file again.',
          { cause },
        );
      }
    }
    if (length >= maxHeaderBytes) throw damaged(source.name, 'Its pixel data was not found.');
    length = Math.min(source.size, length * 8, maxHeaderBytes);
  }
}

function imageKind(flavour: string, tiles: number): DicomInstance['kind'] {
  if (flavour === 'LABEL') return 'label';
  if (flavour === 'OVERVIEW') return 'overview';
  // Some writers mark the slide's smallest level as a thumbnail: one of many frames is a level, one of a
  // single frame an associated image.
  return flavour === 'THUMBNAIL' && tiles === 1 ? 'thumbnail' : 'volume';
}

/** Frame indices by tile, from each frame's plane position (1-based, in pixels of the whole image). */
function sparsePositions(
  data: DataSet,
  tileWidth: number,
  tileHeight: number,
  columns: number,
): Map<number, number> | null {
  const groups = sequence(data, 'x52009230');
  if (groups.length === 0) return null;
  const positions = new Map<number, number>();
  for (const [index, group] of groups.entries()) {
    const position = sequence(group, 'x0048021a')[0];
    const x = position?.int32('x0048021e');
    const y = position?.int32('x0048021f');
    if (x === undefined || y === undefined) continue;
    const key = Math.floor((y - 1) / tileHeight) * columns + Math.floor((x - 1) / tileWidth);
    // Other focal planes and optical paths follow; only the first is shown.
    if (!positions.has(key)) positions.set(key, index);
  }
  return positions;
}

/** From Pixel Spacing (row, column; mm), else Imaged Volume size divided by pixels. */
function pixelSize(data: DataSet, width: number, height: number): DicomInstance['mpp'] {
  const shared = sequence(data, 'x52009229')[0];
  const measures = shared === undefined ? undefined : sequence(shared, 'x00289110')[0];
  const y = measures?.floatString('x00280030', 0);
  const x = measures?.floatString('x00280030', 1);
  if (x !== undefined && y !== undefined && x > 0 && y > 0) {
    return { x: um(x), y: um(y), source: 'DICOM PixelSpacing' };
  }
  const w = data.float('x00480001');
  const h = data.float('x00480002');
  if (w === undefined || h === undefined || !(w > 0 && h > 0)) return null;
  return { x: um(w / width), y: um(h / height), source: 'DICOM ImagedVolume' };
}

/** Millimetres in µm, to ten digits: 0.000499 mm is 0.499 µm. */
const um = (mm: number): number => Number((mm * 1000).toPrecision(10));

const keywords: Readonly<Record<string, string>> = {
  x00020010: 'TransferSyntaxUID',
  x00080008: 'ImageType',
  x00080018: 'SOPInstanceUID',
  x00080022: 'AcquisitionDate',
  x00080023: 'ContentDate',
  x00080070: 'Manufacturer',
  x00081090: 'ManufacturerModelName',
  x00181000: 'DeviceSerialNumber',
  x00181020: 'SoftwareVersions',
  x0020000d: 'StudyInstanceUID',
  x0020000e: 'SeriesInstanceUID',
  x00209311: 'DimensionOrganizationType',
  x00280004: 'PhotometricInterpretation',
};

/** Technical attributes only; none that identifies a patient. */
function properties(data: DataSet): Record<string, string> {
  const found: Record<string, string> = {};
  for (const [key, keyword] of Object.entries(keywords)) {
    const element = data.elements[key];
    if (element === undefined || element.length <= 0 || element.length > 256) continue;
    const bytes = copy(data, element.dataOffset, element.length);
    found[keyword] = new TextDecoder('latin1').decode(bytes).replace(/[\0 ]+$/, '');
  }
  return found;
}

function sequence(data: DataSet, key: string): DataSet[] {
  return (data.elements[key]?.items ?? []).flatMap((item) =>
    item.dataSet === undefined ? [] : [item.dataSet],
  );
}

function copy(data: DataSet, offset: number, length: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(data.byteArray.subarray(offset, offset + length));
}

/** Values of VR OV (64-bit). */
function longs(data: DataSet, key: string): Float64Array | null {
  const element = data.elements[key];
  if (element === undefined || element.length <= 0) return null;
  const bytes = copy(data, element.dataOffset, element.length);
  const view = new DataView(bytes.buffer);
  return Float64Array.from({ length: bytes.length >> 3 }, (_, i) => Number(view.getBigUint64(i * 8, true)));
}

function damaged(file: string, problem: string): SlideError {
  return new SlideError(
    'corrupt',
    file,
    `The DICOM file is damaged. ${problem}`,
    'Copy or export the file again.',
  );
}
