/**
 * Ventana (Roche) BIF: a BigTIFF whose levels are camera tiles that overlap, side by side; XML in the first level says by how
 * much. Every camera tile is put where the mean overlap places it; a smaller level has the same tiles, reduced.
 */
import { positiveDecimal } from '../../base/decimal.ts';
import { attribute, nodesOf, parseXml, xmlCost, XmlError, type XmlNode } from '../../base/xml.ts';
import { imageRole } from '../image-role.ts';
import { maxTiles, maxXmlBytes } from '../limits.ts';
import { Mosaic, type MosaicPiece } from '../mosaic.ts';
import { payloadPixels } from '../payload-pixels.ts';
import { SlideError } from '../slide.ts';
import { withoutEmpty } from './generic-tiff.ts';
import { mosaicGrid, pieceBytes } from './grid-mosaic.ts';
import { tag } from './tags.ts';
import { TiffImage } from './tiff-image.ts';
import type { TiffDirectory } from './tiff-directory.ts';
import type { TiffFile } from './tiff-file.ts';
import { associated, type AssociatedSource, type TiffContents, type TileGrid } from './tiff-slide.ts';
import { unlessUnsupported } from './tiff-support.ts';

/** Directories that may hold the scanner's XML: label and thumbnail come before the levels. */
const firstDirectories = 4;
/** Smallest camera tile of a level that is offered, in pixels. */
const leastTilePx = 4;

/** Whether one of the first images has the scanner's XML. */
export async function isVentanaBif(file: TiffFile): Promise<boolean> {
  return (await scannerDirectory(file)) !== null;
}

async function scannerDirectory(file: TiffFile): Promise<TiffDirectory | null> {
  for (const directory of file.directories.slice(0, firstDirectories)) {
    if (/<iScan\b/.test(await directory.textStart(tag.xmp))) return directory;
  }
  return null;
}

/** @throws SlideError `unsupported`, `corrupt`. */
export async function ventanaBifContents(file: TiffFile): Promise<TiffContents> {
  const scanner = scanOf(await xmlOf(file, (await scannerDirectory(file))!));
  if ((Number(attribute(scanner, 'Z-layers')) || 1) > 1) {
    throw refuse(file, 'It has several focal planes, which are not supported.');
  }
  const levels: { readonly image: TiffImage; readonly magnification: number }[] = [];
  const images: AssociatedSource[] = [];
  for (const directory of file.directories) {
    const description = await directory.textStart(tag.imageDescription);
    const magnification = positiveDecimal(/\bmag=([\d.,]+)/.exec(description)?.[1]);
    if (/\blevel=\d/.test(description) && magnification !== null) {
      levels.push({ image: await TiffImage.open(file, directory), magnification });
      continue;
    }
    const image = await unlessUnsupported(TiffImage.open(file, directory));
    if (image === null) continue;
    // The picture of the whole glass is called label image.
    const role = imageRole(description.replaceAll('_', ' '));
    const name = role === 'label' ? 'macro' : (role ?? `image ${images.length + 1}`);
    if (!images.some((one) => one.name === name)) images.push(associated(name, image));
  }
  levels.sort((a, b) => b.magnification - a.magnification);
  const base = levels[0];
  if (base === undefined) throw refuse(file, 'It holds no scan, only pictures of the glass.');
  const stitch = stitchOf(await xmlOf(file, base.image.directory), base.image, file);
  const grids: TileGrid[] = [];
  for (const { image, magnification } of levels) {
    const scale = base.magnification / magnification;
    const isWhole = Math.abs(scale - Math.round(scale)) < 0.01;
    const isAlike = image.tileWidth === base.image.tileWidth && image.tileHeight === base.image.tileHeight;
    if (!isWhole || !isAlike || Math.min(image.tileWidth, image.tileHeight) / scale < leastTilePx) continue;
    grids.push(level(image, stitch, Math.round(scale), file));
  }
  const mpp = positiveDecimal(attribute(scanner, 'ScanRes'));
  return {
    format: 'ventana-bif',
    directory: base.image.directory,
    levels: grids,
    associated: images,
    mpp: mpp === null ? null : { x: mpp, y: mpp, source: 'Ventana ScanRes' },
    magnification: positiveDecimal(attribute(scanner, 'Magnification')),
    scanner: attribute(scanner, 'ScannerModel') || null,
    properties: withoutEmpty({
      ScannerModel: attribute(scanner, 'ScannerModel'),
      BuildVersion: attribute(scanner, 'BuildVersion'),
    }),
  };
}

function refuse(file: TiffFile, problem: string): SlideError {
  return new SlideError(
    'unsupported',
    file.source.name,
    `This is a Ventana BIF slide. ${problem}`,
    'Convert it to OME-TIFF, for example with QuPath or bfconvert.',
  );
}

async function xmlOf(file: TiffFile, directory: TiffDirectory): Promise<XmlNode> {
  const xml = await directory.text(tag.xmp, maxXmlBytes);
  file.budget.spend(xmlCost(xml), 'XML');
  try {
    return parseXml(xml, { removePrefixes: true });
  } catch (cause) {
    if (!(cause instanceof XmlError)) throw cause;
    throw file.corrupt(`Its XML cannot be read. ${cause.message}`);
  }
}

/** The scanner's element, which may be within a root of its own. */
function scanOf(root: XmlNode): XmlNode {
  return nodesOf(root.iScan)[0] ?? nodesOf(nodesOf(root.Metadata)[0]?.iScan)[0] ?? {};
}

/** How camera tiles are laid out: how far one is from the next in pixels, and which tiles were scanned. */
interface Stitch {
  readonly advanceX: number;
  readonly advanceY: number;
  readonly areas: readonly {
    readonly column: number;
    readonly row: number;
    readonly columns: number;
    readonly rows: number;
  }[];
}

function stitchOf(root: XmlNode, { tileWidth, tileHeight }: TiffImage, file: TiffFile): Stitch {
  const encode = nodesOf(root.EncodeInfo)[0] ?? {};
  const infos = nodesOf(nodesOf(encode.SlideStitchInfo)[0]?.ImageInfo);
  const holder = nodesOf(encode.AoiOrigin)[0] ?? {};
  const origins = Object.entries(holder)
    .filter(([name]) => /^AOI\d+$/.test(name))
    .flatMap(([name, value]) => nodesOf(value).map((node) => [Number(name.slice(3)), node] as const))
    .sort(([a], [b]) => a - b)
    .map(([, node]) => node);
  if (infos.length === 0 || infos.length !== origins.length) {
    throw refuse(file, 'It does not say how its camera tiles fit together.');
  }
  const across = new Mean();
  const down = new Mean();
  const areas = infos.flatMap((info, i) => {
    if (attribute(info, 'AOIScanned') === '0') return [];
    const [width, height, columns, rows] = ['Width', 'Height', 'NumCols', 'NumRows'].map((name) =>
      Number(attribute(info, name)),
    ) as [number, number, number, number];
    const column = Number(attribute(origins[i]!, 'OriginX')) / width;
    const row = Number(attribute(origins[i]!, 'OriginY')) / height;
    const isWhole = [column, row, columns, rows].every((value) => Number.isInteger(value) && value >= 0);
    if (!isWhole || width !== tileWidth || height !== tileHeight || columns * rows > maxTiles) {
      throw refuse(file, 'Its camera tiles are not those of its image.');
    }
    for (const joint of nodesOf(info.TileJointInfo)) {
      const weight = Number(attribute(joint, 'Confidence')) || 0;
      const direction = attribute(joint, 'Direction');
      if (direction === 'RIGHT' || direction === 'LEFT')
        across.add(Number(attribute(joint, 'OverlapX')), weight);
      else if (direction === 'UP' || direction === 'DOWN')
        down.add(Number(attribute(joint, 'OverlapY')), weight);
      else throw refuse(file, 'Its camera tiles are joined in a way that is not known.');
    }
    return [{ column, row, columns, rows }];
  });
  const advanceX = tileWidth - across.value;
  const advanceY = tileHeight - down.value;
  if (
    areas.length === 0 ||
    !(advanceX > 0 && advanceX <= 2 * tileWidth && advanceY > 0 && advanceY <= 2 * tileHeight)
  ) {
    throw refuse(file, 'It does not say how its camera tiles fit together.');
  }
  return { advanceX, advanceY, areas };
}

/** A weighted mean; 0 of nothing. */
class Mean {
  #sum = 0;
  #weight = 0;

  add(value: number, weight: number): void {
    this.#sum += value * weight;
    this.#weight += weight;
  }

  get value(): number {
    return this.#weight > 0 ? this.#sum / this.#weight : 0;
  }
}

/** A level, on whose image a TIFF tile holds `scale²` reduced camera tiles. */
function level(
  image: TiffImage,
  { advanceX, advanceY, areas }: Stitch,
  scale: number,
  file: TiffFile,
): TileGrid {
  const { tileWidth, tileHeight, columns } = image;
  const pieces: MosaicPiece[] = [];
  let width = 0;
  let height = 0;
  for (const area of areas) {
    file.budget.spend(area.columns * area.rows * pieceBytes, 'places of tiles');
    for (let row = area.row; row < area.row + area.rows; row++) {
      for (let column = area.column; column < area.column + area.columns; column++) {
        const across = Math.floor(column / scale);
        const down = Math.floor(row / scale);
        if (across >= columns || down >= image.rows) continue;
        const left = Math.round(((column % scale) * tileWidth) / scale);
        const top = Math.round(((row % scale) * tileHeight) / scale);
        const piece = {
          x: Math.round((column * advanceX) / scale),
          y: Math.round((row * advanceY) / scale),
          width: Math.round((((column % scale) + 1) * tileWidth) / scale) - left,
          height: Math.round((((row % scale) + 1) * tileHeight) / scale) - top,
          fromX: left,
          fromY: top,
          source: down * columns + across,
        };
        pieces.push(piece);
        width = Math.max(width, piece.x + piece.width);
        height = Math.max(height, piece.y + piece.height);
      }
    }
  }
  if (pieces.length === 0) throw refuse(file, 'Its camera tiles are not those of its image.');
  // Later camera tiles lie on top, as OpenSlide has them.
  const mosaic = new Mosaic({ width, height, tileWidth, tileHeight }, pieces.reverse());
  return mosaicGrid(mosaic, scale, async (source, platform, signal) => {
    const [column, row] = [source % columns, Math.floor(source / columns)];
    const payload = await image.tile(column, row, platform, signal);
    return payloadPixels(payload, platform, file.source.name, `tile ${column}, ${row}`, signal);
  });
}
