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
import { slideLevels } from '../pyramid.ts';
import { ycbcrToRgb } from '../jpeg2000/codec.ts';
import type { DicomInstance } from './instance.ts';

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

const supportedSyntaxes: readonly string[] = Object.values(transferSyntax);

/** What a slide of instances needs besides the instances. */
export interface DicomIdentity {
  readonly name: string;
  readonly fileSize: number;
  readonly fingerprint: string;
  readonly revision: string;
  close(): void;
}

/** A level: all instances of one size (a concatenation may split it). */
interface Level {
  readonly first: DicomInstance;
  readonly parts: readonly DicomInstance[];
  readonly columns: number;
  readonly rows: number;
}

/**
 * @throws SlideError `unsupported` (no level among the instances, several series, transfer syntax, bit
 * depth).
 */
export function dicomSlide(
  instances: readonly DicomInstance[],
  identity: DicomIdentity,
  platform: SlidePlatform,
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
  const levels = levelsOf(instances.filter((one) => one.kind === 'volume'));
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
        `Its transfer syntax ${first.transferSyntax} is not supported.`,
        'Convert it to JPEG, JPEG 2000 or uncompressed.',
      );
    }
    if (first.bits !== 8) {
      throw refuse(
        `It has ${first.bits} bits per channel; only 8 bits are supported.`,
        'Export it with 8 bits per channel.',
      );
    }
  }
  const associated = instances
    .filter(
      (one) => one.kind !== 'volume' && supportedSyntaxes.includes(one.transferSyntax) && one.bits === 8,
    )
    .map((one) => ({ ...level([one]), name: one.kind === 'overview' ? 'macro' : one.kind }))
    .filter((one, i, all) => all.findIndex((other) => other.name === one.name) === i);
  const metadata: SlideMetadata = {
    name,
    format: 'dicom-wsi',
    compression: compressionNames[base.transferSyntax] ?? null,
    width: base.width,
    height: base.height,
    levels: slideLevels(levels.map(({ first }) => first)),
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

function levelsOf(volumes: readonly DicomInstance[]): Level[] {
  const bySize = new Map<string, DicomInstance[]>();
  for (const one of volumes) {
    const key = `${one.width}x${one.height}`;
    const same = bySize.get(key);
    if (same === undefined) bySize.set(key, [one]);
    else same.push(one);
  }
  return [...bySize.values()].map(level).sort((a, b) => b.first.width - a.first.width);
}

function level(parts: readonly DicomInstance[]): Level {
  const sorted = [...parts].sort((a, b) => a.frameOffset - b.frameOffset);
  const first = sorted[0]!;
  return {
    first,
    parts: sorted,
    columns: Math.ceil(first.width / first.tileWidth),
    rows: Math.ceil(first.height / first.tileHeight),
  };
}

async function tile(
  { parts, columns }: Level,
  column: number,
  row: number,
  file: string,
  platform: SlidePlatform,
  signal?: AbortSignal,
): Promise<TilePayload> {
  const place = row * columns + column;
  for (const part of parts) {
    const index = part.sparse === null ? place - part.frameOffset : part.sparse.get(place);
    if (index === undefined || index < 0 || index >= part.frames) continue;
    const bytes = await part.frame(index, signal);
    if (bytes.length === 0) return { kind: 'missing' };
    try {
      return await payload(part, bytes, tilePlace(part, column, row), platform, signal);
    } catch (cause) {
      if (signal?.aborted) throw abortReason(signal);
      throw brokenTile(file, `tile ${column}, ${row}`, 'Its image data is damaged.', cause);
    }
  }
  return { kind: 'missing' };
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
    palette: null,
    photometric:
      samples >= 3
        ? tiffPhotometric.rgb
        : photometric === 'MONOCHROME1'
          ? tiffPhotometric.whiteIsZero
          : tiffPhotometric.blackIsZero,
  });
  if (photometric === 'YBR_FULL') ycbcrToRgb(image.data);
  return image;
}
