/** A slide made of images of one TIFF file; a TIFF dialect only assigns the images their roles. */
import { believableMpp } from '../../base/resolution.ts';
import { contentRevision, fingerprint } from '../fingerprint.ts';
import { usableProfile } from '../icc.ts';
import { withChannels } from '../channels/channel-slide.ts';
import type { ChannelPicture } from '../channels/composite.ts';
import { pyramidOf, slideLevels, type LevelCandidate, type LevelScale } from '../pyramid.ts';
import type { ByteSource, Slide, SlideMetadata, SlideMpp, SlidePlatform, TilePayload } from '../slide.ts';
import type { TileGrid } from '../tile-grid.ts';
import { compression, compressionName, tag } from './tags.ts';
import type { TiffDirectory, TiffFile } from './tiff-file.ts';

export type { TileGrid };

/** An associated image, such as a label. */
export interface AssociatedSource {
  readonly name: string;
  readonly width: number;
  readonly height: number;
  whole(platform: SlidePlatform, signal?: AbortSignal): Promise<TilePayload>;
}

/** What a TIFF dialect finds in a file. */
export interface TiffContents {
  readonly format: string;
  /** Of level 0: its compression and its colour profile. */
  readonly directory: TiffDirectory;
  /** From the largest down. */
  readonly levels: readonly TileGrid[];
  readonly associated: readonly AssociatedSource[];
  readonly mpp: SlideMpp | null;
  readonly magnification: number | null;
  readonly scanner: string | null;
  readonly properties: Readonly<Record<string, string>>;
  /** See `SlideMetadata`. */
  readonly notes?: readonly string[];
  /** Of a slide with separate channels, whose `levels` show the default view. */
  readonly picture?: ChannelPicture | null;
}

/** The levels of a slide among images, cut to the area of level 0, and the images that are none. */
export function levelsAmong<T extends TileGrid & LevelCandidate>(
  base: T,
  images: readonly T[],
): { readonly levels: readonly TileGrid[]; readonly others: readonly T[] } {
  const { levels, others } = pyramidOf(base, images);
  return { levels: levels.map(({ image, scale }) => cutGrid(image, scale)), others };
}

/** A level without its padding. */
function cutGrid(grid: TileGrid, { width, height, downsample }: LevelScale): TileGrid {
  if (width === grid.width && height === grid.height) return grid;
  const { tileWidth, tileHeight } = grid;
  return {
    width,
    height,
    tileWidth,
    tileHeight,
    columns: Math.ceil(width / tileWidth),
    rows: Math.ceil(height / tileHeight),
    downsample,
    tile: (column, row, platform, signal) => grid.tile(column, row, platform, signal),
  };
}

/** An image as an associated one. */
export function associated(name: string, image: Omit<AssociatedSource, 'name'>): AssociatedSource {
  const { width, height } = image;
  return { name, width, height, whole: (platform, signal) => image.whole(platform, signal) };
}

/** Assembles a slide. @param sources its files, where it has several. @throws SlideError of reading. */
export async function tiffSlide(
  file: TiffFile,
  contents: TiffContents,
  platform: SlidePlatform,
  sources: readonly ByteSource[] = [file.source],
): Promise<Slide> {
  const { source } = file;
  const base = contents.levels[0];
  if (base === undefined) throw file.corrupt('It has no image of a slide.');
  const { directory } = contents;
  const profile = await usableProfile(directory.byteLength(tag.iccProfile), () =>
    directory.bytes(tag.iccProfile),
  );
  const metadata: SlideMetadata = {
    name: sources.length === 1 ? source.name : `${source.name} and ${sources.length - 1} more`,
    format: contents.format,
    compression: compressionName(directory.number(tag.compression) ?? compression.none),
    width: base.width,
    height: base.height,
    levels: slideLevels(contents.levels),
    mpp: believableMpp(contents.mpp),
    magnification: contents.magnification,
    associated: contents.associated.map(({ name, width, height }) => ({ name, width, height })),
    scanner: contents.scanner,
    icc: profile.summary,
    fileSize: sources.reduce((sum, one) => sum + one.size, 0),
    fingerprint: await fingerprint(sources),
    revision: await contentRevision(sources),
    properties: contents.properties,
    ...(contents.notes === undefined || contents.notes.length === 0 ? {} : { notes: contents.notes }),
  };
  const slide: Slide = {
    metadata,
    async tile(level, column, row, signal) {
      const grid = contents.levels[level];
      if (grid === undefined || !(column >= 0 && row >= 0 && column < grid.columns && row < grid.rows)) {
        throw new RangeError(`${source.name} has no tile ${column}, ${row} at level ${level}.`);
      }
      return grid.tile(column, row, platform, signal);
    },
    async associatedImage(name, signal) {
      const image = contents.associated.find((one) => one.name === name);
      if (image === undefined) throw new RangeError(`${source.name} has no associated image "${name}".`);
      return image.whole(platform, signal);
    },
    iccProfile: () => Promise.resolve(profile.bytes?.slice() ?? null),
    close: () => sources.forEach((one) => void one.close?.()),
  };
  return withChannels(slide, contents.picture ?? null, platform);
}
