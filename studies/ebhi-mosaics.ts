/**
 * Makes the images for the study on EBHI-Seg (docs/study.md): mosaics of 2 × 2 tiles of one patient and one class, so that
 * the context shows more of the same tissue than the slice.
 *
 *     npx tsx studies/ebhi-mosaics.ts [../shared/data/ebhi] [runs/ebhi-mosaics]
 *
 * Writes images/, masks4/ and index.csv, the layout that `dualscope train` and `evaluate` read. Every tile is used. If a
 * patient's tiles do not fill the last mosaic, mirrored copies of them do.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { csvTable } from '../src/base/csv.ts';
import { MOSAIC, writeMosaic } from './ebhi-mosaic.ts';
import { planMosaics } from './ebhi-mosaic-plan.ts';
import { readEbhiIndex } from './ebhi-seg.ts';

const [data = '../shared/data/ebhi', out = 'runs/ebhi-mosaics'] = process.argv.slice(2);
const mosaics = planMosaics(await readEbhiIndex(data));
for (const folder of ['images', 'masks4']) await mkdir(path.join(out, folder), { recursive: true });
for (const mosaic of mosaics) await writeMosaic(data, mosaic, out);
const rows = mosaics.map(({ name, patient, fold, classIndex }) => [name, patient, fold, classIndex]);
await writeFile(path.join(out, 'index.csv'), csvTable(['name', 'patient', 'fold', 'class_id'], rows));
process.stdout.write(
  `${out}: ${String(mosaics.length)} mosaics of ${String(MOSAIC)} × ${String(MOSAIC)} pixels\n`,
);
