/** Who the slides of SICAPv2 belong to, and which part of the published partition: its Excel tables. */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readXlsx } from '../../base/read-xlsx.ts';
import { DatasetError } from './dataset.ts';

const slideTable = 'wsi_labels.xlsx';
/** Tables of patches, `image_name` in the first column, and the name of the part. The folds divide the rest. */
const partTables: readonly (readonly [part: string, table: string])[] = [
  ['test', 'partition/Test/Test.xlsx'],
  ...[1, 2, 3, 4].map((fold) => [`val${fold}`, `partition/Validation/Val${fold}/Test.xlsx`] as const),
];

/**
 * The patient of each slide: `test-12` for patient 12 of the published test set, `val1-7` for one of the first fold, `3`
 * where no table names the patient. Without the table of slides, a slide counts as a patient.
 * @param slides their names
 * @throws DatasetError when a table can't be read, lacks a slide, or puts a patient into two parts.
 */
export async function sicapPatients(
  folder: string,
  slides: ReadonlySet<string>,
): Promise<ReadonlyMap<string, string>> {
  const patientOf = await slidePatients(folder, slides);
  const partOf = new Map<string, string>();
  for (const [part, table] of partTables) {
    const file = join(folder, table);
    for (const row of await rowsOf(file)) {
      const slide = slideOf(row.image_name ?? Object.values(row)[0] ?? '');
      const patient = patientOf.get(slide);
      if (patient === undefined) continue;
      const other = partOf.get(patient);
      if (other !== undefined && other !== part) {
        const problem = `It has patches of patient ${patient}, who is also in the part ${other}.`;
        throw new DatasetError(file, problem, 'Use the tables as published: they never divide a patient.');
      }
      partOf.set(patient, part);
    }
  }
  return new Map(
    [...patientOf].map(([slide, patient]) => {
      const part = partOf.get(patient);
      return [slide, part === undefined ? patient : `${part}-${patient}`];
    }),
  );
}

/** The slide of a patch's name. */
export const slideOf = (name: string): string => name.split('_Block_')[0]!;

async function slidePatients(folder: string, slides: ReadonlySet<string>): Promise<Map<string, string>> {
  const file = join(folder, slideTable);
  if (!existsSync(file)) return new Map([...slides].map((slide) => [slide, slide]));
  const named = new Map((await rowsOf(file)).map((row) => [row.slide_id ?? '', row.patient_id ?? '']));
  return new Map(
    [...slides].map((slide) => {
      const patient = named.get(slide) ?? '';
      if (patient === '') {
        const problem = `It does not name the patient of slide ${slide} (columns slide_id, patient_id).`;
        throw new DatasetError(
          file,
          problem,
          'Use the table as published, or remove the patches of the slide.',
        );
      }
      return [slide, patient];
    }),
  );
}

/** Rows of a table; none without the file. */
async function rowsOf(file: string): Promise<Record<string, string | undefined>[]> {
  if (!existsSync(file)) return [];
  try {
    return readXlsx(await readFile(file));
  } catch (error) {
    throw new DatasetError(
      file,
      `The table can't be read (${(error as Error).message}).`,
      'Download it again.',
    );
  }
}
