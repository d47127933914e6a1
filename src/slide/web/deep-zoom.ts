/**
 * Deep Zoom images (.dzi, XML or JSON): levels halve down to one pixel, which is level 0; tiles may overlap. libvips can stop at
 * one tile (`depth=onetile`), which is level 0 then, and the description says nothing of it.
 */
import { parseXml } from '../../base/xml.ts';
import { maxSide } from '../limits.ts';
import type { TileServerLevel, TileServerSlide } from './tile-server.ts';

/** Smallest side of a level that is offered. */
const smallestLevel = 64;

/**
 * Reads a description.
 * @param url the description's address; the tiles are next to it in `name_files/`.
 * @returns null when the text is not a Deep Zoom description.
 */
export function deepZoom(text: string, url: string, name: string): TileServerSlide | null {
  const image = parse(text);
  const size = record(image?.Size);
  if (image === null || size === null) return null;
  const width = plainNumber(size.Width);
  const height = plainNumber(size.Height);
  const tileSize = plainNumber(image.TileSize);
  const overlap = plainNumber(image.Overlap ?? 0);
  const format = typeof image.Format === 'string' && /^\w+$/.test(image.Format) ? image.Format : null;
  const whole = [width, height, tileSize, overlap].every((n) => Number.isInteger(n) && n >= 0 && n < maxSide);
  if (!whole || width === 0 || height === 0 || tileSize === 0 || format === null) return null;
  const longest = Math.max(width, height);
  const sizes = { width, height, tileSize };
  const files = url.replace(/\.(dzi|xml|json)(?=[?#]|$)/i, '').replace(/[?#].*$/, '');
  const query = /\?[^#]*/.exec(url)?.[0] ?? '';
  const withDepth = (deepest: number): TileServerSlide => ({
    name,
    format: 'deep-zoom',
    levels: levelsOf(sizes, deepest),
    mpp: null,
    properties: { TileSize: String(tileSize), Overlap: String(overlap), Format: format },
    description: url + text,
    overlap,
    url: (level, column, row) => `${files}_files/${deepest - level}/${column}_${row}.${format}${query}`,
  });
  const toOneTile = Math.max(0, Math.ceil(Math.log2(longest / tileSize)));
  return { ...withDepth(Math.ceil(Math.log2(longest))), otherwise: withDepth(toOneTile) };
}

/** @param deepest number of the level of full size */
function levelsOf(
  { width, height, tileSize }: Readonly<Record<'width' | 'height' | 'tileSize', number>>,
  deepest: number,
): TileServerLevel[] {
  const levels: TileServerLevel[] = [];
  for (let scale = 1; levels.length <= deepest; scale *= 2) {
    const level = {
      width: Math.ceil(width / scale),
      height: Math.ceil(height / scale),
      tileWidth: tileSize,
      tileHeight: tileSize,
    };
    if (levels.length > 0 && Math.max(level.width, level.height) < smallestLevel) break;
    levels.push(level);
  }
  return levels;
}

type Fields = Readonly<Record<string, unknown>>;

function parse(text: string): Fields | null {
  try {
    if (text.trimStart().startsWith('{')) return record(record(JSON.parse(text))?.Image);
    return record(parseXml(text, { removePrefixes: true }).Image);
  } catch {
    return null;
  }
}

/** A number, or the text of one; NaN for anything else. */
export const plainNumber = (value: unknown): number =>
  typeof value === 'number' || typeof value === 'string' ? Number(value) : NaN;

function record(value: unknown): Fields | null {
  return typeof value === 'object' && value !== null ? (value as Fields) : null;
}
