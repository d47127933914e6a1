/**
 * Images for the study on EBHI-Seg (docs/study.md): mosaics of 2 × 2 tiles of one patient and one class, so that a wide field shows
 * more of the same tissue than a slice does.
 *
 *     npx tsx scripts/ebhi-mosaics.ts [../shared/data/ebhi] [runs/ebhi-mosaics]
 *
 * Writes images/, masks4/ and index.csv, the layout that `dualscope train` and `evaluate` read. Every tile is used. Where a patient's tiles
 * don't fill the last mosaic, tiles of that patient are taken again, mirrored.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { encode } from 'fast-png';
import sharp from 'sharp';
import { planMosaics, SIDE, type Mosaic } from './ebhi-mosaic-plan.ts';
import { EBHI_TILE, readEbhiIndex, readEbhiTile } from './ebhi-seg.ts';

/** Pixels of a tile that are used, its middle: a mosaic of 430 pixels of 1.13 µm fits into a region of 486 µm. */
const USED = 215;
const MARGIN = Math.floor((EBHI_TILE - USED) / 2);
const WIDTH = SIDE * USED;

const [data = '../shared/data/ebhi', out = 'runs/ebhi-mosaics'] = process.argv.slice(2);
const mosaics = planMosaics(await readEbhiIndex(data));
for (const folder of ['images', 'masks4']) await mkdir(path.join(out, folder), { recursive: true });
for (const mosaic of mosaics) await write(mosaic);
const lines = mosaics.map(({ name, patient, fold, classIndex }) =>
  [name, patient, fold, String(classIndex)].join(','),
);
await writeFile(path.join(out, 'index.csv'), `name,patient,fold,class_id\n${lines.join('\n')}\n`);
process.stdout.write(
  `${out}: ${String(mosaics.length)} mosaics of ${String(WIDTH)} × ${String(WIDTH)} pixels\n`,
);

async function write({ name, classIndex, tiles }: Mosaic): Promise<void> {
  const rgb = Buffer.alloc(WIDTH * WIDTH * 3);
  const classes = new Uint8Array(WIDTH * WIDTH);
  for (const [k, { file, isMirrored }] of tiles.entries()) {
    const tile = await readEbhiTile(data, file);
    const [left, top] = [(k % SIDE) * USED, Math.floor(k / SIDE) * USED];
    for (let y = 0; y < USED; y++) {
      for (let x = 0; x < USED; x++) {
        const fromX = MARGIN + (isMirrored ? USED - 1 - x : x);
        const from = ((MARGIN + y) * EBHI_TILE + fromX) * 3;
        const to = (top + y) * WIDTH + left + x;
        tile.rgb.copy(rgb, to * 3, from, from + 3);
        if (tile.isClass(fromX, MARGIN + y)) classes[to] = classIndex;
      }
    }
  }
  const image = sharp(rgb, { raw: { width: WIDTH, height: WIDTH, channels: 3 } });
  await image.png().toFile(path.join(out, 'images', `${name}.png`));
  const mask = encode({ width: WIDTH, height: WIDTH, data: classes, channels: 1, depth: 8 });
  await writeFile(path.join(out, 'masks4', `${name}.png`), mask);
}
