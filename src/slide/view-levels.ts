/**
 * The levels that a viewer shows: those of the file, and others made from their tiles where the file has none. A
 * viewer would otherwise need every tile of a slide without a pyramid for its first picture.
 */
import type { SlideLevel } from './slide.ts';

export interface ViewLevel extends SlideLevel {
  /**
   * `file`: as the file has it. `joined`: a tile is made of those tiles of the file that it covers, when it is asked
   * for. `overview`: a part of one picture of the whole slide, which is read in the background.
   */
  readonly kind: 'file' | 'joined' | 'overview';
  /** The file's level that the pixels come from. */
  readonly from: number;
  /** Pixels of that level per pixel of this one, on both axes; 1 for a level of the file. */
  readonly factor: number;
}

/** The picture of a whole slide that coarse levels are cut from. */
export interface OverviewSize {
  readonly from: number;
  readonly factor: number;
  readonly width: number;
  readonly height: number;
  /** Number of tiles of the level that it is made of. */
  readonly tiles: number;
}

/** A level within these bounds is small enough as it is: a view has about as many tiles. */
const mostTiles = 96;
const mostPixels = 2 ** 25;
/** The file's levels may differ by this factor before levels are made between them. */
const mostRatio = 8;
/** Longest side of an overview in pixels: 64 MB. */
const longestOverview = 4096;
/** Levels are made until the longest side is this short. */
const longestSmallest = 512;
/** About the side of a made tile, and the most that it may become to fit the tiles of the file. */
const tilePx = 256;
const mostTilePx = 1024;

/** All levels for viewing, from the largest down. Equal to the file's where these suffice. */
export function viewLevels(levels: readonly SlideLevel[]): ViewLevel[] {
  const found: ViewLevel[] = [];
  for (const [from, level] of levels.entries()) {
    found.push({ ...level, kind: 'file', from, factor: 1 });
    const next = levels[from + 1];
    if (next !== undefined) {
      const ratio = next.downsample / level.downsample;
      if (ratio <= mostRatio) continue;
      for (let factor = 2; factor * 1.5 <= ratio; factor *= 2)
        found.push(madeLevel(level, from, factor, 'joined'));
      continue;
    }
    const overview = overviewSize(levels);
    if (overview === null) continue;
    const longest = Math.max(level.width, level.height);
    for (let factor = 2; factor < overview.factor; factor *= 2) {
      found.push(madeLevel(level, from, factor, 'joined'));
    }
    for (let factor = overview.factor; ; factor *= 2) {
      found.push(madeLevel(level, from, factor, 'overview'));
      if (longest / factor <= longestSmallest) break;
    }
  }
  return found;
}

/** The overview that a slide needs; null if its smallest level serves. */
export function overviewSize(levels: readonly SlideLevel[]): OverviewSize | null {
  const from = levels.length - 1;
  const level = levels[from];
  if (level === undefined) return null;
  const { width, height } = level;
  const tiles = tilesOf(level);
  if (tiles <= mostTiles && width * height <= mostPixels) return null;
  let factor = 2;
  while (Math.max(width, height) / factor > longestOverview) factor *= 2;
  return { from, factor, width: Math.ceil(width / factor), height: Math.ceil(height / factor), tiles };
}

/** Number of tiles of a level. */
function tilesOf({ width, height, tileWidth, tileHeight }: SlideLevel): number {
  return Math.ceil(width / tileWidth) * Math.ceil(height / tileHeight);
}

function madeLevel(level: SlideLevel, from: number, factor: number, kind: 'joined' | 'overview'): ViewLevel {
  const joined = kind === 'joined';
  return {
    kind,
    from,
    factor,
    width: Math.ceil(level.width / factor),
    height: Math.ceil(level.height / factor),
    downsample: level.downsample * factor,
    tileWidth: joined ? joinedSide(level.tileWidth, factor) : tilePx,
    tileHeight: joined ? joinedSide(level.tileHeight, factor) : tilePx,
  };
}

/** Side of a joined tile that covers whole tiles of the file, so that none is decoded for two; 256 where none does. */
function joinedSide(fileSide: number, factor: number): number {
  let step = 1;
  while ((step * fileSide) % factor !== 0) step *= 2;
  const unit = (step * fileSide) / factor;
  const side = unit * Math.max(1, Math.round(tilePx / unit));
  return side <= Math.max(mostTilePx, fileSide / factor) ? side : tilePx;
}
