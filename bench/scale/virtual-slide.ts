/** A slide of any size that takes no disk space: its tiles are a few JPEGs of the demo phantom in pseudo-random order. */
import { join } from 'node:path';
import sharp from 'sharp';
import { nodePlatform } from '../../src/slide/node-platform.node.ts';
import { openSlide } from '../../src/slide/open-slide.ts';
import { pathByteSource } from '../../src/slide/path-byte-source.node.ts';
import { readRegion } from '../../src/slide/region.ts';
import type { Slide, TilePayload } from '../../src/slide/slide.ts';
import { syntheticSlide } from '../../src/slide/testing/synthetic-slide.ts';

const tileSize = 256;
/** Tiles along each side of the square of tissue that the JPEGs are cut from. */
const side = 6;

/** JPEG tiles of tissue, 8 bits, at quality 80 like those of scanners. */
async function tissueTiles(): Promise<TilePayload[]> {
  const { decoder } = nodePlatform();
  const phantom = join(import.meta.dirname, '../../public/slides/phantom-1.tif');
  const slide = await openSlide([await pathByteSource(phantom)], nodePlatform());
  try {
    const places = Array.from({ length: side * side }, (_value, i) => ({
      x: 3000 + tileSize * (i % side),
      y: 2500 + tileSize * Math.floor(i / side),
    }));
    return await Promise.all(
      places.map(async (place): Promise<TilePayload> => {
        const rect = { ...place, width: tileSize, height: tileSize };
        const { data } = await readRegion(slide, rect, tileSize, tileSize, { decoder });
        const raw = { width: tileSize, height: tileSize, channels: 4 } as const;
        const jpeg = await sharp(data, { raw }).removeAlpha().jpeg({ quality: 80 }).toBuffer();
        return { kind: 'encoded', type: 'image/jpeg', bytes: new Uint8Array(jpeg) };
      }),
    );
  } finally {
    slide.close();
  }
}

export interface VirtualSlide extends Slide {
  /** One entry for each tile that was read. */
  readonly asked: string[];
  /** Mean size of a tile, bytes. */
  readonly tileBytes: number;
}

/** A square slide, all tissue, levels at 1, 1/4, 1/16 and 1/64. @param sidePx level-0 pixels. */
export async function virtualSlide(sidePx: number): Promise<VirtualSlide> {
  const tiles = await tissueTiles();
  const bytes = tiles.reduce((sum, tile) => sum + (tile.kind === 'encoded' ? tile.bytes.length : 0), 0);
  const slide = syntheticSlide({
    width: sidePx,
    height: sidePx,
    tileSize,
    reduced: [4, 16, 64].map((by) => ({ width: Math.ceil(sidePx / by), height: Math.ceil(sidePx / by) })),
    colour: () => [0, 0, 0],
    tile: (level, column, row) => {
      const hash = Math.imul(column, 73856093) ^ Math.imul(row, 19349663) ^ Math.imul(level, 83492791);
      return tiles[(hash >>> 0) % tiles.length];
    },
  });
  return Object.assign(slide, { tileBytes: bytes / tiles.length });
}
