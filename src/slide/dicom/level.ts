/** Levels of a DICOM slide: which instances form one, and where the frames of their optical paths are. */
import { maxSelectableChannels } from '../channels/channel-view.ts';
import { maxTiles, sparseBytes, type ByteBudget } from '../limits.ts';
import { Mosaic, type MosaicPiece } from '../mosaic.ts';
import { pyramidOf, type LevelScale } from '../pyramid.ts';
import { SlideError } from '../slide.ts';
import { imagesOf, type DicomImage } from './concatenation.ts';
import type { DicomInstance } from './instance.ts';

/** A frame of an instance. */
export interface FrameRef {
  readonly part: DicomInstance;
  readonly index: number;
}

/** The frames of one optical path. */
export interface LevelChannel {
  readonly id: string;
  readonly name: string;
  /** The frame of a tile; null where there is none. Not used for a mosaic. */
  readonly frameAt: (column: number, row: number) => FrameRef | null;
  /** Frames that lie off the grid of tiles; a piece's source is its number in `frames`. */
  readonly mosaic: { readonly tiles: Mosaic; readonly frames: readonly FrameRef[] } | null;
  /** Whether several frames lie at one place, of which the first is shown. */
  readonly stacked: boolean;
}

/** All instances of one size. */
export interface DicomLevel {
  readonly first: DicomInstance;
  readonly scale: LevelScale;
  readonly columns: number;
  readonly rows: number;
  /** At least one: the first, or for grey images as many as are shown together. */
  readonly channels: readonly LevelChannel[];
  /** All optical paths, and the images that have them. */
  readonly paths: readonly PlacedPath[];
}

export interface DicomLevels {
  readonly levels: readonly DicomLevel[];
  /** What is not shown, as sentences. */
  readonly notes: readonly string[];
}

/** The levels among volume instances, the largest first. @throws SlideError `unsupported`. */
export function levelsOf(volumes: readonly DicomInstance[], budget: ByteBudget): DicomLevels {
  const bySize = new Map<string, DicomInstance[]>();
  for (const one of volumes) {
    const key = `${one.width}x${one.height}x${one.samples}x${one.bits}`;
    const same = bySize.get(key);
    if (same === undefined) bySize.set(key, [one]);
    else same.push(one);
  }
  const groups = [...bySize.values()].sort((a, b) => b[0]!.width * b[0]!.height - a[0]!.width * a[0]!.height);
  if (groups.length === 0) return { levels: [], notes: [] };
  const candidates = groups.map((parts) => {
    const images = imagesOf(parts);
    const first = images[0]!.parts[0]!.instance;
    const { width, height, tileWidth, tileHeight, mpp } = first;
    const tiled = tileWidth < width || tileHeight < height || first.frames > 1;
    return { images, first, width, height, tileWidth, tileHeight, tiled, spacing: mpp };
  });
  const base = candidates[0]!.first;
  const alike = candidates.filter(({ first }) => first.samples === base.samples && first.bits === base.bits);
  const pyramid = pyramidOf(alike[0]!, alike.slice(1));
  const all = pyramid.levels.map(({ image, scale }) => dicomLevel(image.images, scale, budget));
  // A level without one of the channels would change colour.
  const levels = all.filter(({ channels }) => channels.length === all[0]!.channels.length);
  const notes: string[] = [];
  const left = candidates.length - levels.length;
  if (left > 0) {
    notes.push(
      `${left === 1 ? 'An image' : `${left} images`} of another shape or kind than the slide ${left === 1 ? 'is' : 'are'} not shown.`,
    );
  }
  const images = pyramid.levels[0]!.image.images;
  const { channels, paths } = levels[0]!;
  // Grey ones are channels, of which a view shows any.
  if (channels.length === 1 && paths.length > 1) {
    notes.push(`The first of ${paths.length} optical paths is shown.`);
  }
  if (base.focalPlanes > 1) notes.push(`The first of ${base.focalPlanes} focal planes is shown.`);
  else if (levels[0]!.channels.some(({ stacked }) => stacked)) {
    notes.push('Several frames (focal planes) lie at the same place; the first one is shown.');
  }
  const used = new Set(levels[0]!.paths.map(({ image }) => image));
  const same = images.reduce((sum, image) => sum + image.doubles + (used.has(image) ? 0 : 1), 0);
  if (same > 0) notes.push(`The first of ${same + 1} images of the same size is shown.`);
  for (const { image } of pyramid.levels) {
    const missing = image.images.reduce((sum, one) => sum + one.missing, 0);
    if (missing > 0) {
      notes.push(
        `${missing} ${missing === 1 ? 'file' : 'files'} of the level of ${image.width} by ${image.height} pixels ${missing === 1 ? 'is' : 'are'} missing; what is in ${missing === 1 ? 'it' : 'them'} is not shown.`,
      );
    }
  }
  return { levels, notes };
}

/** One image: of a level, or beside the slide. */
export function wholeLevel(one: DicomInstance, budget: ByteBudget): DicomLevel {
  return dicomLevel(imagesOf([one]), { width: one.width, height: one.height, downsample: 1 }, budget);
}

export interface PlacedPath {
  readonly id: string;
  readonly name: string;
  readonly image: DicomImage;
}

/** The optical paths of images of one size, each in the first one that has it. */
function pathsOf(images: readonly DicomImage[]): PlacedPath[] {
  const paths = new Map<string, PlacedPath>();
  for (const image of images) {
    for (const { id, name } of image.paths) if (!paths.has(id)) paths.set(id, { id, name, image });
  }
  return [...paths.values()];
}

function dicomLevel(images: readonly DicomImage[], scale: LevelScale, budget: ByteBudget): DicomLevel {
  const first = images[0]!.parts[0]!.instance;
  const { tileWidth, tileHeight } = first;
  const paths = pathsOf(images);
  // Colours of several light paths do not add up.
  const isGrey = first.samples === 1 && first.palette === null;
  const grid = {
    first,
    scale,
    columns: Math.ceil(scale.width / tileWidth),
    rows: Math.ceil(scale.height / tileHeight),
  };
  const channels = paths
    .slice(0, isGrey ? maxSelectableChannels : 1)
    .map(({ id, name, image }) => ({ id, name, ...channelFrames(image, id, grid, budget) }));
  return { ...grid, channels, paths };
}

type Grid = Pick<DicomLevel, 'first' | 'scale'>;

function channelFrames(
  { parts, paths }: DicomImage,
  id: string,
  grid: Grid,
  budget: ByteBudget,
): Pick<LevelChannel, 'frameAt' | 'mosaic' | 'stacked'> {
  const { width, height, tileWidth, tileHeight, focalPlanes } = grid.first;
  // Frames are numbered over the whole matrix, padding included; focal planes follow, then optical paths.
  const storedColumns = Math.ceil(width / tileWidth);
  const path = Math.max(
    0,
    paths.findIndex((one) => one.id === id),
  );
  if (parts.every(({ instance }) => instance.places === null)) {
    const start = path * focalPlanes * storedColumns * Math.ceil(height / tileHeight);
    return {
      mosaic: null,
      stacked: false,
      frameAt(column, row) {
        const number = start + row * storedColumns + column;
        const part = parts.find(
          ({ offset, instance }) => number >= offset && number < offset + instance.frames,
        );
        return part === undefined ? null : { part: part.instance, index: number - part.offset };
      },
    };
  }
  const frames: (FrameRef & { readonly x: number; readonly y: number })[] = [];
  for (const { instance: part } of parts) {
    const { places, framePaths } = part;
    const own = part.paths.findIndex((one) => one.id === id);
    const count = Math.min(part.frames, places === null ? 0 : places.length / 2);
    if (frames.length + count > maxTiles) throw tooMany(grid.first);
    budget.spend(count * sparseBytes, 'frame positions');
    for (let index = 0; index < count; index++) {
      // A frame that names no path is of the first.
      if (Math.max(0, framePaths?.[index] ?? 0) !== own) continue;
      const x = places![2 * index]!;
      const y = places![2 * index + 1]!;
      // Zero for both: the frame has no place.
      if (x === 0 && y === 0) continue;
      frames.push({ part, index, x: x - 1, y: y - 1 });
    }
  }
  const inside = frames.filter(({ x, y }) => x > -tileWidth && y > -tileHeight && x < width && y < height);
  const isOnGrid = inside.every(({ x, y }) => x % tileWidth === 0 && y % tileHeight === 0);
  if (!isOnGrid) {
    const mosaic = mosaicOf(inside, grid, budget);
    return { frameAt: () => null, mosaic, stacked: mosaic.frames.length < inside.length };
  }
  const byTile = new Map<number, FrameRef>();
  for (const { part, index, x, y } of inside) {
    const key = (y / tileHeight) * storedColumns + x / tileWidth;
    // Other focal planes follow; only the first is shown.
    if (!byTile.has(key)) byTile.set(key, { part, index });
  }
  return {
    mosaic: null,
    stacked: byTile.size < inside.length,
    frameAt: (column, row) => byTile.get(row * storedColumns + column) ?? null,
  };
}

function mosaicOf(
  frames: readonly (FrameRef & { readonly x: number; readonly y: number })[],
  { first, scale }: Grid,
  budget: ByteBudget,
): NonNullable<LevelChannel['mosaic']> {
  const { tileWidth, tileHeight } = first;
  budget.spend(frames.length * sparseBytes * 4, 'frame positions');
  const taken = new Set<string>();
  const kept = frames.filter(({ x, y }) => !taken.has(`${x} ${y}`) && taken.add(`${x} ${y}`));
  const pieces = kept.map(({ x, y }, source): MosaicPiece => ({
    x,
    y,
    width: tileWidth,
    height: tileHeight,
    source,
  }));
  return {
    tiles: new Mosaic({ width: scale.width, height: scale.height, tileWidth, tileHeight }, pieces),
    frames: kept,
  };
}

function tooMany({ frames }: DicomInstance): SlideError {
  return new SlideError(
    'unsupported',
    'The slide',
    `It claims too many frames (${frames} and more).`,
    'Export it again with larger frames.',
  );
}
