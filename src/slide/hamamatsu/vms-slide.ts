/** Hamamatsu VMS slides: JPEG files side by side, and a smaller map of the whole, which a .vms file names. */
import { readExactly } from '../byte-source.ts';
import { encodedSize, type ImageSize } from '../encoded-image.ts';
import { gridSlide, type AssociatedSource } from '../grid-slide.ts';
import { readIni } from '../ini.ts';
import { completeJpeg, jpegFrame } from '../jpeg.ts';
import { ByteBudget, maxAssociatedPixels, maxSide, maxTileBytes } from '../limits.ts';
import { isSameShape } from '../pyramid.ts';
import { RestartJpeg } from '../restart-jpeg.ts';
import { SlideError, type ByteSource, type Slide, type SlidePlatform } from '../slide.ts';
import { gridMosaic, type MosaicOwner, type PlacedGrid } from '../tiff/grid-mosaic.ts';
import type { TileGrid } from '../tiff/tiff-slide.ts';
import { ScannedIntervals } from './restart-scan.ts';
import { vmsFileOf, type VmsFile } from './vms-file.ts';

/** Longest header of a JPEG file, bytes. */
const headerBytes = 64 * 1024;
/** Bytes of the table of rows for one row; the first eight are its offset. */
const rowBytes = 40;

/** @param sources the .vms file and those beside it. @throws SlideError */
export async function openVms(sources: readonly ByteSource[], platform: SlidePlatform): Promise<Slide> {
  const main = sources.find(({ name }) => /\.vm[su]$/i.test(name))!;
  const { name } = main;
  const vms = vmsFileOf(await readIni(main), name);
  const files = new Map(sources.map((source) => [source.name.toLowerCase(), source]));
  const pieces = vms.images.map((image) => fileOf(files, image, name));
  const map = vms.map === null ? null : fileOf(files, vms.map, name);
  const macro = vms.macro === null ? null : (files.get(vms.macro.toLowerCase()) ?? null);
  const table = vms.optimisation === null ? null : (files.get(vms.optimisation.toLowerCase()) ?? null);
  const used = [main, ...pieces, ...[map, macro, table].filter((one) => one !== null)];
  await Promise.allSettled(sources.filter((one) => !used.includes(one)).map(async (one) => one.close?.()));
  const owner: MosaicOwner = {
    source: main,
    budget: new ByteBudget(name),
    corrupt: (problem) => new SlideError('corrupt', name, problem, 'Copy all files of the slide again.'),
  };
  const rows = new RowTable(table === null ? null : await tableOf(table, owner));
  const images: RestartJpeg[] = [];
  for (const piece of pieces) images.push(await openJpeg(piece, rows, owner));
  const base = joined(images, vms, owner);
  const levels: TileGrid[] = [base];
  const notes: string[] = [];
  if (map !== null) {
    const image = await openJpeg(map, rows, owner);
    if (isSameShape(base, image) && image.width < base.width) levels.push(image);
    else notes.push('The slide’s map is of another shape than the slide and is not used.');
  }
  if (vms.focalPlanes > 1) notes.push(`The first of ${vms.focalPlanes} focal planes is shown.`);
  const macroSize = macro === null ? null : await sizeOf(macro);
  const side = (nanometres: number | null, pixels: number): number | null =>
    nanometres === null ? null : nanometres / 1000 / pixels;
  return gridSlide(
    used,
    {
      name,
      format: 'hamamatsu-vms',
      compression: 'JPEG',
      levels,
      associated: macro === null || macroSize === null ? [] : [macroOf(macro, macroSize)],
      mpp: {
        x: side(vms.physicalWidth, base.width),
        y: side(vms.physicalHeight, base.height),
        source: 'VMS PhysicalWidth',
      },
      magnification: vms.magnification,
      scanner: 'Hamamatsu',
      properties: vms.properties,
      notes,
    },
    platform,
  );
}

const macroOf = (source: ByteSource, size: ImageSize): AssociatedSource => ({
  name: 'macro',
  ...size,
  async whole(_platform, signal) {
    const bytes = await readExactly(source, 0, source.size, 'image', signal);
    return { kind: 'encoded', type: 'image/jpeg', bytes: completeJpeg(bytes, null, 'ycbcr') };
  },
});

/** @throws SlideError `not-found`. */
function fileOf(files: ReadonlyMap<string, ByteSource>, wanted: string, slide: string): ByteSource {
  const found = files.get(wanted.toLowerCase());
  if (found !== undefined) return found;
  throw new SlideError(
    'not-found',
    slide,
    `This is a Hamamatsu VMS slide whose file ${wanted} is missing.`,
    'Open the .vms file together with all files beside it, or the folder that holds them.',
  );
}

/** Where rows of all files start, one file after the other; read from front to back. */
class RowTable {
  readonly #offsets: Float64Array | null;
  #at = 0;

  constructor(offsets: Float64Array | null) {
    this.#offsets = offsets;
  }

  /** The next file's rows; null where the table ends before it. The last row of all is often missing. */
  take(rows: number): Float64Array | null {
    const own = this.#offsets?.slice(this.#at, this.#at + rows) ?? null;
    this.#at += rows;
    if (own === null || own.length === 0) return null;
    const hints = new Float64Array(rows);
    hints.set(own);
    return hints;
  }
}

async function tableOf(source: ByteSource, { budget }: MosaicOwner): Promise<Float64Array> {
  budget.spend(source.size, 'table of rows');
  const bytes = await source.read(0, source.size);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return Float64Array.from({ length: Math.floor(bytes.length / rowBytes) }, (_, i) =>
    Number(view.getBigInt64(i * rowBytes, true)),
  );
}

async function openJpeg(source: ByteSource, rows: RowTable, { budget }: MosaicOwner): Promise<RestartJpeg> {
  const head = await source.read(0, headerBytes);
  const frame = jpegFrame(head);
  if (frame === null || frame.dataAt >= head.length || frame.width === 0 || frame.height === 0) {
    throw new SlideError(
      'corrupt',
      source.name,
      'This file of a Hamamatsu VMS slide is not a JPEG image.',
      'Copy all files of the slide again.',
    );
  }
  const hints = rows.take(Math.ceil(frame.height / frame.mcuHeight));
  const intervals = ScannedIntervals.of(source, frame, hints, budget);
  const stream = { source, offset: 0, length: source.size, header: head.slice(0, frame.dataAt), frame };
  const image = RestartJpeg.of(stream, frame, intervals);
  if (typeof image !== 'string') return image;
  throw new SlideError(
    'unsupported',
    source.name,
    `This is a Hamamatsu VMS slide. ${image}`,
    'Convert it with vips: vips tiffsave slide.vms slide.tif --tile --pyramid --compression jpeg.',
  );
}

/** The pieces side by side. */
function joined(images: readonly RestartJpeg[], { columns, rows }: VmsFile, owner: MosaicOwner): TileGrid {
  const placed: PlacedGrid[] = [];
  let y = 0;
  for (let row = 0; row < rows; row++) {
    let x = 0;
    for (let column = 0; column < columns; column++) {
      const image = images[row * columns + column]!;
      if (image.width !== images[column]!.width || image.height !== images[row * columns]!.height)
        throw owner.corrupt('The sizes of its images do not fit together.');
      placed.push({ levels: [image], x, y });
      x += image.width;
    }
    y += images[row * columns]!.height;
    if (x > maxSide || y > maxSide) throw owner.corrupt('Its size is impossible.');
  }
  return images.length === 1 ? images[0]! : gridMosaic(placed, owner)[0]!;
}

/** Size of the macro; null for one that cannot be shown. */
async function sizeOf(source: ByteSource): Promise<ImageSize | null> {
  if (source.size > maxTileBytes) return null;
  const size = encodedSize(await source.read(0, headerBytes), 'image/jpeg');
  return size !== null && size.width * size.height <= maxAssociatedPixels ? size : null;
}
