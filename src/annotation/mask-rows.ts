/** The values of an index mask, row by row, from a PNG or TIFF file. */
import { decode, type DecodedPng } from 'fast-png';
import { Unzlib } from 'fflate';
import { memoryByteSource } from '../slide/byte-source.ts';
import { SlideError, type SlidePlatform } from '../slide/slide.ts';
import { GreyImage } from '../slide/tiff/grey-image.ts';
import { compression, tag } from '../slide/tiff/tags.ts';
import { TiffFile } from '../slide/tiff/tiff-file.ts';
import { AnnotationError } from './annotation-file.ts';
import { hexColour } from './annotation-json.ts';

/** Most pixels of a mask: 16,000 × 16,000. */
const maxMaskPixels = 2 ** 28;
const remedy = 'Save it as a greyscale or palette PNG or TIFF whose values, 0 to 255, are classes.';

export interface Mask {
  readonly width: number;
  readonly height: number;
  /** `#rrggbb` by value; empty without a palette. */
  readonly palette: readonly string[];
  /** Calls `visit` with the values of every row from the top; the array is reused. @throws AnnotationError, SlideError */
  rows(visit: (values: Uint8Array) => void): Promise<void>;
}

const pngSignature = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];

export function isPng(bytes: Uint8Array): boolean {
  return pngSignature.every((byte, i) => bytes[i] === byte);
}

/** @throws AnnotationError when it is damaged, too large, or has colours instead of values. */
export function pngMask(bytes: Uint8Array<ArrayBuffer>, file: string): Mask {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const refuse = (problem: string, cause?: unknown): AnnotationError =>
    new AnnotationError(file, problem, remedy, { cause });
  if (bytes.length < 33) throw refuse('The mask is cut off.');
  const [width, height] = [view.getUint32(16), view.getUint32(20)];
  const [depth = 0, colour = 0, , , interlace = 0] = bytes.subarray(24, 29);
  if (colour !== 0 && colour !== 3) {
    throw refuse('The mask has colours; one value per pixel is needed, which says the class.');
  }
  checkSize(width, height, file);
  if (interlace !== 0 && depth < 8) throw refuse('The mask is interlaced.');
  const rowBytes = Math.ceil((width * depth) / 8);
  // Interlaced images have up to seven filter bytes for each row.
  checkInflated(bytes, (rowBytes + 8) * height + 64, refuse);
  let png: DecodedPng;
  try {
    png = decode(bytes);
  } catch (cause) {
    throw refuse('The mask is damaged.', cause);
  }
  const { data, palette = [] } = png;
  return {
    width,
    height,
    palette: palette.map(hexColour),
    rows: async (visit) => {
      const row = new Uint8Array(width);
      for (let y = 0; y < height; y++) {
        if (depth >= 8) copyValues(data.subarray(y * width, (y + 1) * width), row, file);
        else unpackBits(data, y * rowBytes, depth, row);
        visit(row);
      }
    },
  };
}

/** Inflates a PNG's data without keeping it. @throws AnnotationError when it is more than its size needs. */
function checkInflated(bytes: Uint8Array, most: number, refuse: (problem: string) => AnnotationError): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let length = 0;
  const stream = new Unzlib((piece) => (length += piece.length));
  for (let at = 8; at + 12 <= bytes.length && length <= most;) {
    const size = view.getUint32(at);
    const isData = view.getUint32(at + 4) === 0x49444154;
    const end = Math.min(bytes.length, at + 8 + size);
    for (let from = at + 8; isData && from < end && length <= most; from += 65_536) {
      try {
        stream.push(bytes.subarray(from, Math.min(end, from + 65_536)));
      } catch {
        throw refuse('The mask is damaged.');
      }
    }
    at += 12 + size;
  }
  if (length > most) throw refuse('The mask unpacks to more than its pixels.');
}

function unpackBits(data: ArrayLike<number>, from: number, depth: number, row: Uint8Array): void {
  const perByte = 8 / depth;
  const most = 2 ** depth - 1;
  for (let x = 0; x < row.length; x++) {
    const shift = 8 - depth * ((x % perByte) + 1);
    row[x] = ((data[from + Math.floor(x / perByte)] ?? 0) >> shift) & most;
  }
}

/** @throws AnnotationError for a value above 255. */
function copyValues(from: ArrayLike<number>, row: Uint8Array, file: string, to = 0): void {
  for (let i = 0; i < from.length; i++) {
    const value = from[i] ?? 0;
    if (value > 255) {
      throw new AnnotationError(
        file,
        `The mask has the value ${value}: it numbers objects, or is no mask.`,
        remedy,
      );
    }
    row[to + i] = value;
  }
}

/** @throws AnnotationError */
function checkSize(width: number, height: number, file: string): void {
  if (width > 0 && height > 0 && width * height <= maxMaskPixels) return;
  throw new AnnotationError(
    file,
    `The mask claims ${width} × ${height} pixels.`,
    'Save it at a lower resolution: a whole-number fraction of the slide’s size.',
  );
}

/** Only lossy images, which masks never are, need the platform's decoders. */
const withoutDecoders: SlidePlatform = {
  decoder: { decode: () => Promise.reject(new Error('no decoder')) },
  jpeg2000: () => Promise.reject(new Error('no decoder')),
  samples: () => Promise.reject(new Error('no decoder')),
};

/** The first image of a TIFF file. @throws AnnotationError, SlideError when it is damaged, too large, or no mask. */
export async function tiffMask(bytes: Uint8Array, file: string): Promise<Mask> {
  const tiff = await TiffFile.open(memoryByteSource(bytes, file));
  const [directory] = tiff.directories;
  if (directory === undefined) throw new AnnotationError(file, 'It has no image.', remedy);
  const image = await GreyImage.open(tiff, directory).catch((cause: unknown) => {
    if (!(cause instanceof SlideError) || cause.code !== 'unsupported') throw cause;
    throw new AnnotationError(file, `It is not read as a mask. ${cause.problem}`, remedy, { cause });
  });
  if (directory.number(tag.compression) === compression.jpeg) {
    throw new AnnotationError(file, 'The mask is stored as JPEG, which changes values.', remedy);
  }
  const { width, height, columns, rows, tileWidth, tileHeight } = image;
  checkSize(width, height, file);
  const palette = await directory.numbers(tag.colourMap);
  const colours = palette.length === 768 ? Array.from({ length: 256 }, (_, i) => i) : [];
  return {
    width,
    height,
    palette: colours.map((i) => hexColour([0, 256, 512].map((plane) => (palette[plane + i] ?? 0) >> 8))),
    rows: async (visit) => {
      const strip = new Uint8Array(width * tileHeight);
      for (let row = 0; row < rows; row++) {
        strip.fill(0);
        const high = Math.min(tileHeight, height - row * tileHeight);
        for (let column = 0; column < columns; column++) {
          const values = await image.values(column, row, withoutDecoders);
          const wide = Math.min(tileWidth, width - column * tileWidth);
          for (let y = 0; y < high && values !== null; y++) {
            const line = values.subarray(y * tileWidth, y * tileWidth + wide);
            copyValues(line, strip, file, y * width + column * tileWidth);
          }
        }
        for (let y = 0; y < high; y++) visit(strip.subarray(y * width, (y + 1) * width));
      }
    },
  };
}
