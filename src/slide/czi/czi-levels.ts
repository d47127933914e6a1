/** Levels of a CZI slide as grids of tiles: subblocks decoded once and put together. */
import { abortReason } from '../../base/abort.ts';
import { LeastRecentlyUsed } from '../../base/lru.ts';
import { SharedTasks } from '../../base/shared-tasks.ts';
import { brokenTile } from '../broken-tile.ts';
import type { GreyChannel } from '../channels/grey-channel.ts';
import { greyMosaic } from '../grey-mosaic.ts';
import type { TileGrid } from '../grid-slide.ts';
import { maxTilePixels, maxTiles } from '../limits.ts';
import { Mosaic } from '../mosaic.ts';
import type { Samples } from '../sample-codec/samples.ts';
import { SlideError, type RgbaImage, type SlidePlatform } from '../slide.ts';
import type { CziFile } from './czi-file.ts';
import type { CziLayer, PlacedSubblock } from './pyramid-layers.ts';
import { reduced } from './reduce-samples.ts';
import { pixelTypes, subblockSamples, toRgba } from './subblock-pixels.ts';

/** Sides of a tile in pixels: those of most subblocks within these limits. Cameras have larger ones. */
const tileSides = { least: 128, most: 1024 };
/** Bytes of decoded subblocks that several tiles need, per slide. */
const cacheBytes = 128 * 1024 * 1024;
/** Memory of a placed subblock, about. */
const placedBytes = 300;

type Picture = Samples | RgbaImage;

/** The decoded subblocks of a slide, shared by its levels. */
export class SubblockReader {
  readonly #file: CziFile;
  readonly #kept = new LeastRecentlyUsed<PlacedSubblock, Picture>(cacheBytes, ({ data }) => data.byteLength);
  readonly #tasks = new SharedTasks<PlacedSubblock, Picture>();

  constructor(file: CziFile) {
    this.#file = file;
  }

  /**
   * @param isShared whether other tiles need it too.
   * @throws SlideError `broken-tile`; an AbortError.
   */
  async read(
    placed: PlacedSubblock,
    isShared: boolean,
    platform: SlidePlatform,
    signal?: AbortSignal,
  ): Promise<Picture> {
    const known = this.#kept.get(placed);
    if (known !== undefined) return known;
    return this.#tasks.run(placed, signal, async (shared) => {
      const picture = await this.#decode(placed, platform, shared);
      if (isShared) this.#kept.set(placed, picture);
      return picture;
    });
  }

  async #decode(
    { subblock, reducedTo }: PlacedSubblock,
    platform: SlidePlatform,
    signal: AbortSignal,
  ): Promise<Picture> {
    const { storedWidth: width, storedHeight: height, pixelType, compression } = subblock;
    const where = `picture at ${subblock.x}, ${subblock.y}`;
    try {
      const bytes = await this.#file.data(subblock, signal);
      const shape = { width, height, compression, type: pixelTypes.get(pixelType)! };
      const samples = await subblockSamples(bytes, shape, platform, signal);
      // Colours become 8 bits once, not for every tile.
      const picture = shape.type.components === 3 ? toRgba(samples) : samples;
      return reducedTo === undefined ? picture : reduced(picture, reducedTo);
    } catch (cause) {
      if (signal.aborted) throw abortReason(signal);
      // A damaged segment spoils its tile only; a file that is gone or changed, all of them.
      const isOwn = cause instanceof SlideError && cause.code !== 'corrupt' && cause.code !== 'truncated';
      if (isOwn) throw cause;
      const problem = cause instanceof SlideError ? cause.problem : 'Its image data is damaged.';
      throw brokenTile(this.#file.source.name, where, problem, cause);
    }
  }
}

/** The mosaics of a channel, one per layer. @throws SlideError `unsupported`, `corrupt`. */
function mosaicsOf(layers: readonly CziLayer[], channel: number, file: CziFile): PlacedMosaic[] {
  return layers.map((layer) => {
    // Of all channels, so that their tiles are alike.
    const any = [...layer.placed.values()].flat();
    const tileWidth = tileSide(any.map(({ subblock }) => subblock.storedWidth));
    const tileHeight = tileSide(any.map(({ subblock }) => subblock.storedHeight));
    const { width, height, downsample } = layer;
    if (Math.ceil(width / tileWidth) * Math.ceil(height / tileHeight) > maxTiles) {
      throw file.corrupt(`Its pictures are spread over ${width} by ${height} pixels.`);
    }
    const placed = layer.placed.get(channel) ?? [];
    let touched = 0;
    const pieces = placed.map(({ subblock, x, y, reducedTo }, source) => {
      const { width, height } = reducedTo ?? { width: subblock.storedWidth, height: subblock.storedHeight };
      touched += (Math.ceil(width / tileWidth) + 1) * (Math.ceil(height / tileHeight) + 1);
      return { x, y, width, height, source };
    });
    file.budget.spend(placed.length * placedBytes + touched * 8, 'places of pictures');
    // In a mosaic, earlier pieces are on top.
    const mosaic = new Mosaic({ width, height, tileWidth, tileHeight }, pieces.reverse());
    const isShared = ({ x, y, width, height }: (typeof pieces)[number]): boolean =>
      Math.floor(x / tileWidth) !== Math.floor((x + width - 1) / tileWidth) ||
      Math.floor(y / tileHeight) !== Math.floor((y + height - 1) / tileHeight);
    const shared = new Set(pieces.filter(isShared).map(({ source }) => source));
    return { mosaic, downsample, placed, shared };
  });
}

interface PlacedMosaic {
  readonly mosaic: Mosaic;
  readonly downsample: number;
  /** By the sources of the mosaic. */
  readonly placed: readonly PlacedSubblock[];
  /** Sources that several tiles touch. */
  readonly shared: ReadonlySet<number>;
}

/** The side of most subblocks. */
function tileSide(sides: readonly number[]): number {
  const counts = new Map<number, number>();
  for (const side of sides) counts.set(side, (counts.get(side) ?? 0) + 1);
  const [side] = [...counts].reduce((best, one) => (one[1] > best[1] ? one : best), [tileSides.most, 0]);
  return Math.min(tileSides.most, Math.max(tileSides.least, side));
}

/** The levels of a channel of colours, or of a grey one that is shown as it is. */
export function pictureLevels(
  layers: readonly CziLayer[],
  channel: number,
  file: CziFile,
  reader: SubblockReader,
): TileGrid[] {
  return mosaicsOf(layers, channel, file).map(({ mosaic, downsample, placed, shared }) => {
    const { width, height, tileWidth, tileHeight, columns, rows } = mosaic;
    return {
      ...{ width, height, tileWidth, tileHeight, columns, rows, downsample },
      async tile(column, row, platform, signal) {
        const image = await mosaic.tile(column, row, async (source) =>
          toRgba(await reader.read(placed[source]!, shared.has(source), platform, signal)),
        );
        return image === null ? { kind: 'missing' } : { kind: 'pixels', image };
      },
    };
  });
}

/** The levels of a grey channel, with its values. */
export function greyLevels(
  layers: readonly CziLayer[],
  channel: number,
  bits: 8 | 16,
  file: CziFile,
  reader: SubblockReader,
): GreyChannel['levels'] {
  return mosaicsOf(layers, channel, file).map(({ mosaic, downsample, placed, shared }) => ({
    image: greyMosaic(mosaic, bits, (source, platform, signal) =>
      reader.read(placed[source]!, shared.has(source), platform, signal),
    ),
    scale: { width: mosaic.width, height: mosaic.height, downsample },
  }));
}

/** @throws SlideError `unsupported` for subblocks that are too large to decode, before any is. */
export function checkSubblocks(layers: readonly CziLayer[], file: CziFile): void {
  for (const { placed } of layers) {
    for (const { subblock } of [...placed.values()].flat()) {
      const { storedWidth, storedHeight } = subblock;
      if (storedWidth * storedHeight <= maxTilePixels) continue;
      throw file.unsupported(
        `It has a picture of ${storedWidth} by ${storedHeight} pixels in one piece, which is too large.`,
        'Export it as CZI in tiles from ZEN, or convert it to a pyramidal OME-TIFF with QuPath.',
      );
    }
  }
}
