/**
 * A small picture of a whole slide without small levels, for finding its tissue: from some of its tiles where there are
 * many. The same slide gives the same picture on every machine, since plans depend on it.
 */
import { MeanImage, type Placement } from './mean-image.ts';
import { shrinkOf, shrunk } from './shrink.ts';
import { SlideError, type ImageDecoder, type RgbaImage, type Slide } from './slide.ts';
import { overviewSize } from './view-levels.ts';
import { reducedTile } from './view-pyramid.ts';

export interface SlidePicture extends RgbaImage {
  /** Tiles that were read, of all that the slide has. */
  readonly read: number;
  readonly total: number;
  /** Level-0 pixels between tiles that were read; 0 if all were. */
  readonly gap: number;
}

/** Most tiles to read: some ten seconds for JPEG. */
const mostTiles = 16_384;
/** Tiles read at the same time. */
const concurrentTiles = 8;
/** Colour of tiles that can't be read: dark grey, which counts as tissue. */
const unread = [100, 100, 100] as const;
const white = [255, 255, 255] as const;

/**
 * The whole slide on a square of `sizePx` pixels, from its top left; white beyond its shorter side. A tile that was not
 * read has the mean colour of the nearest one that was.
 * @param maxTiles most tiles to read.
 * @returns null for a slide that has a small level.
 * @throws SlideError when the slide as a whole can't be read; an AbortError.
 */
export async function readPicture(
  slide: Slide,
  decoder: ImageDecoder,
  sizePx: number,
  signal?: AbortSignal,
  maxTiles = mostTiles,
): Promise<SlidePicture | null> {
  const size = overviewSize(slide.metadata.levels);
  const level = size === null ? undefined : slide.metadata.levels[size.from];
  if (size === null || level === undefined) return null;
  const { tileWidth, tileHeight } = level;
  const columns = Math.ceil(level.width / tileWidth);
  const rows = Math.ceil(level.height / tileHeight);
  let stride = 1;
  while (Math.ceil(columns / stride) * Math.ceil(rows / stride) > maxTiles) stride *= 2;
  const across = Math.ceil(columns / stride);
  const count = across * Math.ceil(rows / stride);
  const shrink = shrinkOf(tileWidth, tileHeight, size.factor);
  const image = new MeanImage(size.width, size.height, size.factor / shrink);
  for (let first = 0; first < count; first += concurrentTiles) {
    const places = Array.from({ length: Math.min(concurrentTiles, count - first) }, (_, k) => {
      const [i, j] = [(first + k) % across, Math.floor((first + k) / across)];
      const column = Math.min(columns - 1, i * stride + (stride >> 1));
      return { i, j, column, row: Math.min(rows - 1, j * stride + (stride >> 1)) };
    });
    const tiles = await Promise.all(
      places.map(({ column, row }) =>
        reducedTile(slide, decoder, { level: size.from, column, row }, shrink, signal),
      ),
    );
    // In order: sums are rounded.
    for (const [k, { i, j, column, row }] of places.entries()) {
      const tile = tiles[k] ?? 'missing';
      const place: Placement = {
        left: (column * tileWidth) / shrink,
        top: (row * tileHeight) / shrink,
        width: shrunk(Math.min(tileWidth, level.width - column * tileWidth), shrink),
        height: shrunk(Math.min(tileHeight, level.height - row * tileHeight), shrink),
      };
      if (tile instanceof SlideError) image.addColour(unread, place);
      else if (tile === 'missing') image.addColour(white, place);
      else image.add(tile, place);
      if (stride === 1) continue;
      const colour = tile instanceof SlideError ? unread : tile === 'missing' ? white : meanOf(tile, place);
      const edge = (tiles: number, side: number): number => Math.round((tiles * stride * side) / size.factor);
      image.guess(
        colour,
        edge(i, tileWidth),
        edge(j, tileHeight),
        edge(i + 1, tileWidth),
        edge(j + 1, tileHeight),
      );
    }
  }
  const whole = image.cut(0, 0, size.width, size.height);
  const gap = stride === 1 ? 0 : stride * level.downsample * Math.max(tileWidth, tileHeight);
  return { ...onSquare(whole, sizePx), read: count, total: columns * rows, gap };
}

function onSquare(image: RgbaImage, sizePx: number): RgbaImage {
  const { width, height } = image;
  const data = new Uint8ClampedArray(sizePx * sizePx * 4).fill(255);
  const ratio = Math.max(width, height) / sizePx;
  for (let y = 0; y < Math.min(sizePx, Math.ceil(height / ratio)); y++) {
    for (let x = 0; x < Math.min(sizePx, Math.ceil(width / ratio)); x++) {
      data.set(meanIn(image, x * ratio, y * ratio, ratio), (y * sizePx + x) * 4);
    }
  }
  return { width: sizePx, height: sizePx, data };
}

/** The mean of whole pixels about a square, at least one. */
function meanIn(image: RgbaImage, left: number, top: number, side: number): readonly number[] {
  const x0 = Math.min(image.width - 1, Math.floor(left));
  const y0 = Math.min(image.height - 1, Math.floor(top));
  return boxMean(
    image,
    [x0, Math.min(image.width, Math.max(x0 + 1, Math.floor(left + side)))],
    [y0, Math.min(image.height, Math.max(y0 + 1, Math.floor(top + side)))],
  );
}

function meanOf(tile: RgbaImage, { width, height }: Placement): readonly [number, number, number] {
  const [red = 0, green = 0, blue = 0] = boxMean(
    tile,
    [0, Math.min(width, tile.width)],
    [0, Math.min(height, tile.height)],
  );
  return [red, green, blue];
}

function boxMean(
  { data, width }: RgbaImage,
  [x0, x1]: readonly [number, number],
  [y0, y1]: readonly [number, number],
): number[] {
  const sums = [0, 0, 0, 0];
  for (let y = y0; y < y1; y++) {
    for (let x = x0; x < x1; x++) {
      for (let c = 0; c < 4; c++) sums[c]! += data[(y * width + x) * 4 + c]!;
    }
  }
  return sums.map((sum) => sum / ((x1 - x0) * (y1 - y0)));
}
