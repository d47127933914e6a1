/** Reads the tissue of an area block by block at a given resolution, in bounded memory: what stains are measured on. */
import { overlaps } from '../base/rect.ts';
import { areaMask, boundsOfArea, tissuePixels } from '../export/map-area.ts';
import type { SlideArea } from '../segment/area.ts';
import type { TissueMask } from '../segment/tissue.ts';
import { readRegion } from '../slide/region.ts';
import { SlideError, type ImageDecoder, type Level0Rect, type Slide } from '../slide/slide.ts';

export interface BlockOptions {
  readonly slide: Slide;
  readonly decoder: ImageDecoder;
  readonly area: SlideArea;
  /** Level-0 pixels per measured pixel, per axis; at least 1 each. */
  readonly scale: { readonly x: number; readonly y: number };
  /** Where tissue is; null counts everything. */
  readonly tissue: TissueMask | null;
  readonly signal?: AbortSignal | undefined;
  /** Measured pixels, 512 by default. */
  readonly side?: number;
}

/** A block of the grid over the slide, in measured pixels. */
export interface Block {
  readonly column: number;
  readonly row: number;
  readonly width: number;
  readonly height: number;
}

/** A block with tissue of the area. */
export interface ReadBlock extends Block {
  readonly rgba: Uint8ClampedArray;
  /** 1 for pixels of tissue within the area, by their centres; null if all are. */
  readonly counted: Uint8Array | null;
}

/** Measured pixels of the whole slide. */
export function measuredSize(
  { width, height }: { readonly width: number; readonly height: number },
  scale: BlockOptions['scale'],
): { readonly width: number; readonly height: number } {
  return { width: Math.max(1, Math.ceil(width / scale.x)), height: Math.max(1, Math.ceil(height / scale.y)) };
}

const defaultSide = 512;

/** The blocks that meet the area's bounds, row by row. */
export function blocksOf({ slide, area, scale, side = defaultSide }: BlockOptions): Block[] {
  const size = measuredSize(slide.metadata, scale);
  const bounds = boundsOfArea(area);
  const blocks: Block[] = [];
  for (let row = 0; row < size.height; row += side) {
    for (let column = 0; column < size.width; column += side) {
      const [width, height] = [Math.min(side, size.width - column), Math.min(side, size.height - row)];
      const block = { column, row, width, height };
      if (bounds === null || overlaps(bounds, rectOf(block, scale))) blocks.push(block);
    }
  }
  return blocks;
}

function rectOf({ column, row, width, height }: Block, { x, y }: BlockOptions['scale']): Level0Rect {
  return { x: column * x, y: row * y, width: width * x, height: height * y };
}

/**
 * Pixels of a block that lie on tissue within the area; null if all do.
 * @returns `'none'` where nothing counts.
 */
export function countedIn(block: Block, { area, scale, tissue }: BlockOptions): Uint8Array | null | 'none' {
  const inside = areaMask(near(area, rectOf(block, scale)), block, block.width, block.height, scale);
  const onTissue = tissuePixels(tissue, block, block.width, block.height, scale);
  if (inside === null || onTissue === null) {
    const counted = inside ?? onTissue;
    return counted === null || counted.includes(1) ? counted : 'none';
  }
  let any = false;
  for (let i = 0; i < inside.length; i++) {
    inside[i] = inside[i]! & onTissue[i]!;
    if (inside[i] === 1) any = true;
  }
  return any ? inside : 'none';
}

/** An area without its polygons elsewhere: each would be rasterised for each block. */
function near(area: SlideArea, rect: Level0Rect): SlideArea {
  if (area.kind !== 'polygons') return area;
  const polygons = area.polygons.filter(({ outer, holes }) => {
    const bounds = boundsOfArea({ kind: 'polygons', polygons: [{ outer, holes }] });
    return bounds !== null && overlaps(bounds, rect);
  });
  return { kind: 'polygons', polygons };
}

/**
 * Reads the pixels of a block.
 * @returns null where nothing counts, which is not read; `'broken'` for one with an unreadable tile.
 * @throws SlideError when the slide as a whole can't be read; an AbortError.
 */
export async function readBlock(block: Block, options: BlockOptions): Promise<ReadBlock | 'broken' | null> {
  const { slide, decoder, scale, signal } = options;
  signal?.throwIfAborted();
  const counted = countedIn(block, options);
  if (counted === 'none') return null;
  try {
    const { data } = await readRegion(slide, rectOf(block, scale), block.width, block.height, {
      decoder,
      signal,
    });
    return { ...block, rgba: data, counted };
  } catch (error) {
    if (error instanceof SlideError && error.code === 'broken-tile') return 'broken';
    throw error;
  }
}
