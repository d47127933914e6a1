/** The part of a map within the requested area. */
import { rasterise } from '../annotation/rasterise.ts';
import type { SlideArea } from '../segment/area.ts';
import type { TissueMask } from '../segment/tissue.ts';

export { boundsOfArea } from '../segment/area.ts';

/**
 * Marks the map pixels within the area: 1 or 0, row by row; null if all are. A rectangle contains all pixels that it
 * overlaps; a polygon contains pixels by their centre.
 * @param at first column and row of the part of the map, in map pixels.
 * @param scale level-0 pixels per map pixel, per axis.
 */
export function areaMask(
  area: SlideArea,
  at: { readonly column: number; readonly row: number },
  width: number,
  height: number,
  scale: { readonly x: number; readonly y: number },
): Uint8Array | null {
  if (area.kind === 'slide') return null;
  const rect = {
    x: at.column * scale.x,
    y: at.row * scale.y,
    width: width * scale.x,
    height: height * scale.y,
  };
  if (area.kind === 'polygons') {
    const shapes = area.polygons.map(({ outer, holes }) => ({ classIndex: 1, outer, holes }));
    return rasterise(shapes, rect, width, height);
  }
  const mask = new Uint8Array(width * height);
  // Tolerates a millionth of a map pixel, for rounding of typed coordinates.
  const first = (start: number, step: number, from: number): number =>
    Math.max(0, Math.floor(start / step + 1e-6) - from);
  const last = (end: number, step: number, from: number, size: number): number =>
    Math.min(size, Math.ceil(end / step - 1e-6) - from);
  const { x, y, width: across, height: down } = area.rect;
  const left = first(x, scale.x, at.column);
  const right = last(x + across, scale.x, at.column, width);
  for (let j = first(y, scale.y, at.row); j < last(y + down, scale.y, at.row, height); j++) {
    if (right > left) mask.fill(1, j * width + left, j * width + right);
  }
  return mask;
}

/**
 * Marks the map pixels whose centre lies on tissue: 1 or 0, row by row; null if the tissue is unknown, when all pixels count.
 * Parameters as for `areaMask`.
 */
export function tissuePixels(
  mask: TissueMask | null,
  at: { readonly column: number; readonly row: number },
  width: number,
  height: number,
  scale: { readonly x: number; readonly y: number },
): Uint8Array | null {
  if (mask === null) return null;
  const place = (index: number, from: number, step: number, size: number): number =>
    Math.floor(((from + index + 0.5) * step) / size);
  const columns = Int32Array.from({ length: width }, (_, x) => place(x, at.column, scale.x, mask.scaleX));
  const marked = new Uint8Array(width * height);
  for (let y = 0; y < height; y++) {
    const row = place(y, at.row, scale.y, mask.scaleY);
    if (row >= mask.height) break;
    for (let x = 0; x < width; x++) {
      const column = columns[x] ?? mask.width;
      if (column < mask.width) marked[y * width + x] = mask.tissue[row * mask.width + column] ?? 0;
    }
  }
  return marked;
}

/** Tissue within the area, mm². @param mpp µm per level-0 pixel, per axis. */
export function tissueMm2(
  mask: TissueMask,
  area: SlideArea,
  mpp: { readonly x: number; readonly y: number },
): number {
  const { width, height, tissue, scaleX, scaleY } = mask;
  const inside = areaMask(area, { column: 0, row: 0 }, width, height, { x: scaleX, y: scaleY });
  const pixels = tissue.reduce((sum, value, i) => sum + (inside === null || inside[i] === 1 ? value : 0), 0);
  return (pixels * scaleX * mpp.x * scaleY * mpp.y) / 1e6;
}
