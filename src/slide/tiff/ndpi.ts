/**
 * Hamamatsu NDPI: a TIFF whose levels are single JPEG images, far too large to decode, with restart markers
 * and a table of the restart intervals' offsets (tags 65426, 65432).
 */
import { jpegFrame, type JpegFrame } from '../jpeg.ts';
import { maxProperties, maxSide } from '../limits.ts';
import { RestartJpeg, type RestartIntervals } from '../restart-jpeg.ts';
import { SlideError, type SlideMpp } from '../slide.ts';
import { withoutEmpty } from './generic-tiff.ts';
import { resolutionMpp } from './resolution.ts';
import { compression, ndpiTag as ndpi, tag } from './tags.ts';
import { TiffImage } from './tiff-image.ts';
import type { TiffDirectory } from './tiff-directory.ts';
import type { TiffFile } from './tiff-file.ts';
import { associated, type AssociatedSource, type TiffContents, type TileGrid } from './tiff-slide.ts';

/** Largest JPEG header of a level, in bytes. */
const headerBytes = 64 * 1024;

/** Whether the first directory carries Hamamatsu's tag. */
export function isNdpi(file: TiffFile): boolean {
  return file.directories[0]!.has(ndpi.marker);
}

/** @throws SlideError `unsupported`, `corrupt`, `truncated`. */
export async function ndpiContents(file: TiffFile): Promise<TiffContents> {
  const first = file.directories[0]!;
  const levels: TileGrid[] = [];
  const images: AssociatedSource[] = [];
  for (const directory of file.directories) {
    const lens = directory.number(ndpi.sourceLens) ?? 0;
    if (lens > 0 && (directory.number(ndpi.zOffset) ?? 0) === 0) {
      const width = directory.number(tag.imageWidth) ?? 0;
      if (levels.length === 0 || width < levels.at(-1)!.width) levels.push(await ndpiLevel(file, directory));
    } else if (lens < 0) {
      const name = lens === -1 ? 'macro' : lens === -2 ? 'map' : `image ${images.length + 1}`;
      const image = await TiffImage.open(file, directory);
      if (!images.some((one) => one.name === name)) {
        images.push(associated(name, image));
      }
    }
  }
  const mpp: SlideMpp | null = resolutionMpp(first);
  const make = [await first.text(tag.make), await first.text(tag.model)].filter(Boolean).join(' ');
  const lens = first.number(ndpi.sourceLens) ?? 0;
  return {
    format: 'hamamatsu-ndpi',
    directory: first,
    levels,
    associated: images,
    mpp: mpp === null ? null : { ...mpp, source: 'NDPI resolution' },
    magnification: lens > 0 ? lens : null,
    scanner: make === '' ? null : make,
    properties: withoutEmpty({
      Software: await first.text(tag.software),
      DateTime: await first.text(tag.dateTime),
      XOffsetFromSlideCentre: String(first.number(ndpi.xOffset) ?? ''),
      YOffsetFromSlideCentre: String(first.number(ndpi.yOffset) ?? ''),
      ...keyValueLines(await first.text(ndpi.properties)),
    }),
  };
}

function keyValueLines(text: string): Record<string, string> {
  const properties: Record<string, string> = {};
  // What a scanner adds later has lines that end in CR and begin with a semicolon.
  for (const line of text.split(/\r\n|\n|\r/, maxProperties)) {
    const equals = line.indexOf('=');
    const key = line.slice(0, Math.max(0, equals)).trim().replace(/^;/, '');
    if (key !== '') properties[key] = line.slice(equals + 1).trim();
  }
  return properties;
}

/** A level, by its own table of restart intervals. @throws SlideError `unsupported`, `corrupt`. */
async function ndpiLevel(file: TiffFile, directory: TiffDirectory): Promise<TileGrid> {
  const refuse = (problem: string): SlideError =>
    new SlideError(
      'unsupported',
      file.source.name,
      problem,
      'Convert it to a pyramidal TIFF, for example with NDPITools or vips.',
    );
  const scheme = directory.number(tag.compression);
  if (scheme !== compression.jpeg) throw refuse(`Its compression (TIFF code ${scheme}) is not supported.`);
  const width = directory.number(tag.imageWidth) ?? 0;
  const height = directory.number(tag.imageLength) ?? 0;
  const offset = file.near(directory.number(tag.stripOffsets) ?? 0, directory.offset);
  const length = directory.number(tag.stripByteCounts) ?? 0;
  if (![width, height].every((side) => Number.isInteger(side) && side > 0 && side < maxSide)) {
    throw file.corrupt(`A level claims ${width} by ${height} pixels.`);
  }
  if (offset + 4 > file.source.size) throw file.corrupt('A level is past the end of the file.');
  const head = await file.source.read(offset, Math.min(headerBytes, Math.max(length, 4)));
  const frame = jpegFrame(head);
  if (frame === null || frame.dataAt >= head.length) throw file.corrupt('A level is not a JPEG image.');
  const stream = { source: file.source, offset, length, header: head.slice(0, frame.dataAt), frame };
  const intervals = await readIntervals(directory, frame, width, height, length);
  const level = RestartJpeg.of(stream, { width, height }, intervals);
  if (typeof level === 'string') throw refuse(level);
  return level;
}

/** The table of restart intervals; null where it is absent or does not match the image. */
async function readIntervals(
  directory: TiffDirectory,
  frame: JpegFrame,
  width: number,
  height: number,
  length: number,
): Promise<RestartIntervals | null> {
  const { mcuWidth, mcuHeight, restartInterval } = frame;
  const across = Math.ceil(width / mcuWidth);
  const down = Math.ceil(height / mcuHeight);
  if (restartInterval === 0 || across % restartInterval !== 0) return null;
  const columns = across / restartInterval;
  const low = await directory.numbers(ndpi.mcuStarts);
  if (low.length !== columns * down) return null;
  const high = await directory.numbers(ndpi.mcuStartsHigh);
  const starts = high.length === low.length ? low.map((value, i) => value + high[i]! * 2 ** 32) : low;
  return {
    width: restartInterval * mcuWidth,
    height: mcuHeight,
    columns,
    rows: down,
    offsets: (row) => {
      const next = (row + 1) * columns;
      if (next < starts.length) return starts.subarray(next - columns, next + 1);
      return Float64Array.of(...starts.subarray(next - columns, next), length);
    },
  };
}
