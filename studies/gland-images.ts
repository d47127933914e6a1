/**
 * Combines GlaS and EBHI-Seg for the model colon-gland: gland or not, both at EBHI-Seg's µm per pixel.
 *
 *     npx tsx studies/gland-images.ts [../shared/data] [runs/gland-images]
 *
 * GlaS is reduced by area averaging; EBHI-Seg is put together as mosaics of four tiles (ebhi-mosaics.ts). Cases with a
 * tile on the demo slide are left out: the demo shows tissue that the model has not seen. Writes images/, masks4/ and
 * index.csv with the columns name, patient, weight, dataset and fold; patients are GlaS's numbers and EBHI-Seg's cases.
 * Weights balance the two datasets.
 */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { decode, encode } from 'fast-png';
import sharp from 'sharp';
import { z } from 'zod';
import { maskReader } from '../src/training/datasets/indexed-images.ts';
import { readCsv } from '../src/base/read-csv.ts';
import { ebhiMpp, studies } from '../src/training/study/studies.ts';
import { planMosaics } from './ebhi-mosaic-plan.ts';
import { JPEG_QUALITY, writeMosaic } from './ebhi-mosaic.ts';
import { demoPatients, readEbhiIndex } from './ebhi-seg.ts';

/** Of glands whose diagnosis is undecided: all classes of gland are one here. */
const GLAND = 2;

interface GlandImage {
  readonly name: string;
  readonly patient: string;
  readonly dataset: 'glas' | 'ebhi';
  /** EBHI-Seg's fold of the case; empty for GlaS. */
  readonly fold: string;
}

const [shared = '../shared/data', out = 'runs/gland-images'] = process.argv.slice(2);
const glas = studies.find(({ id }) => id === 'glas')!;
for (const folder of ['images', 'masks4']) await mkdir(path.join(out, folder), { recursive: true });
const images = [...(await reduceGlas()), ...(await paintMosaics())];
const lines = images.map(({ name, patient, dataset, fold }) => {
  const alike = images.filter((image) => image.dataset === dataset).length;
  return [name, patient, (1000 / alike).toFixed(4), dataset, fold].join(',');
});
await writeFile(path.join(out, 'index.csv'), `name,patient,weight,dataset,fold\n${lines.join('\n')}\n`);
process.stdout.write(`${out}: ${String(lines.length)} images\n`);

async function reduceGlas(): Promise<GlandImage[]> {
  const folder = path.join(shared, 'glas');
  const schema = z.array(z.object({ name: z.string(), patient: z.string() }));
  const rows = schema.parse(readCsv(await readFile(path.join(folder, 'index.csv'), 'utf8')));
  for (const { name } of rows) {
    const mask = decode(await readFile(path.join(folder, 'masks4', `${name}.png`)));
    const scale = glas.mpp / ebhiMpp;
    const [width, height] = [Math.round(mask.width * scale), Math.round(mask.height * scale)];
    await sharp(path.join(folder, 'images', `${name}.jpg`))
      .removeAlpha()
      .resize(width, height, { fit: 'fill', kernel: 'lanczos3' })
      .jpeg({ quality: JPEG_QUALITY })
      .toFile(path.join(out, 'images', `${name}.jpg`));
    const whole = { x: 0, y: 0, width: mask.width, height: mask.height };
    const data = maskReader(Uint8Array.from(mask.data), mask.width, mask.height)(whole, width, height);
    const png = encode({ width, height, data, channels: 1, depth: 8 });
    await writeFile(path.join(out, 'masks4', `${name}.png`), png);
  }
  return rows.map(({ name, patient }) => ({ name, patient, dataset: 'glas', fold: '' }));
}

async function paintMosaics(): Promise<GlandImage[]> {
  const folder = path.join(shared, 'ebhi');
  const index = await readEbhiIndex(folder);
  const onDemo = demoPatients(index);
  const mosaics = planMosaics(index, GLAND).filter(({ patient }) => !onDemo.has(patient));
  for (const mosaic of mosaics) await writeMosaic(folder, mosaic, out, { format: 'jpeg' });
  return mosaics.map(({ name, patient, fold }) => ({ name, patient, dataset: 'ebhi', fold }));
}
