/** A slide made of DICOM instances: volumes are its levels, the others its associated images. */
import { believableMpp } from '../../base/resolution.ts';
import {
  beyondNotes,
  compositeParts,
  withChannels,
  type CompositeContents,
} from '../channels/channel-slide.ts';
import { compositeOf } from '../channels/composite.ts';
import { SlideError, type Slide, type SlideMetadata, type SlidePlatform } from '../slide.ts';
import type { ByteBudget } from '../limits.ts';
import { slideLevels } from '../pyramid.ts';
import type { TileGrid } from '../tiff/tiff-slide.ts';
import { deepColourNote } from '../grid-slide.ts';
import { channelGrid, levelTile } from './channel-grid.ts';
import type { DicomInstance } from './instance.ts';
import { levelsOf, wholeLevel, type DicomLevel } from './level.ts';
import { renderedFrames, syntaxName, transferSyntax } from './transfer-syntax.ts';

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
  const { levels, notes: levelNotes } = levelsOf(instances.filter(isVolume), budget);
  const base = levels[0]?.first;
  if (base === undefined) {
    throw refuse(
      'The files contain only labels and overviews.',
      'Open all .dcm files of the series together.',
    );
  }
  for (const { first } of levels) {
    const refusal = refusalOf(first);
    if (refusal !== null) throw refuse(...refusal);
  }
  const composite = isComposite(levels[0]!) ? compositeOfLevels(levels, name) : null;
  const grids = composite?.levels ?? gridsOf(levels, name);
  const notes = [...(composite?.notes ?? []), ...levelNotes];
  if (base.samples === 3 && base.bitsStored > 8) notes.push(deepColourNote(base.bitsStored));
  if (base.transferSyntax === renderedFrames) {
    notes.push('The server decodes the frames: their colours may not be those that are stored.');
  }
  const associated = instances
    .filter((one) => !isVolume(one) && one.bits === 8 && refusalOf(one) === null)
    .map((one) => ({ ...wholeLevel(one, budget), name: one.kind === 'overview' ? 'macro' : one.kind }))
    .filter((one, i, all) => all.findIndex((other) => other.name === one.name) === i);
  const metadata: SlideMetadata = {
    name,
    format: 'dicom-wsi',
    compression: transferSyntax(base.transferSyntax)?.name ?? null,
    width: base.width,
    height: base.height,
    levels: slideLevels(grids),
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
    properties: composite === null ? base.properties : { ...base.properties, Channels: composite.names },
    ...(notes.length === 0 ? {} : { notes }),
  };
  const slide: Slide = {
    metadata,
    async tile(index, column, row, signal) {
      const one = grids[index];
      if (one === undefined || !(column >= 0 && row >= 0 && column < one.columns && row < one.rows)) {
        throw new RangeError(`${name} has no tile ${column}, ${row} at level ${index}.`);
      }
      return one.tile(column, row, platform, signal);
    },
    async associatedImage(wanted, signal) {
      const one = associated.find((image) => image.name === wanted);
      if (one === undefined) throw new RangeError(`${name} has no associated image "${wanted}".`);
      if (one.columns * one.rows > 1) {
        throw refuse('An associated image is tiled.', 'It cannot be shown; the slide itself can.');
      }
      return levelTile(one, 0, 0, name, platform, signal);
    },
    iccProfile: () => Promise.resolve(base.icc.bytes?.slice() ?? null),
    close: () => identity.close(),
  };
  return withChannels(slide, composite?.picture ?? null, platform);
}

/** Why the pixels of an instance can't be shown, and what to do; null where they can. */
function refusalOf(one: DicomInstance): readonly [problem: string, remedy: string] | null {
  const codec = transferSyntax(one.transferSyntax)?.codec;
  if (codec === undefined) {
    return [
      `Its transfer syntax ${syntaxName(one.transferSyntax)} is not supported.`,
      'Convert it to JPEG, JPEG 2000 or uncompressed.',
    ];
  }
  const isDeep = one.bits === 16 && codec !== 'jpeg';
  if ((one.bits !== 8 && !isDeep) || (one.samples !== 1 && one.samples !== 3)) {
    return [
      `It has ${one.samples} ${one.samples === 1 ? 'sample' : 'samples'} of ${one.bitsStored} bits per pixel${codec === 'jpeg' ? ' in JPEG' : ''}; only one or three of 8 bits${codec === 'jpeg' ? '' : ' or 16 bits'} are supported.`,
      'Export it with 8 bits per channel.',
    ];
  }
  if (one.signed)
    return ['Its values are signed, which is not supported.', 'Export it with unsigned values.'];
  const isNative = codec === 'native';
  if (one.photometric === 'PALETTE COLOR' && (one.palette === null || !isNative || isDeep)) {
    return ['Its palette of colours cannot be read.', 'Export it with RGB colours.'];
  }
  if (isNative && /^YBR_.*42[02]$/.test(one.photometric)) {
    return [`Its uncompressed ${one.photometric} pixels are not supported.`, 'Export it with RGB colours.'];
  }
  return null;
}

/** Whether a level is put together from the values of its channels. */
const isComposite = ({ first, channels }: DicomLevel): boolean =>
  first.samples === 1 && first.palette === null && (channels.length > 1 || first.bits > 8);

/** Optical paths as channels, or a grey picture of 16 bits. */
function compositeOfLevels(levels: readonly DicomLevel[], name: string): CompositeContents {
  const base = levels[0]!;
  const isSingle = base.channels.length === 1;
  const picture = compositeOf(
    base.channels.map((channel, i) => ({
      name: channel.name,
      levels: levels.map((level) => ({
        image: channelGrid(level, level.channels[i]!, name),
        scale: level.scale,
      })),
      colour: null,
      grey: isSingle,
      window: isSingle ? windowOf(base.first) : null,
    })),
    name,
  );
  return compositeParts(picture, beyondNotes(base.paths.length));
}

function gridsOf(levels: readonly DicomLevel[], name: string): TileGrid[] {
  return levels.map((level) => ({
    ...level.scale,
    tileWidth: level.first.tileWidth,
    tileHeight: level.first.tileHeight,
    columns: level.columns,
    rows: level.rows,
    tile: (column, row, platform, signal) => levelTile(level, column, row, name, platform, signal),
  }));
}

/** As values are delivered: inverted where black is high. */
function windowOf({ window, photometric, bitsStored }: DicomInstance): DicomInstance['window'] {
  if (window === null || photometric !== 'MONOCHROME1') return window;
  const white = 2 ** bitsStored - 1;
  return [white - window[1], white - window[0]];
}
