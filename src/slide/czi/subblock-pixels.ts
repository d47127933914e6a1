/** Pixel types and compressions of CZI subblocks. */
import { checkEncodedTile } from '../encoded-tile.ts';
import { completeJpeg } from '../jpeg.ts';
import type { Samples } from '../sample-codec/samples.ts';
import type { RgbaImage, SlidePlatform } from '../slide.ts';
import { unpack } from '../tiff/codecs.ts';
import { compression as tiffCompression } from '../tiff/tags.ts';
import { loadZstd, unzstd } from '../tiff/zstd.ts';

export interface PixelType {
  readonly name: string;
  readonly components: 1 | 3;
  readonly bits: 8 | 16;
}

/** The types that are read, by number. */
export const pixelTypes: ReadonlyMap<number, PixelType> = new Map([
  [0, { name: 'Gray8', components: 1, bits: 8 }],
  [1, { name: 'Gray16', components: 1, bits: 16 }],
  [3, { name: 'Bgr24', components: 3, bits: 8 }],
  [4, { name: 'Bgr48', components: 3, bits: 16 }],
]);

const otherTypes: Readonly<Record<number, string>> = {
  2: 'Gray32Float',
  8: 'Bgr96Float',
  9: 'Bgra32',
  10: 'Gray64ComplexFloat',
  11: 'Bgr192ComplexFloat',
  12: 'Gray32',
  13: 'Gray64',
};

/** A pixel type's name, also of one that is not read. */
export const pixelTypeName = (type: number): string =>
  pixelTypes.get(type)?.name ?? otherTypes[type] ?? `type ${type}`;

/** The compressions that are read, by number. */
const compressions = {
  0: 'none',
  1: 'JPEG',
  2: 'LZW',
  4: 'JPEG XR',
  5: 'ZSTD',
  6: 'ZSTD',
} as const;

/** A compression's name; null for one that is not read, such as a camera's own. */
export const compressionName = (scheme: number): string | null =>
  scheme in compressions ? compressions[scheme as keyof typeof compressions] : null;

/** What a subblock must hold. */
export interface SubblockShape {
  readonly width: number;
  readonly height: number;
  readonly type: PixelType;
  readonly compression: number;
}

/**
 * Decodes a subblock: blue, green, red become red, green, blue.
 * @throws Error with a sentence, when its data is damaged or not of its size.
 */
export async function subblockSamples(
  bytes: Uint8Array<ArrayBuffer>,
  shape: SubblockShape,
  platform: SlidePlatform,
  signal?: AbortSignal,
): Promise<Samples | RgbaImage> {
  const { width, height, type, compression } = shape;
  const size = (width * height * type.components * type.bits) / 8;
  switch (compression) {
    case 0:
      return raw(bytes, shape, size);
    case 1: {
      const file = completeJpeg(bytes, null, 'ycbcr');
      checkEncodedTile(file, 'image/jpeg', { width, height, visibleWidth: width, visibleHeight: height });
      if (type.bits === 16) throw new Error('Its JPEG cannot hold 16 bits.');
      const image = await platform.decoder.decode(file, 'image/jpeg', signal);
      return type.components === 3 ? image : greyOf(image);
    }
    case 2:
      return raw(unpack(tiffCompression.lzw, bytes, size), shape, size);
    case 4: {
      const image = await platform.samples(bytes, 'jpeg-xr', signal);
      if (image.width !== width || image.height !== height) {
        throw new Error(
          `Its image has ${image.width} by ${image.height} pixels instead of ${width} by ${height}.`,
        );
      }
      if (image.components !== type.components || image.bits !== type.bits) {
        throw new Error(`Its image has ${image.components} × ${image.bits} bits instead of ${type.name}.`);
      }
      return image;
    }
    case 5:
      await loadZstd();
      return raw(unzstd(bytes, size), shape, size);
    case 6:
      await loadZstd();
      return raw(zstdWithHeader(bytes, size), shape, size);
    default:
      throw new Error(`Its compression (code ${compression}) is not supported.`);
  }
}

function raw(bytes: Uint8Array, { width, height, type }: SubblockShape, size: number): Samples | RgbaImage {
  if (bytes.length < size) throw new Error('It has too little data.');
  if (type.components === 3 && type.bits === 8) {
    const data = new Uint8ClampedArray(width * height * 4);
    copyPixels(bytes, data, 2, 0);
    return { width, height, data };
  }
  // A copy: whole numbers of 16 bits need an even offset.
  const { buffer } = bytes.slice(0, size);
  const data = type.bits === 8 ? new Uint8Array(buffer) : new Uint16Array(buffer);
  if (type.components === 3) {
    for (let i = 0; i + 2 < data.length; i += 3) {
      const blue = data[i]!;
      data[i] = data[i + 2]!;
      data[i + 2] = blue;
    }
  }
  return { width, height, components: type.components, bits: type.bits, planar: false, data };
}

/**
 * Zstandard after a header: its length, then chunks, of which one says whether the low bytes of all numbers come first, then
 * their high bytes.
 */
function zstdWithHeader(bytes: Uint8Array, size: number): Uint8Array {
  const length = bytes[0] ?? 0;
  let isSplit = false;
  if (length === 3 && bytes[1] === 1) isSplit = (bytes[2]! & 1) !== 0;
  else if (length !== 1) throw new Error('Its header has a form that is not known.');
  const unpacked = unzstd(bytes.subarray(length), size);
  if (!isSplit) return unpacked;
  const half = unpacked.length >> 1;
  const joined = new Uint8Array(unpacked.length);
  for (let i = 0; i < half; i++) {
    joined[2 * i] = unpacked[i]!;
    joined[2 * i + 1] = unpacked[half + i]!;
  }
  return joined;
}

function greyOf({ width, height, data }: RgbaImage): Samples {
  const values = new Uint8Array(width * height);
  for (let i = 0; i < values.length; i++) values[i] = data[4 * i]!;
  return { width, height, components: 1, bits: 8, planar: false, data: values };
}

/**
 * Three bytes per pixel to opaque ones. One function for one type of array: for several, engines compile a loop that takes
 * three times as long.
 * @param red, blue where these are among the three
 */
function copyPixels(samples: Uint8Array, data: Uint8ClampedArray, red: number, blue: number): void {
  for (let o = 0, s = 0; o < data.length; o += 4, s += 3) {
    data[o] = samples[s + red]!;
    data[o + 1] = samples[s + 1]!;
    data[o + 2] = samples[s + blue]!;
    data[o + 3] = 255;
  }
}

/** Colours with 8 bits. */
export function toRgba(image: Samples | RgbaImage): RgbaImage {
  if (!('components' in image)) return image;
  const { width, height, components, data: samples } = image;
  if (components === 3 && samples instanceof Uint8Array) {
    const rgba = new Uint8ClampedArray(width * height * 4);
    copyPixels(samples, rgba, 0, 2);
    return { width, height, data: rgba };
  }
  const shift = (samples.BYTES_PER_ELEMENT - 1) * 8;
  const [green, blue] = components === 3 ? [1, 2] : [0, 0];
  const data = new Uint8ClampedArray(width * height * 4);
  for (let o = 0, s = 0; o < data.length; o += 4, s += components) {
    data[o] = samples[s]! >> shift;
    data[o + 1] = samples[s + green]! >> shift;
    data[o + 2] = samples[s + blue]! >> shift;
    data[o + 3] = 255;
  }
  return { width, height, data };
}
