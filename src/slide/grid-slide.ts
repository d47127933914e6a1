/** A slide whose levels are grids of tiles, whatever its format: what is left of a reader when it has found them. */
import { squareMpp, type GivenMpp } from '../base/resolution.ts';
import { contentRevision, fingerprint } from './fingerprint.ts';
import { noProfile, type EmbeddedProfile } from './icc.ts';
import { slideLevels } from './pyramid.ts';
import { withChannels } from './channels/channel-slide.ts';
import type { ChannelPicture } from './channels/composite.ts';
import type { TileGrid } from './tile-grid.ts';
import type { ByteSource, Slide, SlideMetadata, SlidePlatform, TilePayload } from './slide.ts';

export type { TileGrid };

/** An associated image, such as a label. */
export interface AssociatedSource {
  readonly name: string;
  readonly width: number;
  readonly height: number;
  whole(platform: SlidePlatform, signal?: AbortSignal): Promise<TilePayload>;
}

/** What a format's reader finds in its files. */
export interface GridContents {
  /** Of the slide; without one, that of its files. */
  readonly name?: string;
  readonly format: string;
  /** See `SlideMetadata`. */
  readonly compression: string | null;
  /** From the largest down; at least one. */
  readonly levels: readonly TileGrid[];
  readonly associated: readonly AssociatedSource[];
  /** Of one axis or both. */
  readonly mpp: GivenMpp | null;
  readonly magnification: number | null;
  readonly scanner: string | null;
  readonly properties: Readonly<Record<string, string>>;
  /** See `SlideMetadata`. */
  readonly notes?: readonly string[];
  readonly profile?: EmbeddedProfile;
  /** Of a slide with separate channels, whose `levels` show the default view. */
  readonly picture?: ChannelPicture | null;
}

/** What is said where colours lose their lower bits. */
export const deepColourNote = (bits: number): string =>
  `Its colours have ${bits} bits; the upper 8 are shown.`;

/** Assembles a slide. @param sources its files, the one that names it first. @throws SlideError of reading. */
export async function gridSlide(
  sources: readonly ByteSource[],
  contents: GridContents,
  platform: SlidePlatform,
): Promise<Slide> {
  const fileName = sources[0]!.name;
  const name =
    contents.name ?? (sources.length === 1 ? fileName : `${fileName} and ${sources.length - 1} more`);
  const { levels, associated, profile = noProfile } = contents;
  const { mpp, notes: assumed } = squareMpp(contents.mpp);
  const notes = [...(contents.notes ?? []), ...assumed];
  const metadata: SlideMetadata = {
    name,
    format: contents.format,
    compression: contents.compression,
    width: levels[0]!.width,
    height: levels[0]!.height,
    levels: slideLevels(levels),
    mpp,
    magnification: contents.magnification,
    associated: associated.map(({ name, width, height }) => ({ name, width, height })),
    scanner: contents.scanner,
    icc: profile.summary,
    fileSize: sources.reduce((sum, one) => sum + one.size, 0),
    fingerprint: await fingerprint(sources),
    revision: await contentRevision(sources),
    properties: contents.properties,
    ...(notes.length === 0 ? {} : { notes }),
  };
  const slide: Slide = {
    metadata,
    async tile(level, column, row, signal) {
      const grid = levels[level];
      if (grid === undefined || !(column >= 0 && row >= 0 && column < grid.columns && row < grid.rows)) {
        throw new RangeError(`${name} has no tile ${column}, ${row} at level ${level}.`);
      }
      return grid.tile(column, row, platform, signal);
    },
    async associatedImage(wanted, signal) {
      const image = associated.find((one) => one.name === wanted);
      if (image === undefined) throw new RangeError(`${name} has no associated image "${wanted}".`);
      return image.whole(platform, signal);
    },
    iccProfile: () => Promise.resolve(profile.bytes?.slice() ?? null),
    close: () => sources.forEach((one) => void one.close?.()),
  };
  return withChannels(slide, contents.picture ?? null, platform);
}
