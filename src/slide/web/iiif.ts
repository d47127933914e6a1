/** IIIF Image API 2 and 3: the server crops and scales; only regions on its tile grid are requested. */
import { maxSide } from '../limits.ts';
import { plainNumber } from './deep-zoom.ts';
import type { TileServerLevel, TileServerSlide } from './tile-server.ts';

type Fields = Readonly<Record<string, unknown>>;

/** More than halvings of the largest side; a server may list any factors. */
const maxLevels = 32;

const fields = (value: unknown): Fields =>
  typeof value === 'object' && value !== null ? (value as Fields) : {};

/** One value or a list of them. */
const listOf = (value: unknown): readonly unknown[] =>
  Array.isArray(value) ? value : value === undefined ? [] : [value];

/**
 * Reads an `info.json`.
 * @returns null when the text is something else.
 */
export function iiif(text: string, url: string, name: string): TileServerSlide | null {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    return null;
  }
  const info = fields(json);
  const context = listOf(info['@context']).filter((one) => typeof one === 'string');
  if (!context.some((one) => one.includes('iiif.io/api/image/'))) return null;
  const version = context.some((one) => one.includes('/image/3/')) ? 3 : 2;
  const width = plainNumber(info.width);
  const height = plainNumber(info.height);
  const tiles = fields(listOf(info.tiles)[0]);
  const tileWidth = plainNumber(tiles.width ?? 512);
  const tileHeight = plainNumber(tiles.height ?? tileWidth);
  const sides = [width, height, tileWidth, tileHeight];
  if (!sides.every((n) => Number.isInteger(n) && n > 0 && n < maxSide)) return null;
  const factors = listOf(tiles.scaleFactors).map(plainNumber);
  const scales = [...new Set([1, ...factors])]
    .filter((s) => Number.isInteger(s) && s > 0 && s <= 2 ** 16)
    .sort((a, b) => a - b)
    .slice(0, maxLevels);
  const levels: TileServerLevel[] = scales.map((scale) => ({
    width: Math.ceil(width / scale),
    height: Math.ceil(height / scale),
    tileWidth,
    tileHeight,
  }));
  const id = info.id ?? info['@id'];
  const profile = listOf(info.profile).filter((one) => typeof one === 'string');
  // A server behind a proxy may give an address other than the one that reaches it.
  const base = url.replace(/\/info\.json(?:[?#].*)?$/, '');
  const service = url.includes('/info.json') || typeof id !== 'string' ? base : id.replace(/\/$/, '');
  return {
    name,
    format: `iiif-${version}`,
    levels,
    mpp: null,
    properties: { id: typeof id === 'string' ? id : '', profile: profile.join(', ') },
    description: url + text,
    url(level, column, row) {
      const scale = scales[level] ?? 1;
      const x = column * tileWidth * scale;
      const y = row * tileHeight * scale;
      const w = Math.min(tileWidth * scale, width - x);
      const h = Math.min(tileHeight * scale, height - y);
      const whole = x === 0 && y === 0 && w === width && h === height;
      const size =
        version === 3 ? `${Math.ceil(w / scale)},${Math.ceil(h / scale)}` : `${Math.ceil(w / scale)},`;
      return `${service}/${whole ? 'full' : `${x},${y},${w},${h}`}/${size}/0/default.jpg`;
    },
  };
}
