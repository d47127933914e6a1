import { existsSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { decode } from 'fast-png';
import { describe, expect, it } from 'vitest';
import { readAnnotations } from '../src/annotation/read-annotations.ts';
import { openDataset } from '../src/training/datasets/open-dataset.ts';
import { nodePlatform } from '../src/slide/node-platform.node.ts';
import { readRegion } from '../src/slide/region.ts';

const slides = path.resolve(import.meta.dirname, '../public/slides');
const classNames = ['not gland', 'healthy', 'adenomatous', 'malignant'];
const mosaic = async () => {
  const items = await openDataset(slides, { classNames, mpp: null, classOfValue: null });
  const item = items.find(({ name }) => name === 'colon-mosaic');
  if (item === undefined) throw new Error('The mosaic is missing from public/slides.');
  return item;
};

describe('the colon demo slide', () => {
  it('credits its source, and says that it is a mosaic with an assumed pixel size', async () => {
    const slide = await (await mosaic()).open();
    slide.close();
    const { width, height, mpp, properties } = slide.metadata;
    expect([width, height]).toEqual([3360, 2240]);
    expect(mpp?.x).toBeCloseTo(1.13, 4);
    expect(properties.Copyright).toMatch(/EBHI-Seg.*CC BY 4\.0/);
    expect(properties.ImageDescription).toMatch(/no slide.*assumed, not measured/);
    expect(statSync(path.join(slides, 'colon-mosaic.tif')).size).toBeLessThan(8e6);
  });

  it('has regions of three classes, with the same number of blocks of each', async () => {
    const { regions } = readAnnotations(readFileSync(path.join(slides, 'colon-mosaic.geojson'), 'utf8'), 'a');
    expect(new Set(regions.map(({ label }) => label))).toEqual(new Set(classNames.slice(1)));
    const blocks = new Map<string, Set<string>>();
    for (const { label, outer } of regions) {
      const block = `${Math.floor((outer[0] ?? 0) / 560)}/${Math.floor((outer[1] ?? 0) / 560)}`;
      blocks.set(label, (blocks.get(label) ?? new Set()).add(block));
    }
    expect([...blocks.values()].map(({ size }) => size)).toEqual([8, 8, 8]);
  });
});

const ebhi = path.resolve(import.meta.dirname, '../../shared/data/ebhi');
it.skipIf(!existsSync(ebhi))(
  'has its tiles and their masks in place (skipped where ../shared is absent)',
  async () => {
    // Finds the tile of the first block by its pixels; the tile's mask must be the ground truth there.
    const item = await mosaic();
    const slide = await item.open();
    const place = { x: 56, y: 56, width: 224, height: 224 };
    const { data } = await readRegion(slide, place, 224, 224, { decoder: nodePlatform().decoder });
    slide.close();
    const rows = readFileSync(path.join(ebhi, 'index.csv'), 'utf8').trim().split('\n').slice(1);
    const files = rows.map((row) => row.split(',')).filter(([, , , , , fold]) => fold === '0');
    const { default: sharp } = await import('sharp');
    let best = { file: '', value: '', difference: Infinity };
    for (const [file = '', , value = ''] of files) {
      const image = sharp(path.join(ebhi, 'images', `${file}.jpg`));
      const small = await image
        .resize(8, 8, { fit: 'fill', kernel: 'linear' })
        .removeAlpha()
        .raw()
        .toBuffer();
      const difference = distance(small, data);
      if (difference < best.difference) best = { file, value, difference };
    }
    const mask = decode(readFileSync(path.join(ebhi, 'masks7', `${best.file}.png`)));
    const label = Number(best.value) <= 3 ? 1 : Number(best.value) <= 5 ? 2 : 3;
    const truth = (await item.truth())(place, 224, 224);
    const same = truth.filter((value, i) => value === (mask.data[i] === 0 ? 0 : label)).length;
    expect(same / truth.length).toBeGreaterThan(0.99);
  },
);

/** Distance between an 8 × 8 image and the means of 8 × 8 squares of a tile. */
function distance(small: Uint8Array, tile: Uint8ClampedArray): number {
  let sum = 0;
  for (let i = 0; i < 64; i++) {
    for (let channel = 0; channel < 3; channel++) {
      let mean = 0;
      for (let y = 0; y < 28; y += 4) {
        for (let x = 0; x < 28; x += 4) {
          const at = (Math.floor(i / 8) * 28 + y) * 224 + (i % 8) * 28 + x;
          mean += (tile[at * 4 + channel] ?? 0) / 49;
        }
      }
      sum += Math.abs(mean - (small[i * 3 + channel] ?? 0));
    }
  }
  return sum;
}
