/** Levels of a DICOM slide: which instances form one, and where their frames are. */
import { maxTiles, sparseBytes, type ByteBudget } from '../limits.ts';
import { Mosaic, type MosaicPiece } from '../mosaic.ts';
import { pyramidOf, type LevelScale } from '../pyramid.ts';
import { SlideError } from '../slide.ts';
import type { DicomInstance } from './instance.ts';

/** A frame of an instance. */
export interface FrameRef {
  readonly part: DicomInstance;
  readonly index: number;
}

/** All instances of one size, as a concatenation may split it. */
export interface DicomLevel {
  readonly first: DicomInstance;
  readonly scale: LevelScale;
  readonly columns: number;
  readonly rows: number;
  /** The frame of a tile; null where there is none. Not used for a mosaic. */
  readonly frameAt: (column: number, row: number) => FrameRef | null;
  /** Frames that lie off the grid of tiles; a piece's source is its number in `frames`. */
  readonly mosaic: { readonly tiles: Mosaic; readonly frames: readonly FrameRef[] } | null;
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
  const groups = [...bySize.values()]
    .map((parts) => parts.sort((a, b) => a.frameOffset - b.frameOffset))
    .sort((a, b) => b[0]!.width * b[0]!.height - a[0]!.width * a[0]!.height);
  const base = groups[0]?.[0];
  if (base === undefined) return { levels: [], notes: [] };
  const candidates = groups.map((parts) => {
    const { width, height, tileWidth, tileHeight, mpp } = parts[0]!;
    const tiled = tileWidth < width || tileHeight < height || parts[0]!.frames > 1;
    return { parts, width, height, tileWidth, tileHeight, tiled, spacing: mpp };
  });
  const alike = candidates.filter(
    ({ parts }) => parts[0]!.samples === base.samples && parts[0]!.bits === base.bits,
  );
  const { levels } = pyramidOf(alike[0]!, alike.slice(1));
  const notes: string[] = [];
  const left = candidates.length - levels.length;
  if (left > 0) {
    notes.push(
      `${left === 1 ? 'An image' : `${left} images`} of another shape or kind than the slide ${left === 1 ? 'is' : 'are'} not shown.`,
    );
  }
  const { paths, focalPlanes } = base;
  const same = levels[0]!.image.parts.filter(
    (one, i, all) => one.frameOffset === all[i - 1]?.frameOffset,
  ).length;
  if (paths > 1) notes.push(`The first of ${paths} optical paths (channels) is shown.`);
  if (focalPlanes > 1) notes.push(`The first of ${focalPlanes} focal planes is shown.`);
  if (same > 0) notes.push(`The first of ${same + 1} images of the same size is shown.`);
  return { levels: levels.map(({ image, scale }) => dicomLevel(image.parts, scale, budget)), notes };
}

/** One image: of a level, or beside the slide. */
export function wholeLevel(one: DicomInstance, budget: ByteBudget): DicomLevel {
  return dicomLevel([one], { width: one.width, height: one.height, downsample: 1 }, budget);
}

function dicomLevel(parts: readonly DicomInstance[], scale: LevelScale, budget: ByteBudget): DicomLevel {
  const first = parts[0]!;
  const { tileWidth, tileHeight } = first;
  const columns = Math.ceil(scale.width / tileWidth);
  // Frames are numbered over the whole matrix, padding included.
  const storedColumns = Math.ceil(first.width / tileWidth);
  const shared = { first, scale, columns, rows: Math.ceil(scale.height / tileHeight) };
  const places = parts.map((part) => ({ part, places: part.places }));
  if (places.every((one) => one.places === null)) {
    return {
      ...shared,
      mosaic: null,
      frameAt(column, row) {
        const place = row * storedColumns + column;
        const part = parts.find(
          ({ frameOffset, frames }) => place >= frameOffset && place < frameOffset + frames,
        );
        return part === undefined ? null : { part, index: place - part.frameOffset };
      },
    };
  }
  const frames: (FrameRef & { readonly x: number; readonly y: number })[] = [];
  for (const { part, places: own } of places) {
    const count = Math.min(part.frames, own === null ? 0 : own.length / 2);
    if (frames.length + count > maxTiles) throw tooMany(first);
    budget.spend(count * sparseBytes, 'frame positions');
    for (let index = 0; index < count; index++) {
      const x = own![2 * index]!;
      const y = own![2 * index + 1]!;
      // Zero for both: the frame has no place.
      if (x === 0 && y === 0) continue;
      frames.push({ part, index, x: x - 1, y: y - 1 });
    }
  }
  const inside = frames.filter(
    ({ x, y }) => x > -tileWidth && y > -tileHeight && x < first.width && y < first.height,
  );
  const isOnGrid = inside.every(({ x, y }) => x % tileWidth === 0 && y % tileHeight === 0);
  if (!isOnGrid) return { ...shared, frameAt: () => null, mosaic: mosaicOf(inside, shared, budget) };
  const byTile = new Map<number, FrameRef>();
  for (const { part, index, x, y } of inside) {
    const key = (y / tileHeight) * storedColumns + x / tileWidth;
    // Other focal planes and optical paths follow; only the first is shown.
    if (!byTile.has(key)) byTile.set(key, { part, index });
  }
  return {
    ...shared,
    mosaic: null,
    frameAt: (column, row) => byTile.get(row * storedColumns + column) ?? null,
  };
}

function mosaicOf(
  frames: readonly (FrameRef & { readonly x: number; readonly y: number })[],
  { first, scale }: Pick<DicomLevel, 'first' | 'scale'>,
  budget: ByteBudget,
): NonNullable<DicomLevel['mosaic']> {
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
