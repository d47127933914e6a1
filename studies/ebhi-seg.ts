/**
 * EBHI-Seg (Shi et al. 2023, CC BY 4.0): 2,226 tiles of colon, H&E, 224 × 224 pixels, of 340 cases, with index masks.
 *
 * The dataset spells ids in several ways (GT…, GTxc…, GTXC…, GTDC…). Its index's columns `patient` and `fold` go by the
 * spelling, so that 21 cases lie in two folds; `case` and `case_fold` put that right, and everything here goes by them.
 */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { decode } from 'fast-png';
import sharp from 'sharp';
import { z } from 'zod';
import { readCsv } from '../src/base/read-csv.ts';
import { studyClasses } from '../src/training/study/study-config.ts';

/** Pixels along a tile's side. */
export const EBHI_TILE = 224;

/**
 * Masks have 1 normal, 2 polyp, 3 serrated adenoma, 4 low-grade and 5 high-grade intraepithelial neoplasia, and
 * 6 adenocarcinoma. Why they are merged so, and why 5 is left out, is in docs/decisions/0066.
 */
const VALUES: Readonly<Record<string, readonly string[]>> = {
  healthy: ['1', '2'],
  adenomatous: ['3', '4'],
  malignant: ['6'],
};

/**
 * The classes of the colon models except background, with the values of EBHI-Seg's masks that belong to each. Polyps are
 * benign rather than healthy, but the models have no class for them.
 */
export const EBHI_CLASSES = studyClasses
  .filter(({ background }) => !background)
  .map(({ name, colour }) => ({ name, colour, values: VALUES[name] ?? [] }));

/** The class of a tile's glands, 1 to 3; null for high-grade intraepithelial neoplasia, which is of no class. */
export function ebhiClassIndex({ class_id7: value }: Pick<EbhiTile, 'class_id7'>): number | null {
  const found = EBHI_CLASSES.findIndex(({ values }) => values.includes(value));
  return found < 0 ? null : found + 1;
}

const rowSchema = z
  .object({
    /** Path below `images/` and `masks7/`, without extension. */
    file: z.string(),
    /** The value of the tile's class in its mask: a tile has one class and background. */
    class_id7: z.string(),
    slide: z.string(),
    fold: z.string(),
    case: z.string(),
    case_fold: z.string(),
  })
  .transform(({ case: patient, case_fold: fold, fold: spellingFold, ...rest }) => ({
    ...rest,
    patient,
    /** 0 to 4, by patient. */
    fold,
    /** The fold by the spelling of ids; only the demo slide goes by it (colon-mosaic.ts). */
    spellingFold,
  }));

/** A tile: a row of its `index.csv`. */
export type EbhiTile = z.infer<typeof rowSchema>;

/** The demo slide consists of tiles of this fold by the spelling of ids. */
export const DEMO_FOLD = '0';

/** The patients of whom a tile may be on the demo slide: never trained on, never measured on elsewhere. */
export function demoPatients(index: readonly EbhiTile[]): ReadonlySet<string> {
  return new Set(
    index.filter(({ spellingFold }) => spellingFold === DEMO_FOLD).map(({ patient }) => patient),
  );
}

/** @throws ZodError if the index lacks a column */
export async function readEbhiIndex(data: string): Promise<EbhiTile[]> {
  const text = await readFile(path.join(data, 'index.csv'), 'utf8');
  return z.array(rowSchema).parse(readCsv(text));
}

/** @returns RGB and whether a pixel is of the tile's class, both [224, 224, …] row by row */
export async function readEbhiTile(
  data: string,
  file: string,
): Promise<{ rgb: Buffer; isClass: (x: number, y: number) => boolean }> {
  const rgb = await sharp(path.join(data, 'images', `${file}.jpg`))
    .removeAlpha()
    .raw()
    .toBuffer();
  const mask = decode(await readFile(path.join(data, 'masks7', `${file}.png`)));
  return { rgb, isClass: (x, y) => mask.data[y * EBHI_TILE + x] !== 0 };
}
