/**
 * Zoomify: `ImageProperties.xml`, and tiles in folders of 256 (`TileGroup0`, …), numbered from the smallest level on, row by
 * row. Each level is half of the next, rounded down by Zoomify and up by some other programs: the number of tiles tells.
 */
import { parseXml } from '../../base/xml.ts';
import { maxSide } from '../limits.ts';
import { plainNumber } from './deep-zoom.ts';
import type { TileServerLevel, TileServerSlide } from './tile-server.ts';

/** Tiles of a folder. */
const groupTiles = 256;

/**
 * Reads a description.
 * @param url the description's address; the tiles are next to it.
 * @returns null when the text is not Zoomify's.
 */
export function zoomify(text: string, url: string, name: string): TileServerSlide | null {
  const properties = parse(text);
  if (properties === null) return null;
  const width = plainNumber(properties.WIDTH);
  const height = plainNumber(properties.HEIGHT);
  const tileSize = plainNumber(properties.TILESIZE ?? 256);
  const whole = [width, height, tileSize].every((n) => Number.isInteger(n) && n > 0 && n < maxSide);
  // Tiles of a few pixels would make levels of many millions.
  if (!whole || tileSize < 16) return null;
  const down = levelsOf(width, height, tileSize, Math.floor);
  const up = levelsOf(width, height, tileSize, Math.ceil);
  const tiles = plainNumber(properties.NUMTILES);
  const levels = tilesOf(down) !== tiles && tilesOf(up) === tiles ? up : down;
  const columns = levels.map((level) => Math.ceil(level.width / tileSize));
  const counts = levels.map((level) => tilesOf([level]));
  /** Tiles of smaller levels come first. */
  const before = levels.map((_, i) => counts.slice(i + 1).reduce((sum, count) => sum + count, 0));
  const folder = url.replace(/[?#].*$/, '').replace(/[^/]*$/, '');
  const query = /\?[^#]*/.exec(url)?.[0] ?? '';
  return {
    name,
    format: 'zoomify',
    levels,
    mpp: null,
    properties: { TileSize: String(tileSize) },
    description: url + text,
    url(level, column, row) {
      const number = before[level]! + row * columns[level]! + column;
      const group = Math.floor(number / groupTiles);
      return `${folder}TileGroup${group}/${levels.length - 1 - level}-${column}-${row}.jpg${query}`;
    },
  };
}

function levelsOf(
  width: number,
  height: number,
  tileSize: number,
  round: (value: number) => number,
): TileServerLevel[] {
  const levels: TileServerLevel[] = [];
  for (let [w, h] = [width, height]; ; [w, h] = [Math.max(1, round(w / 2)), Math.max(1, round(h / 2))]) {
    levels.push({ width: w, height: h, tileWidth: tileSize, tileHeight: tileSize });
    if (w <= tileSize && h <= tileSize) return levels;
  }
}

const tilesOf = (levels: readonly TileServerLevel[]): number =>
  levels.reduce(
    (sum, { width, height, tileWidth, tileHeight }) =>
      sum + Math.ceil(width / tileWidth) * Math.ceil(height / tileHeight),
    0,
  );

function parse(text: string): Readonly<Record<string, unknown>> | null {
  if (!/^\ufeff?\s*(?:<\?xml[^>]*>\s*)?<IMAGE_PROPERTIES\s/.test(text)) return null;
  try {
    const root = parseXml(text).IMAGE_PROPERTIES;
    return typeof root === 'object' && root !== null ? (root as Readonly<Record<string, unknown>>) : null;
  } catch {
    return null;
  }
}
