/** IIIF Image API 2 and 3: the server crops and scales; only regions on its tile grid are requested. */
import type { TileServerLevel, TileServerSlide } from './tile-server.ts';

type Fields = Readonly<Record<string, unknown>>;

/**
 * Reads an `info.json`.
 * @returns null when the text is something else.
 */
export function iiif(text: string, url: string, name: string): TileServerSlide | null {
  let info: Fields;
  try {
    info = JSON.parse(text) as Fields;
  } catch {
    return null;
  }
  const context = JSON.stringify(info['@context'] ?? '');
  if (!context.includes('iiif.io/api/image/')) return null;
  const version = context.includes('/image/3/') ? 3 : 2;
  const width = Number(info.width);
  const height = Number(info.height);
  const tiles = (Array.isArray(info.tiles) ? (info.tiles as Fields[]) : [])[0];
  const tileWidth = Number(tiles?.width ?? 512);
  const tileHeight = Number(tiles?.height ?? tileWidth);
  const sides = [width, height, tileWidth, tileHeight];
  if (!sides.every((n) => Number.isInteger(n) && n > 0 && n < 2 ** 24)) return null;
  const factors = Array.isArray(tiles?.scaleFactors) ? tiles.scaleFactors.map(Number) : [];
  const scales = [...new Set([1, ...factors])]
    .filter((s) => Number.isInteger(s) && s > 0 && s <= 2 ** 16)
    .sort((a, b) => a - b);
  const levels: TileServerLevel[] = scales.map((scale) => ({
    width: Math.ceil(width / scale),
    height: Math.ceil(height / scale),
    tileWidth,
    tileHeight,
  }));
  const id = info.id ?? info['@id'];
  // A server behind a proxy may give an address other than the one that reaches it.
  const base = url.replace(/\/info\.json(?:[?#].*)?$/, '');
  const service = url.includes('/info.json') || typeof id !== 'string' ? base : id.replace(/\/$/, '');
  return {
    name,
    format: `iiif-${version}`,
    levels,
    mpp: null,
    properties: { id: typeof id === 'string' ? id : '', profile: JSON.stringify(info.profile ?? '') },
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
