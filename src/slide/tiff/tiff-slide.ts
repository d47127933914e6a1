/** A slide made of images of one TIFF file; a TIFF dialect only assigns the images their roles. */
import {
  deepColourNote,
  gridSlide,
  type AssociatedSource,
  type GridContents,
  type TileGrid,
} from '../grid-slide.ts';
import { usableProfile } from '../icc.ts';
import { pyramidOf, type LevelCandidate, type LevelScale } from '../pyramid.ts';
import { SlideError, type ByteSource, type Slide, type SlidePlatform } from '../slide.ts';
import { chainNotes } from './damaged-chain.ts';
import { hasWrongLevels } from './vips-colours.ts';
import { compression, compressionName, photometric, tag } from './tags.ts';
import type { TiffDirectory } from './tiff-directory.ts';
import type { TiffFile } from './tiff-file.ts';

export type { AssociatedSource, TileGrid } from '../grid-slide.ts';

/** What a TIFF dialect finds in a file. */
export interface TiffContents extends Omit<GridContents, 'name' | 'compression' | 'profile'> {
  /** Of level 0: its compression and its colour profile. */
  readonly directory: TiffDirectory;
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
    hasTiles: () => hasTiles(grid),
  };
}

const hasTiles = (grid: TileGrid): Promise<boolean> => grid.hasTiles?.() ?? Promise.resolve(true);

/**
 * What is said of a slide whose full resolution is missing: it would be white, without a word.
 * @throws SlideError `corrupt` for one that has no tiles at all.
 */
async function emptyNotes([base, ...smaller]: readonly TileGrid[], file: TiffFile): Promise<string[]> {
  if (base === undefined || (await hasTiles(base))) return [];
  for (const grid of smaller) {
    if (await hasTiles(grid))
      return ['The file holds no tiles of the full resolution, which is white; smaller levels are shown.'];
  }
  throw file.corrupt('It describes the slide but holds none of its tiles.');
}

/** Readers of slides agree to show the pixels as they are stored; programs for photographs turn them. */
function orientationNotes(directory: TiffDirectory): string[] {
  const orientation = directory.number(tag.orientation) ?? 1;
  return orientation >= 2 && orientation <= 8
    ? ['The file asks to turn or mirror the picture (TIFF Orientation); it is shown as it is stored.']
    : [];
}

/** Values of channels keep all of their bits; colours do not. */
const isDeepColour = async (directory: TiffDirectory): Promise<boolean> =>
  directory.number(tag.photometric) === photometric.rgb &&
  (await directory.numbers(tag.bitsPerSample)).includes(16);

/** An image as an associated one. */
export function associated(name: string, image: Omit<AssociatedSource, 'name'>): AssociatedSource {
  const { width, height } = image;
  return { name, width, height, whole: (platform, signal) => image.whole(platform, signal) };
}

const wrongLevelsNote =
  'The smaller levels of this file have wrong colours, as libvips 8.14 writes them in JPEG 2000; they are not used.';

/** A tile that is broken is said to be when it is shown. */
function unlessBroken(error: unknown): false {
  if (error instanceof SlideError && error.code === 'broken-tile') return false;
  throw error;
}

/** Assembles a slide. @param sources its files, where it has several. @throws SlideError of reading. */
export async function tiffSlide(
  file: TiffFile,
  contents: TiffContents,
  platform: SlidePlatform,
  sources: readonly ByteSource[] = [file.source],
): Promise<Slide> {
  if (contents.levels.length === 0) throw file.corrupt('It has no image of a slide.');
  const { directory, ...shared } = contents;
  const isWrong = await hasWrongLevels(file, directory, contents.levels, platform).catch(unlessBroken);
  const levels = isWrong ? contents.levels.slice(0, 1) : contents.levels;
  const notes = [
    ...(contents.notes ?? []),
    ...(isWrong ? [wrongLevelsNote] : []),
    ...((await isDeepColour(directory)) ? [deepColourNote(16)] : []),
    ...orientationNotes(directory),
    ...(await chainNotes(file, directory, contents.format !== 'tiff')),
    ...(await emptyNotes(levels, file)),
  ];
  const profile = await usableProfile(directory.byteLength(tag.iccProfile), () =>
    directory.bytes(tag.iccProfile),
  );
  const stored = compressionName(directory.number(tag.compression) ?? compression.none);
  return gridSlide(sources, { ...shared, levels, notes, profile, compression: stored }, platform);
}
