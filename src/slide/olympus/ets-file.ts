/**
 * The structure of an Olympus ETS file: a header (SIS), a header of its pixels (ETS), and a table of tiles by their place in as
 * many dimensions as the scan has. The maker publishes no description; Bio-Formats, SlideIO and bioio-vsi read it, and
 * agree. Numbers are little-endian.
 */
import { readExactly } from '../byte-source.ts';
import { maxSide, maxTilePixels, maxTiles, type ByteBudget } from '../limits.ts';
import { SlideError, type ByteSource } from '../slide.ts';

/** A tile: columns and rows count from the top left of its level. */
export interface EtsTile {
  readonly column: number;
  readonly row: number;
  /** 0 for full size; each halves the one before. */
  readonly level: number;
  /** Places in the dimensions between: channels, focal planes, times. */
  readonly others: readonly number[];
  readonly at: number;
  readonly length: number;
}

export interface EtsFile {
  readonly source: ByteSource;
  readonly components: 1 | 3;
  readonly bits: 8 | 16;
  /** Whether raw colours are stored as blue, green, red. */
  readonly isBgr: boolean;
  readonly compression: EtsCompression;
  readonly tileWidth: number;
  readonly tileHeight: number;
  /** Samples of a tile that the file omits. */
  readonly background: readonly number[];
  /** Where the image begins on its grid of tiles, in pixels. */
  readonly left: number;
  readonly top: number;
  /** Size of the image; null where the file does not say. */
  readonly size: { readonly width: number; readonly height: number } | null;
  readonly tiles: readonly EtsTile[];
}

export type EtsCompression = 'none' | 'JPEG' | 'JPEG 2000' | 'PNG';

const compressions: Readonly<Record<number, EtsCompression>> = {
  0: 'none',
  2: 'JPEG',
  3: 'JPEG 2000',
  8: 'PNG',
};
const otherCompressions: Readonly<Record<number, string>> = { 5: 'lossless JPEG', 9: 'BMP' };

const headerBytes = 64;
/** Bytes of the header of the pixels: without the size of the image, and the most that is read. */
const leastPixelHeader = 156;
const mostPixelHeader = 4096;
/** Dimensions of a tile's place. */
const maxDimensions = 12;
/** Memory of a tile's entry, about. */
const tileBytes = 200;
const maxLevel = 24;

/** What is wrong with a slide of this maker, with what to do. */
export function refuseVsi(file: string, problem: string): SlideError {
  return new SlideError(
    'unsupported',
    file,
    `This is an Olympus (Evident) VSI slide. ${problem}`,
    'Convert it to OME-TIFF, for example with QuPath or bfconvert, and open that.',
  );
}

const corrupt = ({ name }: ByteSource, problem: string): SlideError =>
  new SlideError(
    'corrupt',
    name,
    `The file is damaged. ${problem}`,
    'Copy the slide again, with its folder.',
  );

/** @throws SlideError `corrupt`, `truncated`, `unsupported`. */
export async function etsFile(source: ByteSource, budget: ByteBudget): Promise<EtsFile> {
  const header = await viewOf(source, 0, headerBytes, 'header');
  const dimensions = header.getUint32(12, true);
  const isHeader = text(header, 0) === 'SIS' && header.getUint32(4, true) === headerBytes;
  if (!isHeader || dimensions < 3 || dimensions > maxDimensions) {
    throw corrupt(source, 'It does not begin like an ETS file.');
  }
  const pixelsAt = long(header, 16);
  const pixelBytes = Math.min(mostPixelHeader, header.getUint32(24, true));
  if (pixelBytes < leastPixelHeader) throw corrupt(source, 'The header of its pixels is too short.');
  const pixels = await viewOf(source, pixelsAt, pixelBytes, 'header of its pixels');
  if (text(pixels, 0) !== 'ETS')
    throw corrupt(source, 'The header of its pixels is not where the file says.');
  const layout = layoutOf(pixels, source);
  const isPyramid = pixels.getUint32(152, true) !== 0;
  const count = header.getUint32(40, true);
  if (count === 0 || count > maxTiles) throw corrupt(source, `It claims ${count} tiles.`);
  const entryBytes = 20 + 4 * dimensions;
  budget.spend(count * (entryBytes + tileBytes), 'list of tiles');
  const table = await viewOf(source, long(header, 32), count * entryBytes, 'list of tiles');
  const tiles: EtsTile[] = [];
  for (let i = 0; i < count; i++) {
    const entry = i * entryBytes;
    const place = Array.from({ length: dimensions }, (_, d) => table.getInt32(entry + 4 + 4 * d, true));
    const at = long(table, entry + 4 + 4 * dimensions);
    const length = table.getUint32(entry + 12 + 4 * dimensions, true);
    const level = place.at(-1)!;
    if (!(place.every((one) => one >= 0) && level <= (isPyramid ? maxLevel : 0))) {
      throw corrupt(source, 'A tile has no place.');
    }
    tiles.push({ column: place[0]!, row: place[1]!, level, others: place.slice(2, -1), at, length });
  }
  return { source, ...layout, ...extentOf(pixels, source), tiles };
}

type Layout = Pick<
  EtsFile,
  'components' | 'bits' | 'isBgr' | 'compression' | 'tileWidth' | 'tileHeight' | 'background'
>;

function layoutOf(pixels: DataView, source: ByteSource): Layout {
  const [type, components, space, scheme] = [8, 12, 16, 20].map((at) => pixels.getUint32(at, true)) as [
    number,
    number,
    number,
    number,
  ];
  const [tileWidth, tileHeight, tileDepth] = [28, 32, 36].map((at) => pixels.getUint32(at, true)) as [
    number,
    number,
    number,
  ];
  const bits = type === 2 ? 8 : type === 4 ? 16 : null;
  if (bits === null)
    throw refuseVsi(source.name, `Its pixels are of a type (code ${type}) that is not supported.`);
  if (
    (components !== 1 && components !== 3) ||
    (components === 3 && (bits === 16 || (space !== 3 && space !== 4)))
  ) {
    throw refuseVsi(
      source.name,
      `Its pixels have ${components} ${components === 1 ? 'value' : 'values'} of ${bits} bits (colour space ${space}), which is not supported.`,
    );
  }
  const compression = compressions[scheme];
  if (compression === undefined) {
    throw refuseVsi(
      source.name,
      `Its compression (${otherCompressions[scheme] ?? `code ${scheme}`}) is not supported.`,
    );
  }
  const isSized = [tileWidth, tileHeight].every((side) => side >= 1 && side <= maxSide);
  if (!isSized || tileDepth > 1 || tileWidth * tileHeight > maxTilePixels) {
    throw corrupt(source, `It claims tiles of ${tileWidth} by ${tileHeight} by ${tileDepth} pixels.`);
  }
  const background = Array.from({ length: components }, (_, i) =>
    bits === 8 ? pixels.getUint8(108 + i) : pixels.getUint16(108 + 2 * i, true),
  );
  return { components, bits, isBgr: space === 4, compression, tileWidth, tileHeight, background };
}

/** Place and size of the image, which newer files have. The place is given as that of the grid from the image. */
function extentOf(pixels: DataView, source: ByteSource): Pick<EtsFile, 'left' | 'top' | 'size'> {
  if (pixels.byteLength < 196 || pixels.getUint32(184, true) < 2) return { left: 0, top: 0, size: null };
  const left = -pixels.getInt32(172, true);
  const top = -pixels.getInt32(176, true);
  const width = pixels.getUint32(188, true);
  const height = pixels.getUint32(192, true);
  if (width === 0 || height === 0) return { left: 0, top: 0, size: null };
  if (!([left, top].every((side) => side >= 0 && side <= maxSide) && width <= maxSide && height <= maxSide)) {
    throw corrupt(source, `Its image claims ${width} by ${height} pixels at ${left}, ${top}.`);
  }
  return { left, top, size: { width, height } };
}

async function viewOf(source: ByteSource, at: number, length: number, what: string): Promise<DataView> {
  const bytes = await readExactly(source, at, length, what);
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** 64 bits; beyond the length of any file where the value is too large for a number. */
const long = (view: DataView, at: number): number =>
  view.getUint32(at, true) + view.getUint32(at + 4, true) * 2 ** 32;

const text = (view: DataView, at: number): string =>
  String.fromCharCode(view.getUint8(at), view.getUint8(at + 1), view.getUint8(at + 2));
