/**
 * Trestle: a TIFF of the program MedScan whose levels are camera tiles that overlap, side by side; the description says by how
 * much, level by level. Its resolution tags are µm per pixel, against their meaning.
 */
import { positiveDecimal } from '../../base/decimal.ts';
import { Mosaic, type MosaicPiece } from '../mosaic.ts';
import { payloadPixels } from '../payload-pixels.ts';
import type { Rgb } from '../rgba.ts';
import { withoutEmpty } from './generic-tiff.ts';
import { mosaicGrid, pieceBytes } from './grid-mosaic.ts';
import { tag } from './tags.ts';
import { TiffImage } from './tiff-image.ts';
import type { TiffDirectory } from './tiff-directory.ts';
import type { TiffFile } from './tiff-file.ts';
import type { TiffContents, TileGrid } from './tiff-slide.ts';

/** Sides of a level may differ by this share in shape. */
const shapeTolerance = 0.05;

/** Whether the scanner's program wrote the file: all of its images are tiled. */
export async function isTrestle(file: TiffFile): Promise<boolean> {
  if (!(await file.directories[0]!.text(tag.software)).startsWith('MedScan')) return false;
  return file.directories.every((directory) => directory.has(tag.tileWidth));
}

/** @throws SlideError `unsupported`, `corrupt`. */
export async function trestleContents(file: TiffFile): Promise<TiffContents> {
  const directory = file.directories[0]!;
  const facts = new Map(
    (await directory.text(tag.imageDescription)).split(';').map((pair) => {
      const equals = pair.indexOf('=');
      return [pair.slice(0, Math.max(0, equals)).trim(), pair.slice(equals + 1).trim()] as const;
    }),
  );
  const overlaps = (facts.get('OverlapsXY') ?? '').split(/\s+/, 2 * file.directories.length).map(Number);
  const background = parseInt(facts.get('Background Color') ?? 'FFFFFF', 16);
  const levels: TileGrid[] = [];
  let left = 0;
  for (const [i, one] of file.directories.entries()) {
    const image = await TiffImage.open(file, one);
    const [x = 0, y = 0] = overlaps.slice(2 * i, 2 * i + 2);
    const isWhole = [x, y].every((value) => Number.isInteger(value) && value >= 0);
    if (!isWhole || x >= image.tileWidth || y >= image.tileHeight)
      throw file.corrupt('The overlap of its tiles is impossible.');
    const level = x === 0 && y === 0 ? image : overlapping(image, x, y, rgbOf(background), file);
    if (isLevel(level, levels)) levels.push(level);
    else left++;
  }
  return {
    format: 'trestle',
    directory,
    levels,
    associated: [],
    mpp: micrometres(directory),
    magnification: positiveDecimal(facts.get('Objective Power')),
    scanner: null,
    properties: withoutEmpty({
      Software: await directory.text(tag.software),
      'Objective Power': facts.get('Objective Power') ?? '',
      OverlapsXY: facts.get('OverlapsXY') ?? '',
    }),
    notes:
      left === 0
        ? []
        : [
            `${left === 1 ? 'An image' : `${left} images`} of another shape than the slide ${left === 1 ? 'is' : 'are'} not shown.`,
          ],
  };
}

/** Whether an image has the slide's shape, up to what overlaps leave uncertain, and is smaller than the levels so far. */
function isLevel({ width, height }: TileGrid, levels: readonly TileGrid[]): boolean {
  const [base, last] = [levels[0], levels.at(-1)];
  if (base === undefined || last === undefined) return true;
  const shape = (width * base.height) / (height * base.width);
  return width < last.width && height <= last.height && Math.abs(shape - 1) < shapeTolerance;
}

const rgbOf = (colour: number): Rgb =>
  Number.isNaN(colour) ? [255, 255, 255] : [(colour >> 16) & 255, (colour >> 8) & 255, colour & 255];

function micrometres(directory: TiffDirectory): TiffContents['mpp'] {
  const [x, y] = [directory.number(tag.xResolution), directory.number(tag.yResolution)];
  return x === undefined || y === undefined ? null : { x, y, source: 'Trestle resolution' };
}

/** Where tiles overlap, the one further below, then further to the right lies on top, as OpenSlide has it. */
function overlapping(image: TiffImage, x: number, y: number, background: Rgb, file: TiffFile): TileGrid {
  const { columns, rows, tileWidth, tileHeight } = image;
  const width = image.width - (columns - 1) * x;
  const height = image.height - (rows - 1) * y;
  file.budget.spend(columns * rows * pieceBytes, 'places of tiles');
  const mosaic = new Mosaic({ width, height, tileWidth, tileHeight }, backwards(image, x, y), background);
  return mosaicGrid(mosaic, undefined, async (source, platform, signal) => {
    const [column, row] = [source % columns, Math.floor(source / columns)];
    const payload = await image.tile(column, row, platform, signal);
    return payloadPixels(payload, platform, file.source.name, `tile ${column}, ${row}`, signal);
  });
}

function* backwards(image: TiffImage, x: number, y: number): Generator<MosaicPiece> {
  const { columns, rows, tileWidth, tileHeight } = image;
  for (let source = columns * rows - 1; source >= 0; source--) {
    const [column, row] = [source % columns, Math.floor(source / columns)];
    yield {
      x: column * (tileWidth - x),
      y: row * (tileHeight - y),
      width: Math.min(tileWidth, image.width - column * tileWidth),
      height: Math.min(tileHeight, image.height - row * tileHeight),
      source,
    };
  }
}
