/**
 * The filters of a 3DHISTECH fluorescence slide: up to three channels share the images of a filter level, one in each colour.
 * Storing channel 0 is blue and 2 is red, the order of bitmaps: shown by real slides whose nuclei OpenSlide finds in red, and
 * by bioformats2raw, which was corrected after comparison with the maker's viewer.
 */
import type { Band } from '../channels/band-grid.ts';
import type { ChannelColour } from '../channels/channel-view.ts';
import type { IniFile } from '../ini.ts';

/** A kind of value that images differ by, of which zoom is one. */
export interface MrxsHierarchy {
  readonly name: string;
  readonly count: number;
}

export interface MrxsFilter {
  readonly name: string;
  readonly colour: ChannelColour | null;
  /** Number of the filter level whose images hold it, and which of their colours it is; null where that is not known. */
  readonly place: { readonly filterLevel: number; readonly band: Band } | null;
}

/** Colours of an image, and filters that share it. */
const mostShared = 3;
const section = 'HIERARCHICAL';

/** The filters of a fluorescence slide; null for a slide of colours, which may list filters, too: red, green and blue. */
export function filtersOf(ini: IniFile, hierarchies: readonly MrxsHierarchy[]): MrxsFilter[] | null {
  const at = hierarchies.findIndex(({ name }) => /filter level/i.test(name));
  const count = hierarchies[at]?.count ?? 0;
  const type = ini.value('GENERAL', 'SLIDE_TYPE') ?? '';
  const key = (i: number): string => `HIER_${at}_VAL_${i}`;
  const levels = Array.from({ length: count }, (_, i) => ini.value(section, key(i)) ?? '');
  const sections = levels.map((_, i) => ini.value(section, `${key(i)}_SECTION`) ?? '');
  const names = sections.map((one) => ini.value(one, 'FILTER_NAME') ?? '');
  const isNamed = names.some((name) => name !== '' && !/^default$/i.test(name));
  const isFluorescence = type === '' ? isNamed : /fluor/i.test(type);
  if (!isFluorescence) return null;
  const filters = sections.map((one, i): MrxsFilter => {
    const level = ini.value(one, 'DATA_IN_THIS_FILTER_LEVEL');
    const filterLevel = level === undefined ? (count <= mostShared ? 0 : -1) : levels.indexOf(level);
    const stored = ini.integer(one, 'STORING_CHANNEL_NUMBER', 0, mostShared - 1);
    const place =
      filterLevel < 0 || stored === undefined ? null : { filterLevel, band: (2 - stored) as Band };
    return { name: names[i]!, colour: colourOf(ini, one), place };
  });
  const keyOf = ({ place }: MrxsFilter): string => `${place?.filterLevel} ${place?.band}`;
  // What two filters claim is neither's for sure.
  const claims = new Map<string, number>();
  for (const filter of filters) claims.set(keyOf(filter), (claims.get(keyOf(filter)) ?? 0) + 1);
  return filters.map((filter) => (claims.get(keyOf(filter)) === 1 ? filter : { ...filter, place: null }));
}

function colourOf(ini: IniFile, one: string): ChannelColour | null {
  const [red, green, blue] = ['R', 'G', 'B'].map((letter) => ini.integer(one, `COLOR_${letter}`, 0, 255));
  return red === undefined || green === undefined || blue === undefined ? null : [red, green, blue];
}

/**
 * Entries of the index between one filter level and the next: it lists every combination of values, those of the first
 * hierarchy one after another.
 */
export function filterStride(hierarchies: readonly MrxsHierarchy[]): number {
  const at = hierarchies.findIndex(({ name }) => /filter level/i.test(name));
  return hierarchies
    .slice(0, Math.max(0, at))
    .reduce((product, { count }) => product * Math.max(1, count), 1);
}
