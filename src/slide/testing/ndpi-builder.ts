/** Builds a small NDPI-like slide: one level, a JPEG whose restart intervals are located by Hamamatsu's tags. */
import sharp from 'sharp';
import { jpegFrame } from '../jpeg.ts';
import { buildTiff, type BuiltEntry } from './tiff-builder.ts';

/** @param rows restart intervals, each as wide as the level and 8 pixels high. */
export async function buildNdpi(width: number, rows: number): Promise<Uint8Array<ArrayBuffer>> {
  const strips: Uint8Array[] = [];
  for (let row = 0; row < rows; row++) {
    const pixels = Uint8Array.from({ length: width * 8 * 3 }, (_, i) => (i * 5 + row * 40) & 255);
    const strip = sharp(pixels, { raw: { width, height: 8, channels: 3 } });
    strips.push(
      new Uint8Array(await strip.jpeg({ chromaSubsampling: '4:4:4', optimiseCoding: false }).toBuffer()),
    );
  }
  const first = strips[0]!;
  const frame = jpegFrame(first)!;
  const header = first.slice(0, frame.dataAt);
  header[frame.frameAt + 5] = (rows * 8) >> 8;
  header[frame.frameAt + 6] = (rows * 8) & 255;
  const interval = width / 8;
  const stream: number[] = [
    ...header.subarray(0, 2),
    0xff,
    0xdd,
    0,
    4,
    interval >> 8,
    interval & 255,
    ...header.subarray(2),
  ];
  const starts: number[] = [];
  for (const [row, strip] of strips.entries()) {
    starts.push(stream.length);
    stream.push(
      ...strip.subarray(jpegFrame(strip)!.dataAt, strip.length - 2),
      0xff,
      row === rows - 1 ? 0xd9 : 0xd0 + (row % 8),
    );
  }
  const entries: BuiltEntry[] = [
    [256, 4, [width]],
    [257, 4, [rows * 8]],
    [258, 3, [8, 8, 8]],
    [259, 3, [7]],
    [262, 3, [6]],
    [273, 4, [8]],
    [277, 3, [3]],
    [278, 4, [rows * 8]],
    [279, 4, [stream.length]],
    [65420, 4, [1]],
    [65421, 4, [20]],
    [65426, 4, starts],
  ];
  return buildTiff([Uint8Array.from(stream)], entries).bytes;
}
