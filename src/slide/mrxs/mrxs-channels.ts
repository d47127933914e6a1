/** The channels of a 3DHISTECH fluorescence slide. */
import { bandGrid } from '../channels/band-grid.ts';
import { beyondNotes } from '../channels/channel-slide.ts';
import { channelTitle, maxSelectableChannels } from '../channels/channel-view.ts';
import type { GreyChannel } from '../channels/grey-channel.ts';
import { SlideError } from '../slide.ts';
import { imageStride } from './index-file.ts';
import type { MrxsGrid } from './mrxs-grid.ts';
import { mrxsGrids, type SlideParts } from './mrxs-grid.ts';

/**
 * @param file the slide's name, for messages.
 * @throws SlideError `unsupported` where no filter's images are found.
 */
export async function mrxsChannels(
  parts: SlideParts,
  file: string,
): Promise<{ readonly channels: readonly GreyChannel[]; readonly notes: readonly string[] }> {
  const filters = parts.slidedat.filters ?? [];
  // Nothing is black, whatever the slide shows between its images.
  const dark = { ...parts, slidedat: { ...parts.slidedat, fill: [0, 0, 0] as const } };
  const grids = new Map<number, readonly MrxsGrid[] | null>();
  const channels: GreyChannel[] = [];
  const unread: string[] = [];
  for (const [i, { name, colour, place }] of filters.slice(0, maxSelectableChannels).entries()) {
    const level = place?.filterLevel ?? -1;
    if (level >= 0 && !grids.has(level))
      grids.set(level, (await hasImages(parts, level)) ? mrxsGrids(dark, level) : null);
    const own = grids.get(level) ?? null;
    if (own === null || place === null) {
      unread.push(channelTitle({ name }, i));
      continue;
    }
    const levels = own.map((grid) => ({
      image: bandGrid(grid, place.band, file),
      scale: { width: grid.width, height: grid.height, downsample: grid.downsample },
    }));
    // Numbers stay those of the file where one is left out.
    channels.push({ name: channelTitle({ name }, i), colour, levels, stain: true });
  }
  if (channels.length === 0) {
    throw new SlideError(
      'unsupported',
      file,
      'This is a 3DHISTECH fluorescence slide that does not say where its filters’ images are.',
      'Export it as OME-TIFF or TIFF with 3DHISTECH SlideConverter, and open that.',
    );
  }
  const notes =
    unread.length === 0
      ? []
      : [
          `Of its ${filters.length} channels, ${unread.length} can’t be shown, because their images are not found: ${unread.join(', ')}.`,
        ];
  return { channels, notes: [...notes, ...beyondNotes(filters.length)] };
}

/**
 * Whether the images of a filter level are where they should be: what the index lists there may be something else, since the
 * maker publishes no specification.
 */
async function hasImages(
  { index, data, slidedat, budget }: SlideParts,
  filterLevel: number,
): Promise<boolean> {
  if (filterLevel === 0) return true;
  const entry = slidedat.firstZoom + filterLevel * slidedat.filterStride;
  try {
    if (!index.hasList(entry)) return false;
    const [, file, offset, length] = index.images(entry, budget).slice(0, imageStride);
    if (file === undefined || offset === undefined || length === undefined) return false;
    const { imageWidth, imageHeight, format } = slidedat.zooms[0]!;
    if (format === 'BMP24') return true;
    const size = await data.sizeOf({ file, offset, length });
    return size?.width === imageWidth && size.height === imageHeight;
  } catch (error) {
    if (error instanceof SlideError && (error.code === 'corrupt' || error.code === 'truncated')) return false;
    throw error;
  }
}
