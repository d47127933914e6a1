/**
 * Images of both sets of the study together (docs/study.md): all of GlaS, and of EBHI-Seg one mosaic of each patient and class
 * (ebhi-mosaics.ts), enlarged to GlaS's µm per pixel.
 *
 *     npx tsx scripts/colon-images.ts [../shared/data] [runs/colon-images]
 *
 * Patients of EBHI-Seg's fold 0 are left out: the demo slide is of theirs.
 */
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { parse } from 'csv-parse/sync';
import { z } from 'zod';
import { EBHI_MPP, studies } from '../src/training/study/studies.ts';
import { MOSAIC, writeMosaic } from './ebhi-mosaic.ts';
import { planMosaics } from './ebhi-mosaic-plan.ts';
import { readEbhiIndex } from './ebhi-seg.ts';

const LEFT_OUT = '0';

const [shared = '../shared/data', out = 'runs/colon-images'] = process.argv.slice(2);
const [glasFolder, ebhiFolder] = [path.join(shared, 'glas'), path.join(shared, 'ebhi')];
const glas = studies.find(({ id }) => id === 'glas')!;
const side = Math.round((MOSAIC * EBHI_MPP) / glas.mpp);
for (const folder of ['images', 'masks4']) await mkdir(path.join(out, folder), { recursive: true });
const lines = [...(await copyGlas()), ...(await writeMosaics())];
await writeFile(path.join(out, 'index.csv'), `name,patient\n${lines.join('\n')}\n`);
process.stdout.write(`${out}: ${String(lines.length)} images\n`);

/** @returns lines of the index */
async function copyGlas(): Promise<string[]> {
  const schema = z.array(z.object({ name: z.string(), patient: z.string() }));
  const index = await readFile(path.join(glasFolder, 'index.csv'), 'utf8');
  const rows = schema.parse(parse(index, { columns: true }));
  for (const { name } of rows) {
    for (const file of [`images/${name}.jpg`, `masks4/${name}.png`]) {
      await copyFile(path.join(glasFolder, file), path.join(out, file));
    }
  }
  return rows.map(({ name, patient }) => `${name},${patient}`);
}

/** @returns lines of the index */
async function writeMosaics(): Promise<string[]> {
  const all = planMosaics(await readEbhiIndex(ebhiFolder)).filter(({ fold }) => fold !== LEFT_OUT);
  const firsts = all.filter(
    (mosaic, i) =>
      all.findIndex(
        ({ patient, classIndex }) => patient === mosaic.patient && classIndex === mosaic.classIndex,
      ) === i,
  );
  for (const mosaic of firsts) await writeMosaic(ebhiFolder, mosaic, out, side);
  return firsts.map(({ name, patient }) => `${name},${patient}`);
}
