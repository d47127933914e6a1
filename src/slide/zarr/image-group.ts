/** Finds the group of a folder that is the image to show. */
import type { FileFolder } from '../file-folder.ts';
import { jsonCost, maxXmlBytes, type ByteBudget } from '../limits.ts';
import { SlideError } from '../slide.ts';
import { fields } from './json-fields.ts';
import { isPath, omeGroup, type OmeGroup } from './ome-metadata.ts';

/** What to do about an image that is not read. */
export const withBioformats = 'Export it again, for example with bioformats2raw, or open it as OME-TIFF.';

export interface Group {
  /** Within the folder; empty for the folder itself. */
  readonly path: string;
  readonly version: 2 | 3;
  readonly ome: OmeGroup;
  readonly text: string;
}

export function noImage({ name }: FileFolder): SlideError {
  return new SlideError(
    'unsupported',
    name,
    'It has no description of an image (OME-Zarr multiscales).',
    'Open the folder that holds the image, or export it with bioformats2raw.',
  );
}

/** The group of the image: the folder itself, or the first of its series. */
export async function imageGroup(
  folder: FileFolder,
  budget: ByteBudget,
): Promise<{ readonly group: Group; readonly notes: readonly string[] }> {
  const top = await readGroup(folder, '', budget);
  if (top === null) {
    throw new SlideError(
      'not-found',
      folder.name,
      'There is no OME-Zarr image here: neither zarr.json nor .zattrs is found.',
      'Check the address, or open the folder that holds one of these files.',
    );
  }
  if (top.ome.kind === 'other')
    throw new SlideError('unsupported', folder.name, top.ome.problem, top.ome.remedy);
  if (top.ome.kind === 'none') throw noImage(folder);
  if (top.ome.kind === 'pyramid') {
    const others = top.ome.pyramid.others;
    const note = others === 0 ? [] : [`The first of ${others + 1} pyramids is shown.`];
    return { group: top, notes: note };
  }
  const index = await readGroup(folder, 'OME', budget);
  const listed = index?.ome.kind === 'series' ? index.ome.names : [];
  const series = listed.length > 0 ? listed : ['0'];
  const group = await readGroup(folder, series[0]!, budget);
  if (group?.ome.kind !== 'pyramid') throw noImage(folder);
  // Series that are not listed have numbers.
  const count = listed.length > 0 ? listed.length : (await readGroup(folder, '1', budget)) === null ? 1 : 2;
  if (count === 1) return { group, notes: [] };
  return {
    group,
    notes: [
      `The first of ${listed.length > 0 ? count : 'several'} images is shown; the others are in the folders ${series[1] ?? '1'} and on.`,
    ],
  };
}

/** A group's description; null where there is none. */
async function readGroup(folder: FileFolder, path: string, budget: ByteBudget): Promise<Group | null> {
  for (const [file, version] of [
    ['zarr.json', 3],
    ['.zattrs', 2],
  ] as const) {
    const at = path === '' ? file : `${path}/${file}`;
    const bytes = await folder.read(at, { maxBytes: maxXmlBytes });
    if (bytes === null) continue;
    const text = new TextDecoder().decode(bytes);
    budget.spend(jsonCost(text), 'metadata');
    try {
      const json: unknown = JSON.parse(text);
      const ome = omeGroup(version === 3 ? fields(json).attributes : json);
      return { path, version, ome, text };
    } catch (cause) {
      throw new SlideError('corrupt', folder.name, `Its file ${at} is damaged.`, withBioformats, { cause });
    }
  }
  return null;
}

/** The names of masks beside the image, if there are any. */
export async function labelNotes(folder: FileFolder, group: Group): Promise<string[]> {
  const file = `${group.path === '' ? '' : `${group.path}/`}labels/${group.version === 3 ? 'zarr.json' : '.zattrs'}`;
  try {
    const bytes = await folder.read(file, { maxBytes: maxXmlBytes });
    if (bytes === null) return [];
    const json = fields(JSON.parse(new TextDecoder().decode(bytes)));
    const attributes = group.version === 3 ? fields(json.attributes) : json;
    const { labels } = Object.hasOwn(attributes, 'ome') ? fields(attributes.ome) : attributes;
    const names = (Array.isArray(labels) ? labels : []).filter(
      (name): name is string => typeof name === 'string' && isPath(name),
    );
    if (names.length === 0) return [];
    return [
      `It has label images (masks), which are not shown: ${names.slice(0, 4).join(', ')}${names.length > 4 ? ' and others' : ''}.`,
    ];
  } catch {
    // They are no part of the picture.
    return [];
  }
}
