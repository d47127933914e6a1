/**
 * Olympus (Evident) VSI: a TIFF with pictures of the glass and tags that describe the scans, which lie in .ets files in the
 * folder of its name beside it: `_name_/stackNNNNN/frame_t.ets`. The largest scan is shown.
 */
import { cachedByteSource } from '../byte-source.ts';
import { beyondNotes, compositeParts } from '../channels/channel-slide.ts';
import { maxSelectableChannels } from '../channels/channel-view.ts';
import { compositeOf, type ChannelPicture } from '../channels/composite.ts';
import { gridSlide, type AssociatedSource, type TileGrid } from '../grid-slide.ts';
import { imageRole } from '../image-role.ts';
import { ByteBudget, cacheBytes, maxAssociatedPixels, maxTagBytes, maxTiles } from '../limits.ts';
import { SlideError, type ByteSource, type Slide, type SlidePlatform } from '../slide.ts';
import { withoutEmpty } from '../tiff/generic-tiff.ts';
import { TiffFile } from '../tiff/tiff-file.ts';
import { TiffImage } from '../tiff/tiff-image.ts';
import { associated } from '../tiff/tiff-slide.ts';
import { unlessUnreadable } from '../tiff/tiff-support.ts';
import { wholeGrid } from '../whole-grid.ts';
import { etsFile, refuseVsi, type EtsFile } from './ets-file.ts';
import { colourLevels, greyLevels } from './ets-levels.ts';
import { stackTypes, vsiStacks, type VsiDimension, type VsiStack } from './vsi-stacks.ts';
import { vsiFields } from './vsi-tags.ts';

/** A scan: its pixels, and what the tags say of it. */
interface Scan {
  readonly file: EtsFile;
  readonly stack: VsiStack | undefined;
  readonly size: { readonly width: number; readonly height: number };
  /** The picture of the glass that it is; null for a scan. */
  readonly role: string | null;
}

/** @param sources all files of the slide, without a cache. @throws SlideError `unsupported`, `corrupt`, `truncated`. */
export async function openVsi(sources: readonly ByteSource[], platform: SlidePlatform): Promise<Slide> {
  const index = sources.find(({ name }) => /\.vsi$/i.test(name))!;
  const pixelFiles = sources.flatMap((source) => {
    const number = /(?:^|\/)stack(\d+)\/frame_t[^/]*\.ets$/i.exec(source.path ?? '')?.[1];
    return number === undefined ? [] : [{ source, number: Number(number) }];
  });
  if (pixelFiles.length === 0) throw withoutScan(index);
  if (new Set(pixelFiles.map(({ number }) => number)).size < pixelFiles.length) {
    throw refuseVsi(index.name, 'One of its scans has several .ets files.');
  }
  const budget = new ByteBudget(index.name);
  const maxBytes = Math.floor(cacheBytes / (pixelFiles.length + 1));
  const vsi = cachedByteSource(index, { maxBytes });
  const stacks = await stacksOf(vsi, budget);
  const scans: Scan[] = [];
  for (const { source, number } of pixelFiles) {
    const stack = stacks.find((one) => one.number === number);
    const role = roleOf(stack);
    try {
      const file = await etsFile(cachedByteSource(source, { maxBytes }), budget);
      const size = file.size ?? stack?.size;
      if (size == null) throw refuseVsi(index.name, 'It does not say how large its scan is.');
      scans.push({ file, stack, role, size });
    } catch (error) {
      // Of a picture beside the scan, nobody misses it.
      if (role === null || !(error instanceof SlideError) || budget.left === 0) throw error;
    }
  }
  const images = scans.filter(({ role }) => role === null).sort((a, b) => areaOf(b) - areaOf(a));
  const [scan] = images;
  if (scan === undefined) throw refuseVsi(index.name, 'It holds only pictures of the glass, not the scan.');
  const picture = pictureOf(scan, index.name);
  const beside = await associatedOf(scans, vsi, budget);
  const used = [vsi, ...new Set([scan, ...beside.scans])].map((one) =>
    'file' in one ? one.file.source : one,
  );
  for (const source of sources) {
    if (!used.some(({ path, name }) => (path ?? name) === (source.path ?? source.name)))
      void source.close?.();
  }
  const more = images.length - 1;
  return gridSlide(
    used,
    {
      name: index.name,
      format: 'olympus-vsi',
      compression: scan.file.compression,
      levels: picture.levels,
      picture: picture.channels,
      associated: beside.images,
      mpp: scan.stack?.mpp ?? null,
      magnification: scan.stack?.magnification ?? null,
      scanner: null,
      properties: withoutEmpty(picture.properties),
      notes: [
        ...picture.notes,
        ...(more > 0 ? [`It holds ${more} more ${more === 1 ? 'scan' : 'scans'}, not shown.`] : []),
      ],
    },
    platform,
  );
}

function withoutScan({ name }: ByteSource): SlideError {
  const folder = `_${name.replace(/\.[^.]*$/, '')}_`;
  return new SlideError(
    'unsupported',
    name,
    `This is the index of an Olympus (Evident) VSI slide. Its scan, in .ets files in the folder ${folder} beside it, is missing.`,
    'Put the folder back beside the .vsi file, and open the folder that holds both.',
  );
}

/** None where the tags cannot be read: pixel sizes are unknown then. */
async function stacksOf(vsi: ByteSource, budget: ByteBudget): Promise<VsiStack[]> {
  if (vsi.size > maxTagBytes) return [];
  budget.spend(vsi.size, 'tags');
  return vsiStacks(vsiFields(await vsi.read(0, vsi.size), budget));
}

/** Masks and maps are no scans either. */
function roleOf(stack: VsiStack | undefined): string | null {
  if (stack === undefined) return null;
  const named = imageRole(stack.name);
  if (named !== null || stack.type === stackTypes.image) return named;
  return stack.type === stackTypes.overview
    ? 'overview'
    : stack.type === stackTypes.macro
      ? 'macro'
      : 'other';
}

const areaOf = ({ size }: Scan): number => size.width * size.height;

interface Picture {
  readonly levels: readonly TileGrid[];
  /** Of grey channels. */
  readonly channels: ChannelPicture | null;
  readonly properties: Readonly<Record<string, string>>;
  readonly notes: readonly string[];
}

function pictureOf({ file, stack, size }: Scan, name: string): Picture {
  const places = placesOf(file);
  const dimensions = places.map((_, i): VsiDimension | undefined => stack?.dimensions[i]);
  const least = places.map((values) => Math.min(...values));
  const notes = places.flatMap((values, i) =>
    values.size > 1 && !(dimensions[i] === 'C' && file.components === 1)
      ? [`It has ${values.size} ${planes[dimensions[i] ?? 'other']}; only the first is shown.`]
      : [],
  );
  checkTiles(file, size, name);
  let levels: readonly TileGrid[];
  let properties = {};
  let picture: ChannelPicture | null = null;
  if (file.components === 3) {
    levels = colourLevels(file, size, (others) => others.every((value, i) => value === least[i]));
  } else {
    if (places.some((values, i) => values.size > 1 && dimensions[i] === undefined)) {
      throw refuseVsi(name, 'It does not say which of its planes are channels.');
    }
    const channelAt = dimensions.indexOf('C');
    const numbers = [...(places[channelAt] ?? [0])].sort((a, b) => a - b);
    const channels = numbers.slice(0, maxSelectableChannels).map((number) => ({
      name: stack?.channels[number] ?? '',
      levels: greyLevels(file, size, (others) =>
        others.every((value, i) => value === (i === channelAt ? number : least[i])),
      ),
      colour: null,
      grey: numbers.length === 1,
      window: numbers.length === 1 && file.bits === 8 ? ([0, 255] as const) : null,
    }));
    if (channels.some((channel) => channel.levels.length === 0)) throw withoutTiles(name);
    const composite = compositeParts(compositeOf(channels, name), beyondNotes(numbers.length));
    ({ levels, picture } = composite);
    notes.push(...composite.notes);
    properties = numbers.length > 1 ? { Channels: composite.names } : {};
  }
  if (levels.length === 0) throw withoutTiles(name);
  return { levels, channels: picture, properties, notes };
}

const withoutTiles = (name: string): SlideError => refuseVsi(name, 'Its scan has no tiles at full size.');

const planes: Readonly<Record<VsiDimension, string>> = {
  Z: 'focal planes',
  T: 'times',
  C: 'channels',
  other: 'planes',
};

/** The values of each dimension between row and level. */
function placesOf({ tiles }: EtsFile): Set<number>[] {
  const places = tiles[0]!.others.map(() => new Set<number>());
  for (const { others } of tiles) for (const [i, value] of others.entries()) places[i]!.add(value);
  return places;
}

/** @throws SlideError where the image needs more tiles than a level may have. */
function checkTiles(file: EtsFile, size: Scan['size'], name: string): void {
  const columns = Math.ceil((file.left + size.width) / file.tileWidth);
  const rows = Math.ceil((file.top + size.height) / file.tileHeight);
  if (columns * rows > maxTiles) {
    throw new SlideError(
      'corrupt',
      name,
      `The file is damaged. Its scan claims ${size.width} by ${size.height} pixels.`,
      'Copy the slide again, with its folder.',
    );
  }
}

/** Pictures of the glass: scans of their own, or the first image of the TIFF. */
async function associatedOf(
  scans: readonly Scan[],
  vsi: ByteSource,
  budget: ByteBudget,
): Promise<{ readonly images: readonly AssociatedSource[]; readonly scans: readonly Scan[] }> {
  const images: AssociatedSource[] = [];
  const used: Scan[] = [];
  for (const scan of scans) {
    const { role, file, size } = scan;
    if (role === null || role === 'other' || file.components !== 3) continue;
    if (images.some(({ name }) => name === role) || areaOf(scan) > maxAssociatedPixels) continue;
    const least = placesOf(file).map((values) => Math.min(...values));
    const [grid] = colourLevels(file, size, (others) => others.every((value, i) => value === least[i]));
    if (grid === undefined) continue;
    used.push(scan);
    images.push(wholeGrid(role, grid, vsi.name));
  }
  if (!images.some(({ name }) => name === 'macro')) {
    const image = await unlessUnreadable(firstImage(vsi, budget));
    if (image !== null) images.push(associated('macro', image));
  }
  return { images, scans: used };
}

async function firstImage(vsi: ByteSource, budget: ByteBudget): Promise<TiffImage> {
  const tiff = await TiffFile.open(vsi, budget);
  return TiffImage.open(tiff, tiff.directories[0]!);
}
