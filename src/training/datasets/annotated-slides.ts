/** A folder of slides with ImageScope XML of the same name beside them: BACH part B, phantom slides. */
import { readdir, readFile } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
import { rasterise } from '../../annotation/rasterise.ts';
import { readImageScope } from '../../annotation/read-imagescope.ts';
import { DatasetError, type DatasetItem, type DatasetOptions } from './dataset.ts';

const SLIDE_ENDINGS = new Set(['.svs', '.tif', '.tiff']);

/**
 * Slides that have an XML beside them, by name. What no region covers is class 0 (DESIGN 4). A slide counts as
 * its own patient.
 * @throws DatasetError when there is none.
 */
export async function annotatedSlides(
  folder: string,
  { classNames, mpp }: DatasetOptions,
): Promise<DatasetItem[]> {
  const names = await readdir(folder);
  const xml = new Set(names.filter((name) => extname(name).toLowerCase() === '.xml'));
  const found = names
    .filter((name) => SLIDE_ENDINGS.has(extname(name).toLowerCase()))
    .map((slide) => ({ slide, xml: `${basename(slide, extname(slide))}.xml` }))
    .filter((pair) => xml.has(pair.xml))
    .sort((a, b) => a.slide.localeCompare(b.slide));
  if (found.length === 0) {
    throw new DatasetError(
      folder,
      'It holds no slide (.svs, .tif) with an ImageScope .xml of the same name, and no index.csv.',
      'Give the folder that holds both.',
    );
  }
  return found.map((pair) => {
    const file = join(folder, pair.xml);
    const name = basename(pair.slide, extname(pair.slide));
    return {
      name,
      image: join(folder, pair.slide),
      mpp,
      patient: name,
      truth: async () => {
        const polygons = readImageScope(await readFile(file, 'utf8'), file, classNames);
        return (rect, width, height) => rasterise(polygons, rect, width, height);
      },
    };
  });
}
