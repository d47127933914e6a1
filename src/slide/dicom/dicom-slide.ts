/** A slide made of DICOM instances: volumes are its levels, the others its associated images. */
import { believableMpp } from '../../base/resolution.ts';
import { checkEncodedTile, checkTileSize, tilePlace, type TilePlace } from '../encoded-tile.ts';
import { completeJpeg, isJpeg } from '../jpeg.ts';
import { abortReason } from '../../base/abort.ts';
import {
  SlideError,
  type Slide,
  type SlideMetadata,
  type SlidePlatform,
  type TilePayload,
} from '../slide.ts';
import { toRgba } from '../tiff/samples.ts';
import { photometric as tiffPhotometric } from '../tiff/tags.ts';
import { brokenTile } from '../broken-tile.ts';
import type { ByteBudget } from '../limits.ts';
import { payloadPixels } from '../payload-pixels.ts';
import { slideLevels } from '../pyramid.ts';
import { ycbcrToRgb } from '../jpeg2000/codec.ts';
import type { DicomInstance } from './instance.ts';
import { levelsOf, wholeLevel, type DicomLevel, type FrameRef } from './level.ts';

const transferSyntax = {
  implicitLittle: '1.2.840.10008.1.2',
  explicitLittle: '1.2.840.10008.1.2.1',
  jpegBaseline: '1.2.840.10008.1.2.4.50',
  jpegExtended: '1.2.840.10008.1.2.4.51',
  jpeg2000Lossless: '1.2.840.10008.1.2.4.90',
  jpeg2000: '1.2.840.10008.1.2.4.91',
} as const;

const compressionNames: Readonly<Record<string, string>> = {
  [transferSyntax.implicitLittle]: 'uncompressed',
  [transferSyntax.explicitLittle]: 'uncompressed',
  [transferSyntax.jpegBaseline]: 'JPEG',
  [transferSyntax.jpegExtended]: 'JPEG',
  [transferSyntax.jpeg2000Lossless]: 'JPEG 2000, lossless',
  [transferSyntax.jpeg2000]: 'JPEG 2000',
};

/** Names of transfer syntaxes that are not read. */
const unreadSyntaxes: Readonly<Record<string, string>> = {
  '1.2.840.10008.1.2.5': 'RLE',
  '1.2.840.10008.1.2.4.57': 'lossless JPEG',
  '1.2.840.10008.1.2.4.70': 'lossless JPEG',
  '1.2.840.10008.1.2.4.80': 'JPEG-LS',
  '1.2.840.10008.1.2.4.81': 'JPEG-LS',
  '1.2.840.10008.1.2.4.110': 'JPEG XL',
  '1.2.840.10008.1.2.4.111': 'JPEG XL',
  '1.2.840.10008.1.2.4.112': 'JPEG XL',
  '1.2.840.10008.1.2.4.201': 'HTJ2K',
  '1.2.840.10008.1.2.4.202': 'HTJ2K',
  '1.2.840.10008.1.2.4.203': 'HTJ2K',
};

const syntaxName = (uid: string): string =>
  unreadSyntaxes[uid] === undefined ? uid : `${uid} (${unreadSyntaxes[uid]})`;

const supportedSyntaxes: readonly string[] = Object.values(transferSyntax);

/** What a slide of instances needs besides the instances. */
export interface DicomIdentity {
  readonly name: string;
  readonly fileSize: number;
  readonly fingerprint: string;
  readonly revision: string;
  close(): void;
}

/**
 * @throws SlideError `unsupported` (no level among the instances, several series, transfer syntax, bit
 * depth).
 */
export function dicomSlide(
  instances: readonly DicomInstance[],
  identity: DicomIdentity,
  platform: SlidePlatform,
  budget: ByteBudget,
): Slide {
  const { name } = identity;
  const refuse = (problem: string, remedy: string): SlideError =>
    new SlideError('unsupported', name, problem, remedy);
  const series = new Set(instances.map((one) => one.seriesUid));
  if (series.size > 1) {
    throw refuse(
      `The files belong to ${series.size} different slides.`,
      'Open the files of one series at a time.',
    );
  }
  const volumes = instances.filter((one) => one.kind === 'volume');
  // A word that the standard does not have may mean the slide, if nothing else does.
  const isVolume = (one: DicomInstance): boolean => one.kind === (volumes.length > 0 ? 'volume' : 'other');
  const { levels, notes } = levelsOf(instances.filter(isVolume), budget);
  const base = levels[0]?.first;
  if (base === undefined) {
    throw refuse(
      'The files contain only labels and overviews.',
      'Open all .dcm files of the series together.',
    );
  }
  for (const { first } of levels) {
    if (!supportedSyntaxes.includes(first.transferSyntax)) {
      throw refuse(
        `Its transfer syntax ${syntaxName(first.transferSyntax)} is not supported.`,
        'Convert it to JPEG, JPEG 2000 or uncompressed.',
      );
    }
    if (first.bits !== 8) {
      throw refuse(
        `It has ${first.bits} bits per channel; only 8 bits are supported.`,
        'Export it with 8 bits per channel.',
      );
    }
    const isNative = compressionNames[first.transferSyntax] === 'uncompressed';
    if (first.photometric === 'PALETTE COLOR' && (first.palette === null || !isNative)) {
      throw refuse('Its palette of colours cannot be read.', 'Export it with RGB colours.');
    }
    if (isNative && /^YBR_.*42[02]$/.test(first.photometric)) {
      throw refuse(
        `Its uncompressed ${first.photometric} pixels are not supported.`,
        'Export it with RGB colours.',
      );
    }
  }
  const associated = instances
    .filter((one) => !isVolume(one) && supportedSyntaxes.includes(one.transferSyntax) && one.bits === 8)
    .map((one) => ({ ...wholeLevel(one, budget), name: one.kind === 'overview' ? 'macro' : one.kind }))
    .filter((one, i, all) => all.findIndex((other) => other.name === one.name) === i);
  const metadata: SlideMetadata = {
    name,
    format: 'dicom-wsi',
    compression: compressionNames[base.transferSyntax] ?? null,
    width: base.width,
    height: base.height,
    levels: slideLevels(
      levels.map(({ first: { tileWidth, tileHeight }, scale }) => ({ tileWidth, tileHeight, ...scale })),
    ),
    mpp: believableMpp(base.mpp),
    magnification: base.magnification,
    associated: associated.map((one) => ({
      name: one.name,
      width: one.first.width,
      height: one.first.height,
    })),
    scanner: base.scanner,
    icc: base.icc.summary,
    fileSize: identity.fileSize,
    fingerprint: identity.fingerprint,
    revision: identity.revision,
    properties: base.properties,
    ...(notes.length === 0 ? {} : { notes }),
  };
  return {
    metadata,
    async tile(index, column, row, signal) {
      const one = levels[index];
      if (one === undefined || !(column >= 0 && row >= 0 && column < one.columns && row < one.rows)) {
        throw new RangeError(`${name} has no tile ${column}, ${row} at level ${index}.`);
      }
      return tile(one, column, row, name, platform, signal);
    },
    async associatedImage(wanted, signal) {
      const one = associated.find((image) => image.name === wanted);
      if (one === undefined) throw new RangeError(`${name} has no associated image "${wanted}".`);
      if (one.columns * one.rows > 1) {
        throw refuse('An associated image is tiled.', 'It cannot be shown; the slide itself can.');
      }
      return tile(one, 0, 0, name, platform, signal);
    },
    iccProfile: () => Promise.resolve(base.icc.bytes?.slice() ?? null),
    close: () => identity.close(),
  };
}

async function tile(
  { first, frameAt, mosaic }: DicomLevel,
  column: number,
  row: number,
  file: string,
  platform: SlidePlatform,
  signal?: AbortSignal,
): Promise<TilePayload> {
  const where = `tile ${column}, ${row}`;
  if (mosaic !== null) {
    // A frame's own size is its place.
    const place = {
      ...tilePlace(first, 0, 0),
      visibleWidth: first.tileWidth,
      visibleHeight: first.tileHeight,
    };
    const image = await mosaic.tiles.tile(column, row, async (source) => {
      const payload = await frame(mosaic.frames[source]!, place, file, where, platform, signal);
      return payloadPixels(payload, platform, file, where, signal);
    });
    return image === null ? { kind: 'missing' } : { kind: 'pixels', image };
  }
  const ref = frameAt(column, row);
  return ref === null
    ? { kind: 'missing' }
    : frame(ref, tilePlace(ref.part, column, row), file, where, platform, signal);
}

async function frame(
  { part, index }: FrameRef,
  place: TilePlace,
  file: string,
  where: string,
  platform: SlidePlatform,
  signal?: AbortSignal,
): Promise<TilePayload> {
  const bytes = await part.frame(index, signal);
  if (bytes.length === 0) return { kind: 'missing' };
  try {
    return await payload(part, bytes, place, platform, signal);
  } catch (cause) {
    if (signal?.aborted) throw abortReason(signal);
    throw brokenTile(file, where, 'Its image data is damaged.', cause);
  }
}

async function payload(
  instance: DicomInstance,
  bytes: Uint8Array<ArrayBuffer>,
  place: TilePlace,
  platform: SlidePlatform,
  signal?: AbortSignal,
): Promise<TilePayload> {
  const container = instance.photometric === 'RGB' ? 'rgb' : 'ycbcr';
  switch (instance.transferSyntax) {
    case transferSyntax.jpegBaseline:
    case transferSyntax.jpegExtended: {
      if (!isJpeg(bytes)) throw new Error('It is not a JPEG.');
      const file = completeJpeg(bytes, null, container);
      checkEncodedTile(file, 'image/jpeg', place);
      return { kind: 'encoded', type: 'image/jpeg', bytes: file };
    }
    case transferSyntax.jpeg2000:
    case transferSyntax.jpeg2000Lossless: {
      const start = performance.now();
      const image = await platform.jpeg2000(bytes, container, signal);
      checkTileSize(image, place);
      return { kind: 'pixels', image, decodeMs: performance.now() - start };
    }
    default:
      return { kind: 'pixels', image: nativePixels(instance, bytes) };
  }
}

function nativePixels(instance: DicomInstance, bytes: Uint8Array): ReturnType<typeof toRgba> {
  const { tileWidth: width, tileHeight: height, samples, planar, photometric } = instance;
  const size = width * height;
  if (bytes.length < size * samples) throw new Error('It has too little data.');
  const planes = planar
    ? Array.from({ length: samples }, (_, i) => bytes.subarray(i * size, (i + 1) * size))
    : [bytes];
  const image = toRgba(planes, width, height, {
    samples,
    planar,
    alpha: 'none',
    palette: instance.palette,
    photometric:
      samples >= 3
        ? tiffPhotometric.rgb
        : instance.palette !== null
          ? tiffPhotometric.palette
          : photometric === 'MONOCHROME1'
            ? tiffPhotometric.whiteIsZero
            : tiffPhotometric.blackIsZero,
  });
  if (photometric === 'YBR_FULL') ycbcrToRgb(image.data);
  return image;
}
