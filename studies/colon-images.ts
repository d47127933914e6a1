/**
 * Combines the images of both of the study's datasets (docs/study.md): all of GlaS, and from EBHI-Seg one mosaic per
 * patient and class (ebhi-mosaics.ts), enlarged to GlaS's µm per pixel.
 *
 *     npx tsx studies/colon-images.ts [../shared/data] [runs/colon-images]
 *
 * Patients with a tile on the demo slide are excluded. The weights in the index
 * say how often training draws an image; they balance both datasets within each class.
 */
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { csvTable } from '../src/base/csv.ts';
import { readCsv } from '../src/base/read-csv.ts';
import { ebhiMpp, studies } from '../src/training/study/studies.ts';
import { MOSAIC, writeMosaic } from './ebhi-mosaic.ts';
import { planMosaics } from './ebhi-mosaic-plan.ts';
import { demoPatients, readEbhiIndex } from './ebhi-seg.ts';

const [shared = '../shared/data', out = 'runs/colon-images'] = process.argv.slice(2);
const [glasFolder, ebhiFolder] = [path.join(shared, 'glas'), path.join(shared, 'ebhi')];
const glas = studies.find(({ id }) => id === 'glas')!;
const side = Math.round((MOSAIC * ebhiMpp) / glas.mpp);
for (const folder of ['images', 'masks4']) await mkdir(path.join(out, folder), { recursive: true });
const rows = [...weighted(await copyGlas()), ...weighted(await writeMosaics())];
await writeFile(path.join(out, 'index.csv'), csvTable(['name', 'patient', 'weight'], rows));
process.stdout.write(`${out}: ${String(rows.length)} images\n`);

interface ColonImage {
  readonly name: string;
  readonly patient: string;
  /** Class of its glands, 1 to 3. */
  readonly classIndex: number;
}

/** Rows of the index. The images of each class have the same total weight. */
function weighted(images: readonly ColonImage[]): (readonly string[])[] {
  return images.map(({ name, patient, classIndex }) => {
    const alike = images.filter((image) => image.classIndex === classIndex).length;
    return [name, patient, (100 / alike).toFixed(3)];
  });
}

async function copyGlas(): Promise<ColonImage[]> {
  const schema = z.array(
    z.object({ name: z.string(), patient: z.string(), class_id: z.coerce.number().int().min(1).max(3) }),
  );
  const index = await readFile(path.join(glasFolder, 'index.csv'), 'utf8');
  const rows = schema.parse(readCsv(index));
  for (const { name } of rows) {
    for (const file of [`images/${name}.jpg`, `masks4/${name}.png`]) {
      await copyFile(path.join(glasFolder, file), path.join(out, file));
    }
  }
  return rows.map(({ name, patient, class_id: classIndex }) => ({ name, patient, classIndex }));
}

async function writeMosaics(): Promise<ColonImage[]> {
  const index = await readEbhiIndex(ebhiFolder);
  const onDemo = demoPatients(index);
  const all = planMosaics(index).filter(({ patient }) => !onDemo.has(patient));
  const firsts = all.filter(
    (mosaic, i) =>
      all.findIndex(
        ({ patient, classIndex }) => patient === mosaic.patient && classIndex === mosaic.classIndex,
      ) === i,
  );
  for (const mosaic of firsts) await writeMosaic(ebhiFolder, mosaic, out, { side });
  return firsts;
}
