/**
 * Breast Cancer Semantic Segmentation (Amgad et al. 2019, doi:10.1093/bioinformatics/btz083), as released or as its download
 * script writes it (github.com/PathologyDataScience/BCSS):
 *
 * - `rgbs_colorNormalized/TCGA-A1-A0SK-DX1_xmin45749_ymin25055_MPP-0.2500.png`: a region of a slide, whose name says the
 *   slide, the region's left and top on it in pixels of the scan, and µm per pixel. Without normalised colours in `images/`
 *   or `rgbs/`;
 * - `masks/…`: its mask of the same name and size, values are the codes of `bcssCodes`.
 *
 * All of it may lie in `0_Public-data-Amgad2019_0.25MPP/`. Each region is an item. The patient is the TCGA participant:
 * TCGA, institute, number.
 */
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { bcssCodes } from './bcss-codes.ts';
import { codeClasses } from './code-classes.ts';
import { DatasetError, type ClassesIn, type DatasetItem, type DatasetOptions } from './dataset.ts';
import { maskReader } from './indexed-images.ts';
import { readIndexMask } from './index-mask.ts';
import { pngSize, roiSlide } from './roi-slide.ts';

const releaseFolder = '0_Public-data-Amgad2019_0.25MPP';
/** In order of preference: slides in the app have their own colours, not normalised ones. */
const imageFolders = ['images', 'rgbs', 'rgbs_colorNormalized'];
const maskFolder = 'masks';
const regionName =
  /^(?<patient>TCGA-\w{2}-\w{4})-\w+_xmin\d+_ymin\d+_?(?:MPP-(?<mpp>\d+(?:\.\d+)?)|MAG-\d+(?:\.\d+)?)?\.png$/;

interface RegionFile {
  readonly name: string;
  readonly patient: string;
  readonly mpp: number | null;
  readonly image: string;
  readonly mask: string;
}

/** The images of a folder of this layout; null for another. */
export interface BcssFolder {
  readonly images: string;
  readonly masks: string;
  /** Names of PNG files. */
  readonly files: readonly string[];
}

/** Recognises the layout by a region's name. */
export async function findBcss(folder: string): Promise<BcssFolder | null> {
  for (const base of [folder, join(folder, releaseFolder)]) {
    for (const name of imageFolders) {
      const images = join(base, name);
      if (!existsSync(images) || !existsSync(join(base, maskFolder))) continue;
      const files = (await readdir(images)).filter((file) => file.endsWith('.png')).sort();
      if (files.some((file) => regionName.test(file)))
        return { images, masks: join(base, maskFolder), files };
    }
  }
  return null;
}

/** @throws DatasetError when an image has another name, or no mask. */
export function bcss(found: BcssFolder, options: DatasetOptions): DatasetItem[] {
  return found.files.map((file) => item(regionFile(found, file), options));
}

function regionFile({ images, masks }: BcssFolder, file: string): RegionFile {
  const image = join(images, file);
  const { patient, mpp } = regionName.exec(file)?.groups ?? {};
  if (patient === undefined) {
    throw new DatasetError(
      image,
      'The name does not say slide and place of the region, so its patient is unknown.',
      'Name it like TCGA-A1-A0SK-DX1_xmin45749_ymin25055_MPP-0.2500.png, or remove it.',
    );
  }
  const mask = join(masks, file);
  if (!existsSync(mask)) {
    throw new DatasetError(image, `There is no mask ${mask}.`, 'Add it, or remove the image.');
  }
  const named = Number(mpp ?? 0);
  return { name: file.slice(0, -'.png'.length), patient, mpp: named > 0 ? named : null, image, mask };
}

function item(region: RegionFile, options: DatasetOptions): DatasetItem {
  const { name, image, patient, mpp } = region;
  // Truth and counted pixels are asked for one after the other: the mask is read once.
  let last: Promise<{ truth: ClassesIn; counted: ClassesIn }> | null = null;
  const read = async (): Promise<{ truth: ClassesIn; counted: ClassesIn }> => {
    const reading = last ?? readMasks(region, options);
    last = last === null ? reading : null;
    return reading;
  };
  return {
    name,
    image,
    mpp: options.mpp,
    patient,
    weight: 1,
    open: () => roiSlide(image, name, 'BCSS', mpp),
    truth: async () => (await read()).truth,
    counted: async () => (await read()).counted,
  };
}

async function readMasks(
  { image, mask: file }: RegionFile,
  options: DatasetOptions,
): Promise<{ truth: ClassesIn; counted: ClassesIn }> {
  const classes = codeClasses('BCSS', bcssCodes, options, file);
  const [imageSize, maskSize] = [await pngSize(image), await pngSize(file)];
  if (imageSize.width !== maskSize.width || imageSize.height !== maskSize.height) {
    throw new DatasetError(
      file,
      `The mask has ${maskSize.width} × ${maskSize.height} pixels, its image ${imageSize.width} × ${imageSize.height}.`,
      'Use image and mask of the same resolution.',
    );
  }
  const { width, height, values } = await readIndexMask(file);
  classes.check(values, file);
  const codes = maskReader(values, width, height);
  // Outside the image, the code is 0: outside the region.
  return {
    truth: (...area) => codes(...area).map((code) => classes.classOf[code]!),
    counted: (...area) => codes(...area).map((code) => classes.counts[code]!),
  };
}
