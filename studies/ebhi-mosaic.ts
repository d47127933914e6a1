/** Paints a mosaic of tiles of EBHI-Seg and writes it as an image with its index mask. */
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { encode } from 'fast-png';
import sharp from 'sharp';
import { maskReader } from '../src/training/datasets/indexed-images.ts';
import { SIDE, type Mosaic } from './ebhi-mosaic-plan.ts';
import { EBHI_TILE, readEbhiTile } from './ebhi-seg.ts';

/** Side of the tile's middle part that is used, pixels: a mosaic of 430 pixels of 1.13 µm fits a region of 486 µm. */
const USED = 215;
export const JPEG_QUALITY = 85;
const MARGIN = Math.floor((EBHI_TILE - USED) / 2);
/** Pixels along a mosaic's side. */
export const MOSAIC = SIDE * USED;

/** @returns RGB [430, 430, 3] and classes [430, 430], 0 for background */
async function paintMosaic(
  data: string,
  { classIndex, tiles }: Mosaic,
): Promise<{ rgb: Buffer; classes: Uint8Array }> {
  const rgb = Buffer.alloc(MOSAIC * MOSAIC * 3);
  const classes = new Uint8Array(MOSAIC * MOSAIC);
  for (const [k, { file, isMirrored }] of tiles.entries()) {
    const tile = await readEbhiTile(data, file);
    const [left, top] = [(k % SIDE) * USED, Math.floor(k / SIDE) * USED];
    for (let y = 0; y < USED; y++) {
      for (let x = 0; x < USED; x++) {
        const fromX = MARGIN + (isMirrored ? USED - 1 - x : x);
        const from = ((MARGIN + y) * EBHI_TILE + fromX) * 3;
        const to = (top + y) * MOSAIC + left + x;
        tile.rgb.copy(rgb, to * 3, from, from + 3);
        if (tile.isClass(fromX, MARGIN + y)) classes[to] = classIndex;
      }
    }
  }
  return { rgb, classes };
}

export interface MosaicFormat {
  /** Pixels along the image's side; those of its tiles by default. */
  readonly side?: number;
  /** `png` by default. */
  readonly format?: 'png' | 'jpeg';
}

/** Writes the mosaic to `images/`, and its mask as PNG to `masks4/`, in `out`. */
export async function writeMosaic(
  data: string,
  mosaic: Mosaic,
  out: string,
  { side = MOSAIC, format = 'png' }: MosaicFormat = {},
): Promise<void> {
  const { rgb, classes } = await paintMosaic(data, mosaic);
  const image = sharp(rgb, { raw: { width: MOSAIC, height: MOSAIC, channels: 3 } }).resize(side, side);
  const file = path.join(out, 'images', mosaic.name);
  if (format === 'png') await image.png().toFile(`${file}.png`);
  else await image.jpeg({ quality: JPEG_QUALITY }).toFile(`${file}.jpg`);
  const whole = { x: 0, y: 0, width: MOSAIC, height: MOSAIC };
  const resized = maskReader(classes, MOSAIC, MOSAIC)(whole, side, side);
  const mask = encode({ width: side, height: side, data: resized, channels: 1, depth: 8 });
  await writeFile(path.join(out, 'masks4', `${mosaic.name}.png`), mask);
}
