/** Which kinds of TIFF are supported, and what a directory says about its samples. */
import { SlideError, type SlideErrorCode } from '../slide.ts';
import type { Jpeg2000Container } from '../stream-colours.ts';
import { isByteCodec } from './codecs.ts';
import type { SampleLayout } from './samples.ts';
import { compression, photometric, tag } from './tags.ts';
import type { TiffDirectory } from './tiff-directory.ts';
import type { TiffFile } from './tiff-file.ts';

/** The error for an unsupported kind of TIFF, with a remedy. */
export function unsupported(file: TiffFile, problem: string): SlideError {
  return new SlideError(
    'unsupported',
    file.source.name,
    problem,
    'Convert it to a tiled pyramidal TIFF, for example: vips tiffsave in.tif out.tif --tile --pyramid --compression jpeg.',
  );
}

/** The image, or null where it is of a kind that can't be read: an image beside the slide does not keep it from opening. */
export function unlessUnsupported<T>(opening: Promise<T>): Promise<T | null> {
  return unless(opening, ['unsupported']);
}

/** The image that a SubIFD should have; null where it is damaged, too: what a side branch points to may be anything. */
export function unlessUnreadable<T>(opening: Promise<T>): Promise<T | null> {
  return unless(opening, ['unsupported', 'corrupt', 'truncated']);
}

async function unless<T>(opening: Promise<T>, codes: readonly SlideErrorCode[]): Promise<T | null> {
  try {
    return await opening;
  } catch (error) {
    if (error instanceof SlideError && codes.includes(error.code)) return null;
    throw error;
  }
}

/**
 * What the file says of the colours of JPEG and JPEG 2000 tiles, which counts where they do not say it themselves. The
 * photometric tag of Aperio's JPEG 2000 always says RGB: 33003 is YCbCr and 33005 RGB. libvips writes YCbCr under 33004;
 * Bio-Formats (OME-TIFF) writes RGB under any of them.
 */
export async function containerColours(
  file: TiffFile,
  scheme: number,
  layout: SampleLayout,
): Promise<Jpeg2000Container> {
  if (scheme === compression.aperioJp2kRgb) return 'rgb';
  if (scheme !== compression.aperioJp2kYcbcr && scheme !== compression.aperioJp2kAny) {
    return layout.photometric === photometric.rgb ? 'rgb' : 'ycbcr';
  }
  const first = file.directories[0]!;
  const software = await first.text(tag.software);
  const description = await first.textStart(tag.imageDescription);
  if (software.includes('Bio-Formats') || description.includes('<OME')) return 'rgb';
  // libvips does not sign its files; other programs (tifffile) that do write what the tag says.
  const isSigned = software !== '' && !/vips/i.test(software);
  if (scheme === compression.aperioJp2kAny && isSigned && !description.startsWith('Aperio')) {
    return layout.photometric === photometric.rgb ? 'rgb' : 'ycbcr';
  }
  return scheme === compression.aperioJp2kAny ? 'ycbcr-transformed' : 'ycbcr';
}

/** @throws SlideError `unsupported` for bit depths or channel counts that cannot be read. */
export async function sampleLayout(file: TiffFile, directory: TiffDirectory): Promise<SampleLayout> {
  const samples = directory.number(tag.samplesPerPixel) ?? 1;
  const bits = await directory.numbers(tag.bitsPerSample);
  const format = directory.number(tag.sampleFormat) ?? 1;
  const isDeep = directory.number(tag.photometric) === photometric.rgb && bits.every((value) => value === 16);
  const wrong = bits.find((value) => value !== (isDeep ? 16 : 8)) ?? (bits.length === 0 ? 1 : undefined);
  if ((wrong !== undefined || (isDeep && format === 3)) && samples > 0) {
    throw unsupported(
      file,
      `It has ${wrong ?? 16} bits per channel${format === 3 ? ' (floating point)' : ''}; only 8 bits, or whole numbers of 16 bits in RGB, are supported.`,
    );
  }
  // 4 states no kind; programs that write it mean 1.
  if (format !== 1 && format !== 4) {
    throw unsupported(
      file,
      `Its samples are ${sampleFormats[format] ?? `of format ${format}`}, not whole numbers from 0 up.`,
    );
  }
  if (samples < 1 || samples > 4)
    throw unsupported(file, `It has ${samples} channels; brightfield slides have 1 to 4.`);
  const extra = directory.number(tag.extraSamples);
  const palette = await directory.numbers(tag.colourMap);
  return {
    samples,
    ...(isDeep ? { bits: 16 as const } : {}),
    photometric:
      directory.number(tag.photometric) ?? (samples >= 3 ? photometric.rgb : photometric.blackIsZero),
    planar: samples > 1 && directory.number(tag.planarConfiguration) === 2,
    alpha: extra === 1 ? 'premultiplied' : extra === 2 ? 'straight' : 'none',
    palette: palette.length === 768 ? palette : null,
  };
}

/** What encoded tiles may be called, besides RGB and YCbCr also by files that leave it to the stream. */
const encodedColours: ReadonlySet<number> = new Set([
  photometric.whiteIsZero,
  photometric.blackIsZero,
  photometric.rgb,
  photometric.ycbcr,
]);

/** TIFF's SampleFormat, as the end of "Its samples are …". */
const sampleFormats: Readonly<Record<number, string>> = {
  2: 'signed',
  3: 'floating-point numbers',
  5: 'complex numbers',
  6: 'complex numbers',
};

/** @throws SlideError `unsupported` where codec, predictor and colours are incompatible. */
export function checkSupport(file: TiffFile, scheme: number, predictor: number, layout: SampleLayout): void {
  const { samples, planar } = layout;
  const isJpeg = scheme === compression.jpeg;
  if (layout.bits === 16 && !isByteCodec(scheme)) {
    throw unsupported(file, 'It has 16 bits per channel in a compression that is read with 8 bits only.');
  }
  if (isJpeg || isJpeg2000(scheme) || scheme === compression.webp) {
    if (planar) {
      const of = isJpeg ? 'JPEG colour planes' : 'the colour planes of encoded tiles';
      throw unsupported(file, `It stores ${of} separately.`);
    }
    // Decoders give RGB or grey, whatever else a stream means (inks, CIE L*a*b*).
    if (!encodedColours.has(layout.photometric)) throw colours(file, layout.photometric);
    // OpenJPEG's build decodes no more than three components.
    if (isJpeg2000(scheme) && samples > 3) {
      throw unsupported(file, `Its JPEG 2000 has ${samples} values per pixel; up to 3 are supported.`);
    }
    return;
  }
  if (!isByteCodec(scheme))
    throw unsupported(file, `Its compression (TIFF code ${scheme}) is not supported.`);
  if (predictor > 2) throw unsupported(file, `Its predictor (TIFF code ${predictor}) is not supported.`);
  const kind = layout.photometric;
  const ok =
    (kind === photometric.rgb && samples >= 3) ||
    kind === photometric.blackIsZero ||
    kind === photometric.whiteIsZero ||
    (kind === photometric.palette && layout.palette !== null && samples === 1);
  if (!ok) throw colours(file, kind);
}

const colours = (file: TiffFile, kind: number): SlideError =>
  unsupported(file, `Its colours (TIFF photometric code ${kind}) are not supported.`);

export const isJpeg2000 = (scheme: number): boolean =>
  scheme === compression.aperioJp2kYcbcr ||
  scheme === compression.aperioJp2kRgb ||
  scheme === compression.aperioJp2kAny ||
  scheme === compression.jpeg2000;
