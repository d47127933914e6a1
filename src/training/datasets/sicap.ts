/**
 * SICAPv2 (Silva-Rodríguez et al. 2020, doi:10.17632/9xxm58dvs3.2), prostate biopsies as patches:
 *
 * - `images/16B0001851_Block_Region_1_0_2_xini_8851_yini_59786.jpg`: 512 × 512 pixels at 10×, overlapping by half: slide,
 *   region, row and column of the patch in it, left and top on the scanned slide;
 * - `masks/….png`: its mask of the same name, values are the codes of `sicapCodes`;
 * - `wsi_labels.xlsx`, `partition/`: patients and the published parts (`sicapPatients`).
 *
 * Each region is an item, put together from its patches.
 */
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { codeClasses } from './code-classes.ts';
import { DatasetError, type DatasetItem, type DatasetOptions } from './dataset.ts';
import { sicapCodes } from './sicap-codes.ts';
import { sicapPatients } from './sicap-patients.ts';
import { planRegion, regionCounted, regionSlide, regionTruth, type Patch } from './sicap-region.ts';

const imageFolder = 'images';
const maskFolder = 'masks';
/** Rows and columns up to 9,999: regions of up to 2.5 million pixels a side. */
const patchName =
  /^(?<region>(?<slide>[^_]+)_Block_Region_\d+)_(?<row>\d{1,4})_(?<column>\d{1,4})_xini_(?<x>\d+)_yini_(?<y>\d+)\.jpg$/;

/** A patch with its place on the scanned slide. */
interface PlacedPatch extends Patch {
  readonly x: number;
  readonly y: number;
}

interface Region {
  readonly name: string;
  readonly slide: string;
  readonly patches: PlacedPatch[];
}

/** Names of the JPEG files of a folder of this layout; null for another. Recognised by a patch's name. */
export async function findSicap(folder: string): Promise<readonly string[] | null> {
  if (!existsSync(join(folder, imageFolder)) || !existsSync(join(folder, maskFolder))) return null;
  const files = (await readdir(join(folder, imageFolder))).filter((file) => file.endsWith('.jpg')).sort();
  return files.some((file) => patchName.test(file)) ? files : null;
}

/** @throws DatasetError when a patch has another name, no mask or an impossible place, or a table is wrong. */
export async function sicap(
  folder: string,
  files: readonly string[],
  options: DatasetOptions,
): Promise<DatasetItem[]> {
  const masks = new Set(await readdir(join(folder, maskFolder)));
  const regions = new Map<string, Region>();
  for (const file of files) addPatch(regions, folder, file, masks);
  const slides = new Set([...regions.values()].map(({ slide }) => slide));
  const patients = await sicapPatients(folder, slides);
  return [...regions.values()]
    .sort((a, b) => a.name.localeCompare(b.name, 'en', { numeric: true }))
    .map(({ name, slide, patches }): DatasetItem => {
      checkPlaces(patches);
      const plan = planRegion(name, patches);
      return {
        name,
        image: join(folder, imageFolder, name),
        mpp: options.mpp,
        patient: patients.get(slide) ?? slide,
        weight: 1,
        open: async () => regionSlide(plan),
        truth: async () =>
          regionTruth(plan, codeClasses('SICAPv2', sicapCodes, options, join(folder, maskFolder))),
        counted: async () => regionCounted(plan),
      };
    });
}

function addPatch(
  regions: Map<string, Region>,
  folder: string,
  file: string,
  masks: ReadonlySet<string>,
): void {
  const image = join(folder, imageFolder, file);
  const { region, slide, row, column, x, y } = patchName.exec(file)?.groups ?? {};
  if (region === undefined || slide === undefined) {
    throw new DatasetError(
      image,
      'The name does not say slide, region and place of the patch.',
      'Name it like 16B0001851_Block_Region_1_0_2_xini_8851_yini_59786.jpg, or remove it.',
    );
  }
  const mask = file.replace(/\.jpg$/, '.png');
  if (!masks.has(mask)) {
    const problem = masks.has(file)
      ? `Its mask is a JPEG, whose values are not exact.`
      : `There is no mask ${join(folder, maskFolder, mask)}.`;
    throw new DatasetError(image, problem, 'Use version 2 of SICAPv2, or remove the patch.');
  }
  const known = regions.get(region) ?? { name: region, slide, patches: [] };
  known.patches.push({
    image,
    mask: join(folder, maskFolder, mask),
    row: Number(row),
    column: Number(column),
    x: Number(x),
    y: Number(y),
  });
  regions.set(region, known);
}

/**
 * Places on the slide must agree with rows and columns: the same step between neighbours everywhere in the region.
 * @throws DatasetError naming a patch that does not fit.
 */
function checkPlaces(patches: readonly PlacedPatch[]): void {
  const first = patches[0]!;
  const along = (['x', 'y'] as const).map((axis) => {
    const at = axis === 'x' ? 'column' : 'row';
    const other = patches.find((one) => one[at] !== first[at]);
    return { axis, at, step: other && (other[axis] - first[axis]) / (other[at] - first[at]) } as const;
  });
  const step = along.find((one) => one.step !== undefined)?.step ?? 0;
  const taken = new Set<string>();
  for (const one of patches) {
    const place = `${one.column},${one.row}`;
    const fits = along.every(({ axis, at }) => one[axis] - first[axis] === step * (one[at] - first[at]));
    if (fits && !taken.has(place)) {
      taken.add(place);
      continue;
    }
    throw new DatasetError(
      one.image,
      taken.has(place)
        ? 'Another patch of the region has the same row and column.'
        : 'Its place on the slide (xini, yini) does not fit its row and column, or those of the other patches.',
      'Restore the names of the patches.',
    );
  }
}
