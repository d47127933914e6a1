/** OME-Zarr images (versions 0.1 to 0.5, Zarr 2 and 3) in a folder or on a server, as slides. */
import { believableMpp } from '../../base/resolution.ts';
import { beyondNotes, compositeParts, withChannels } from '../channels/channel-slide.ts';
import { compositeOf } from '../channels/composite.ts';
import type { GreyChannel } from '../channels/grey-channel.ts';
import type { FileFolder } from '../file-folder.ts';
import { textRevision } from '../fingerprint.ts';
import { ByteBudget, maxTilePixels, maxTiles } from '../limits.ts';
import { pyramidOf, slideLevels, type LevelScale } from '../pyramid.ts';
import { SlideError, type Slide, type SlideMetadata, type SlidePlatform } from '../slide.ts';
import { sampledValues } from './revision.ts';
import { chunkCache, ChunkReader } from './chunk-reader.ts';
import { channelsOf, chunkAt, greyGrid, stackNotes } from './channel-planes.ts';
import { imageGroup, labelNotes, noImage, withBioformats, type Group } from './image-group.ts';
import { pixelSizeOf, type OmePyramid } from './ome-metadata.ts';

/**
 * Opens the image in a folder, or the first of several. The slide closes the folder.
 * @throws SlideError `not-found` (no metadata, no chunks), `unsupported` (plates, masks, types of values), `corrupt`, and
 * those of the folder.
 */
export async function openZarr(
  folder: FileFolder,
  platform: SlidePlatform,
  fileSize: number,
): Promise<Slide> {
  const budget = new ByteBudget(folder.name);
  const { group, notes } = await imageGroup(folder, budget);
  if (group.ome.kind !== 'pyramid') throw noImage(folder);
  const { pyramid } = group.ome;
  const levels = await levelsOf(folder, group, pyramid, budget);
  const base = levels[0]!;
  const { channels, count } = channelsOf(pyramid, base.reader);
  await checkChunks(folder, levels, pyramid);
  const picture = compositeOf(
    channels.map(({ number, ...channel }): GreyChannel => ({
      ...channel,
      levels: levels.map(({ reader, scale }) => ({ image: greyGrid(reader, scale, pyramid, number), scale })),
    })),
    folder.name,
  );
  const { levels: grids, names, notes: left } = compositeParts(picture, beyondNotes(count));
  const fingerprint = await textRevision(group.text);
  const metadata: SlideMetadata = {
    name: folder.name,
    format: 'ome-zarr',
    compression: base.reader.description.compression || 'uncompressed',
    width: grids[0]!.width,
    height: grids[0]!.height,
    levels: slideLevels(grids),
    mpp: believableMpp(pixelSizeOf(pyramid)),
    magnification: null,
    associated: [],
    scanner: null,
    icc: null,
    fileSize,
    fingerprint,
    revision: await textRevision(group.text + (await sampledValues(levels, pyramid, channels.length))),
    properties: {
      ...(pyramid.name === '' ? {} : { Name: pyramid.name }),
      'OME-Zarr version': pyramid.version || (group.version === 3 ? '0.5' : '0.4'),
      ...(base.reader.description.shard === null
        ? {}
        : { Shards: base.reader.description.shard.join(' × ') }),
      ...(count > 1 && !picture.isBrightfield ? { Channels: names } : {}),
    },
  };
  const all = [...notes, ...left, ...stackNotes(pyramid, base.reader), ...(await labelNotes(folder, group))];
  if (levels.length < pyramid.levels.length) {
    const count = pyramid.levels.length - levels.length;
    all.push(
      `${count === 1 ? 'A level' : `${count} levels`} of another shape than the slide ${count === 1 ? 'is' : 'are'} not used.`,
    );
  }
  const slide: Slide = {
    metadata: { ...metadata, ...(all.length === 0 ? {} : { notes: all }) },
    async tile(level, column, row, signal) {
      const grid = grids[level];
      if (grid === undefined || !(column >= 0 && row >= 0 && column < grid.columns && row < grid.rows)) {
        throw new RangeError(`${folder.name} has no tile ${column}, ${row} at level ${level}.`);
      }
      return grid.tile(column, row, platform, signal);
    },
    associatedImage: (wanted) =>
      Promise.reject(new RangeError(`${folder.name} has no associated image "${wanted}".`)),
    iccProfile: () => Promise.resolve(null),
    close: () => folder.close(),
  };
  return withChannels(slide, picture, platform);
}

interface ZarrLevel {
  readonly reader: ChunkReader;
  readonly scale: LevelScale;
}

async function levelsOf(
  folder: FileFolder,
  group: Group,
  pyramid: OmePyramid,
  budget: ByteBudget,
): Promise<ZarrLevel[]> {
  const cache = chunkCache();
  const { x, y } = pyramid.axes;
  const candidates = [];
  for (const { path, scale } of pyramid.levels) {
    const at = group.path === '' ? path : `${group.path}/${path}`;
    const reader = await ChunkReader.open(folder, at, group.version, cache);
    const { shape, chunk, bits } = reader.description;
    const [width = 0, height = 0, tileWidth = 1, tileHeight = 1] = [shape[x], shape[y], chunk[x], chunk[y]];
    const tiles = Math.ceil(width / tileWidth) * Math.ceil(height / tileHeight);
    if (shape.length !== pyramid.dimensions || tileWidth * tileHeight > maxTilePixels || tiles > maxTiles) {
      throw new SlideError(
        'unsupported',
        folder.name,
        `Its array ${path} of ${shape.join(' × ')} values in chunks of ${chunk.join(' × ')} does not fit what it says of itself.`,
        withBioformats,
      );
    }
    // Of the index of a shard.
    budget.spend(tiles * 16, 'chunks');
    candidates.push({ reader, bits, width, height, tileWidth, tileHeight, tiled: true, spacing: scale });
  }
  const base = candidates[0]!;
  const channelCount = (one: typeof base): number => one.reader.description.shape[pyramid.axes.c] ?? 1;
  const alike = candidates
    .slice(1)
    .filter((one) => one.bits === base.bits && channelCount(one) === channelCount(base));
  return pyramidOf(base, alike).levels.map(({ image, scale }) => ({ reader: image.reader, scale }));
}

/** An image none of whose chunks exist would be a black slide. One amid each level is looked for, the smallest first. */
async function checkChunks(
  folder: FileFolder,
  levels: readonly ZarrLevel[],
  pyramid: OmePyramid,
): Promise<void> {
  for (const { reader } of levels.toReversed()) {
    const { shape, chunk } = reader.description;
    const middle = (axis: number): number => Math.floor(shape[axis]! / 2 / chunk[axis]!);
    const { x, y } = pyramid.axes;
    if (await reader.exists(chunkAt(pyramid, reader, 0, middle(x), middle(y)))) return;
  }
  throw new SlideError(
    'not-found',
    folder.name,
    'The description of this OME-Zarr image is here, and none of its chunks that were looked for.',
    'Check that the folder was copied as a whole.',
  );
}
