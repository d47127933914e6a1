/** Frames of a DICOM instance as pixels or values, whatever their transfer syntax. */
import { imageType } from '../encoded-image.ts';
import { checkEncodedTile, checkTileSize, type TilePlace } from '../encoded-tile.ts';
import { completeJpeg, isJpeg } from '../jpeg.ts';
import { jpeg2000Header, ycbcrToRgb } from '../jpeg2000/codec.ts';
import { decodeLosslessJpeg } from '../lossless-jpeg.ts';
import type { Samples } from '../sample-codec/samples.ts';
import type { RgbaImage, SlidePlatform, TilePayload } from '../slide.ts';
import type { Colours } from '../stream-colours.ts';
import { toRgba } from '../tiff/samples.ts';
import { photometric as tiffPhotometric } from '../tiff/tags.ts';
import type { DicomInstance } from './instance.ts';
import { decodeRle } from './rle.ts';
import { transferSyntax } from './transfer-syntax.ts';

type Bytes = Uint8Array<ArrayBuffer>;

/** The colours that an instance states for three samples. */
const containerOf = ({ photometric }: DicomInstance): Colours => (photometric === 'RGB' ? 'rgb' : 'ycbcr');

/**
 * A frame as a tile.
 * @param place where it goes, whose size it must have.
 * @throws Error when it is damaged.
 */
export async function framePayload(
  instance: DicomInstance,
  bytes: Bytes,
  place: TilePlace,
  platform: SlidePlatform,
  signal?: AbortSignal,
): Promise<TilePayload> {
  const codec = transferSyntax(instance.transferSyntax)?.codec;
  // Decoders of whole images know nothing of inverted grey.
  const isInverted = instance.photometric === 'MONOCHROME1';
  if (codec === 'jpeg' && !isInverted) {
    return { kind: 'encoded', type: 'image/jpeg', bytes: completeFrame(instance, bytes, place) };
  }
  if (codec === 'rendered') {
    const type = imageType(bytes);
    if (type === null) throw new Error('The server sent no image.');
    checkEncodedTile(bytes, type, place);
    return { kind: 'encoded', type, bytes };
  }
  const start = performance.now();
  const image =
    codec === 'jpeg2000' && instance.bits === 8 && !isInverted
      ? await platform.jpeg2000(bytes, containerOf(instance), signal)
      : rgbaOf(await anySamples(instance, bytes, place, platform, signal), instance, bytes);
  checkTileSize(image, place);
  return { kind: 'pixels', image, ...(codec === 'native' ? {} : { decodeMs: performance.now() - start }) };
}

/**
 * The values of a frame of one sample, `tileWidth × tileHeight`; bright is high, whatever the photometric interpretation.
 * @throws Error when it is damaged.
 */
export async function frameValues(
  instance: DicomInstance,
  bytes: Bytes,
  place: TilePlace,
  platform: SlidePlatform,
  signal?: AbortSignal,
): Promise<Uint8Array | Uint16Array> {
  const samples = await anySamples(instance, bytes, place, platform, signal);
  checkTileSize(samples, place);
  if (samples.components !== 1) throw new Error(`It has ${samples.components} samples instead of one.`);
  const { width, height, data } = samples;
  const values = new (instance.bits > 8 ? Uint16Array : Uint8Array)(place.width * place.height);
  for (let y = 0; y < height; y++) values.set(data.subarray(y * width, (y + 1) * width), y * place.width);
  if (instance.photometric === 'MONOCHROME1') {
    const white = 2 ** instance.bitsStored - 1;
    for (let i = 0; i < values.length; i++) values[i] = Math.max(0, white - values[i]!);
  }
  return values;
}

/** Samples of a frame, of one sample per pixel where it is a JPEG. */
async function anySamples(
  instance: DicomInstance,
  bytes: Bytes,
  place: TilePlace,
  platform: SlidePlatform,
  signal?: AbortSignal,
): Promise<Samples> {
  if (transferSyntax(instance.transferSyntax)?.codec !== 'jpeg')
    return frameSamples(instance, bytes, platform, signal);
  return greyOf(await platform.decoder.decode(completeFrame(instance, bytes, place), 'image/jpeg', signal));
}

function completeFrame(instance: DicomInstance, bytes: Bytes, place: TilePlace): Bytes {
  if (!isJpeg(bytes)) throw new Error('It is not a JPEG.');
  const file = completeJpeg(bytes, null, containerOf(instance));
  checkEncodedTile(file, 'image/jpeg', place);
  return file;
}

function greyOf({ width, height, data }: RgbaImage): Samples {
  const values = new Uint8Array(width * height);
  for (let i = 0; i < values.length; i++) values[i] = data[4 * i]!;
  return { width, height, components: 1, bits: 8, planar: false, data: values };
}

async function frameSamples(
  instance: DicomInstance,
  bytes: Bytes,
  platform: SlidePlatform,
  signal?: AbortSignal,
): Promise<Samples> {
  const codec = transferSyntax(instance.transferSyntax)?.codec;
  switch (codec) {
    case 'jpeg-lossless':
      return decodeLosslessJpeg(bytes);
    case 'jpeg-ls':
    case 'htj2k':
    case 'jpeg2000':
      return platform.samples(bytes, codec, signal);
    case 'rle': {
      const { tileWidth: width, tileHeight: height, samples: components, bits, bitsStored } = instance;
      const bytesPerSample = bits > 8 ? 2 : 1;
      return decodeRle(bytes, { width, height, components, bits: bitsStored, bytesPerSample });
    }
    default:
      return nativeSamples(instance, bytes);
  }
}

function nativeSamples(instance: DicomInstance, bytes: Uint8Array): Samples {
  const { tileWidth: width, tileHeight: height, samples: components, planar, bits, bitsStored } = instance;
  const count = width * height * components;
  if (bytes.length < (count * bits) / 8) throw new Error('It has too little data.');
  const shared = { width, height, components, planar, bits: bitsStored };
  if (bits === 8) return { ...shared, data: bytes.slice(0, count) };
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const data = new Uint16Array(count);
  // Bits above those that are stored may hold something else.
  const mask = 2 ** bitsStored - 1;
  for (let i = 0; i < count; i++) data[i] = view.getUint16(2 * i, true) & mask;
  return { ...shared, data };
}

/** Values of more than 8 bits are shown by their 8 highest bits. */
function rgbaOf(samples: Samples, instance: DicomInstance, stream: Uint8Array): RgbaImage {
  const { width, height, components, planar, bits } = samples;
  if (components !== instance.samples) {
    throw new Error(`It has ${components} samples instead of ${instance.samples}.`);
  }
  const shift = Math.max(0, bits - 8);
  const data =
    samples.data instanceof Uint8Array
      ? samples.data
      : Uint8Array.from(samples.data, (value) => value >> shift);
  const size = width * height;
  const planes = planar
    ? Array.from({ length: components }, (_, i) => data.subarray(i * size, (i + 1) * size))
    : [data];
  const image = toRgba(planes, width, height, {
    samples: components,
    planar,
    alpha: 'none',
    palette: instance.palette,
    photometric: tiffPhotometricOf(instance),
  });
  if (components >= 3 && coloursOf(instance, stream) === 'ycbcr') ycbcrToRgb(image.data);
  return image;
}

function tiffPhotometricOf({ samples, palette, photometric }: DicomInstance): number {
  if (samples >= 3) return tiffPhotometric.rgb;
  if (palette !== null) return tiffPhotometric.palette;
  return photometric === 'MONOCHROME1' ? tiffPhotometric.whiteIsZero : tiffPhotometric.blackIsZero;
}

/** A component transform, which the decoder has undone, goes before what the instance states. */
function coloursOf(instance: DicomInstance, stream: Uint8Array): Colours {
  const codec = transferSyntax(instance.transferSyntax)?.codec;
  const isWavelet = codec === 'htj2k' || codec === 'jpeg2000';
  if (isWavelet) return jpeg2000Header(stream)?.transform === true ? 'rgb' : containerOf(instance);
  return instance.photometric.startsWith('YBR_FULL') ? 'ycbcr' : 'rgb';
}
