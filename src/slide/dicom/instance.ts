/**
 * One DICOM whole-slide microscopy instance (PS3.3 A.32.8) in a file (PS3.10): a level, label, overview or
 * thumbnail. The data set is read up to the pixel data; frames are read on demand.
 */
import type { DataSet } from 'dicom-parser';
import { usableProfile, type EmbeddedProfile } from '../icc.ts';
import { ByteBudget, maxFramePixels, maxSide } from '../limits.ts';
import { SlideError, type ByteSource } from '../slide.ts';
import { binaryOf, bytesOf, damagedDicom, itemsOf, numberOf, readDataSet, textOf } from './data-set.ts';
import { frameReader } from './frames.ts';
import { imageKind, pixelSize, windowEnds, type DicomPixelSize, type ImageKind } from './instance-rules.ts';
import { pathsOf, type OpticalPath } from './optical-paths.ts';
import { paletteOf } from './palette.ts';
import { part10Source } from './part-10.ts';
import { deflatedLittle } from './transfer-syntax.ts';
import { specimenProperties } from './specimen.ts';

/** What an instance says about its pixels, whether it comes from a file or DICOMweb. */
export interface DicomInstance {
  readonly kind: ImageKind;
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
  /** Bits that a value takes, and those of them that hold it. */
  readonly bits: number;
  readonly bitsStored: number;
  readonly signed: boolean;
  /** Column and row of the first pixel of each frame, from 1, 0 and 0 where it has none; null when frames are in row order. */
  readonly places: Int32Array | null;
  /** Colours of palette indices as in TIFF's ColorMap (`SampleLayout`); null without. */
  readonly palette: Float64Array | null;
  /** Optical paths of the frames; at least one. */
  readonly paths: readonly OpticalPath[];
  /** For each frame, the number of its path in `paths`, -1 where it names none; null where frames are in the order of paths. */
  readonly framePaths: Int16Array | null;
  /** Focal planes, of which the first is shown. */
  readonly focalPlanes: number;
  readonly concatenation: Concatenation;
  /** Values shown as black and as white (VOI LUT); null without. */
  readonly window: readonly [low: number, high: number] | null;
  /** µm per pixel of this instance. */
  readonly mpp: DicomPixelSize | null;
  readonly magnification: number | null;
  readonly scanner: string | null;
  readonly icc: EmbeddedProfile;
  readonly properties: Readonly<Record<string, string>>;
  /** The bytes of a frame, counted from 0. @throws SlideError `broken-tile`. */
  frame(index: number, signal?: AbortSignal): Promise<Uint8Array<ArrayBuffer>>;
}

/** An image that is split into several instances. */
export interface Concatenation {
  /** Shared by its instances; empty for an image in one. */
  readonly uid: string;
  /** Number of the instance among them, from 1; 0 without. */
  readonly number: number;
  /** How many there are; 0 where it is not said. */
  readonly count: number;
}

const wsiStorage = '1.2.840.10008.5.1.4.1.1.77.1.6';

/**
 * Reads an instance's data set.
 * @throws SlideError `unsupported` when it is not a whole-slide image, `truncated`, `corrupt`.
 */
export async function dicomInstance(
  file: ByteSource,
  budget = new ByteBudget(file.name),
): Promise<DicomInstance> {
  const { source, deflated, guessed } = await part10Source(file);
  const { data, framePlaces, frameSpacing, framePaths } = await readDataSet(source, budget);
  const text = (key: string): string => textOf(data, key);
  // Some writers leave out the class; no other image has a total pixel matrix.
  const isSlide =
    text('x00080016') === '' ? data.elements.x00480006 !== undefined : text('x00080016') === wsiStorage;
  if (!isSlide) {
    throw new SlideError(
      'unsupported',
      source.name,
      'This DICOM file is not a whole-slide image.',
      'Open the .dcm files of a VL Whole Slide Microscopy series.',
    );
  }
  const tileWidth = binaryOf(data, 'x00280011', 'uint16') ?? 0;
  const tileHeight = binaryOf(data, 'x00280010', 'uint16') ?? 0;
  const width = binaryOf(data, 'x00480006', 'uint32') ?? tileWidth;
  const height = binaryOf(data, 'x00480007', 'uint32') ?? tileHeight;
  const frames = Math.trunc(numberOf(data, 'x00280008') ?? 1);
  const sides = [tileWidth, tileHeight, width, height];
  if (
    sides.some((side) => !(side > 0 && side < maxSide)) ||
    tileWidth * tileHeight > maxFramePixels ||
    !(frames > 0)
  ) {
    throw damagedDicom(
      source.name,
      `It claims ${width} by ${height} pixels in frames of ${tileWidth} by ${tileHeight}.`,
    );
  }
  const pixelData = data.elements.x7fe00010;
  if (pixelData === undefined) throw damagedDicom(source.name, 'It has no pixel data.');
  const transferSyntax = deflated ? deflatedLittle : text('x00020010');
  if (guessed && pixelData.hadUndefinedLength === true) {
    throw new SlideError(
      'unsupported',
      source.name,
      'It has no DICOM header, which would say how its pixels are compressed.',
      'Export it again as a DICOM file (Part 10).',
    );
  }
  const samples = binaryOf(data, 'x00280002', 'uint16') ?? 1;
  const bits = binaryOf(data, 'x00280100', 'uint16') ?? 8;
  const columns = Math.ceil(width / tileWidth);
  const opticalPaths = itemsOf(data, 'x00480105');
  const path = opticalPaths[0];
  const places =
    text('x00209311') === 'TILED_FULL' || framePlaces === null || framePlaces.length === 0
      ? null
      : framePlaces;
  const icc = path === undefined ? null : bytesOf(path, 'x00282000');
  const scanner = [text('x00080070'), text('x00081090')]
    .filter((one) => one !== '' && one !== 'Unknown')
    .join(' ');
  return {
    kind: imageKind(textOf(data, 'x00080008', 2), columns * Math.ceil(height / tileHeight)),
    seriesUid: text('x0020000e'),
    transferSyntax,
    width,
    height,
    tileWidth,
    tileHeight,
    frames,
    frameOffset: binaryOf(data, 'x00209228', 'uint32') ?? 0,
    photometric: text('x00280004'),
    samples,
    planar: binaryOf(data, 'x00280006', 'uint16') === 1,
    bits,
    bitsStored: Math.min(bits, binaryOf(data, 'x00280101', 'uint16') ?? bits),
    signed: binaryOf(data, 'x00280103', 'uint16') === 1,
    places,
    palette: text('x00280004') === 'PALETTE COLOR' ? paletteOf(data) : null,
    ...pathsOf(
      opticalPaths.map((one) => ({ id: textOf(one, 'x00480106'), name: textOf(one, 'x00480107') })),
      sharedPath(data),
      places === null ? null : framePaths,
    ),
    concatenation: {
      uid: text('x00209161'),
      number: binaryOf(data, 'x00209162', 'uint16') ?? 0,
      count: binaryOf(data, 'x00209163', 'uint16') ?? 0,
    },
    window: windowOf(data),
    focalPlanes: binaryOf(data, 'x00480303', 'uint32') ?? 1,
    mpp: pixelSize(
      sharedSpacing(data) ?? frameSpacing,
      {
        width: binaryOf(data, 'x00480001', 'float32'),
        height: binaryOf(data, 'x00480002', 'float32'),
      },
      { width, height },
    ),
    magnification: path === undefined ? null : numberOf(path, 'x00480112'),
    scanner: scanner === '' ? null : scanner,
    icc: await usableProfile(icc?.length ?? 0, () => (icc === null ? null : new Uint8Array(icc))),
    properties: { ...properties(data), ...originProperties(data), ...specimenProperties(data) },
    frame: frameReader(source, {
      offset: pixelData.dataOffset,
      encapsulated: pixelData.hadUndefinedLength === true,
      length: pixelData.length,
      frames,
      frameBytes: Math.ceil((tileWidth * tileHeight * samples * bits) / 8),
      extendedOffsets: longs(data, 'x7fe00001', budget),
      budget,
    }),
  };
}

/** The first item of a functional group that all frames share. */
function sharedGroup(data: DataSet, key: string): DataSet | undefined {
  const shared = itemsOf(data, 'x52009229')[0];
  return shared === undefined ? undefined : itemsOf(shared, key)[0];
}

/** Identifier of the path that all frames share; empty without. */
function sharedPath(data: DataSet): string {
  const group = sharedGroup(data, 'x00480207');
  return group === undefined ? '' : textOf(group, 'x00480106');
}

/** The window of all frames. */
function windowOf(data: DataSet): DicomInstance['window'] {
  const holder = sharedGroup(data, 'x00289132') ?? data;
  return windowEnds(numberOf(holder, 'x00281050'), numberOf(holder, 'x00281051'));
}

/** Pixel Spacing (row, column; mm) of the functional groups that all frames share. */
function sharedSpacing(data: DataSet): { readonly x: number | null; readonly y: number | null } | null {
  const measures = sharedGroup(data, 'x00289110');
  if (measures?.elements.x00280030 === undefined) return null;
  return { y: numberOf(measures, 'x00280030', 0), x: numberOf(measures, 'x00280030', 1) };
}

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
  x00209161: 'ConcatenationUID',
  x00200052: 'FrameOfReferenceUID',
  x00209311: 'DimensionOrganizationType',
  x00280004: 'PhotometricInterpretation',
  x00480102: 'ImageOrientationSlide',
};

/** Technical attributes only; none that identifies a patient. */
function properties(data: DataSet): Record<string, string> {
  const found: Record<string, string> = {};
  for (const [key, keyword] of Object.entries(keywords)) {
    const bytes = bytesOf(data, key);
    if (bytes === null || bytes.length > 256) continue;
    found[keyword] = new TextDecoder('latin1').decode(bytes).replace(/[\0 ]+$/, '');
  }
  return found;
}

/** Where the first pixel lies on the glass (PS3.3 C.8.12.4), mm: annotations may count from there. */
function originProperties(data: DataSet): Record<string, string> {
  const [origin] = itemsOf(data, 'x00480008');
  if (origin === undefined) return {};
  const [x, y] = [numberOf(origin, 'x0040072a'), numberOf(origin, 'x0040073a')];
  return x === null || y === null ? {} : { TotalPixelMatrixOrigin: `${x}\\${y}` };
}

/** Values of VR OV (64-bit). */
function longs(data: DataSet, key: string, budget: ByteBudget): Float64Array | null {
  const bytes = bytesOf(data, key);
  if (bytes === null) return null;
  budget.spend(bytes.length, 'frame offsets');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return Float64Array.from({ length: bytes.length >> 3 }, (_, i) => Number(view.getBigUint64(i * 8, true)));
}
