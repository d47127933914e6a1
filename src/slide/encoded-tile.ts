/**
 * Checks an encoded tile before a native decoder gets it. Decoders are lenient: they fill what is missing with grey or with
 * what came before, and browsers do not say so. A tile must have the size of its place and a complete, orderly stream.
 */
import { checkDecodable, encodedSize } from './encoded-image.ts';
import { jpegFrame } from './jpeg.ts';
import { maxTilePixels } from './limits.ts';
import type { EncodedImageType } from './slide.ts';

/** Where a tile's pixels go, in pixels. */
export interface TilePlace {
  /** Size of the tile in the grid. */
  readonly width: number;
  readonly height: number;
  /** The part of it that is inside the image. */
  readonly visibleWidth: number;
  readonly visibleHeight: number;
}

/** The place of a tile in a grid. */
export function tilePlace(
  grid: {
    readonly width: number;
    readonly height: number;
    readonly tileWidth: number;
    readonly tileHeight: number;
  },
  column: number,
  row: number,
): TilePlace {
  return {
    width: grid.tileWidth,
    height: grid.tileHeight,
    visibleWidth: Math.min(grid.tileWidth, grid.width - column * grid.tileWidth),
    visibleHeight: Math.min(grid.tileHeight, grid.height - row * grid.tileHeight),
  };
}

/** @throws Error with a sentence that says what is wrong. */
export function checkEncodedTile(bytes: Uint8Array, type: EncodedImageType, place: TilePlace): void {
  checkDecodable(bytes, type, maxTilePixels);
  checkTileSize(encodedSize(bytes, type)!, place);
  if (type === 'image/jpeg') checkJpegStream(bytes);
  if (type === 'image/webp') checkWebpLength(bytes);
}

/**
 * A smaller tile would leave a part of the slide white, a larger one is not what the file says. At the borders, tiles may be
 * cut to the image.
 * @throws Error
 */
export function checkTileSize(
  { width, height }: { readonly width: number; readonly height: number },
  place: TilePlace,
): void {
  const fits =
    width <= place.width &&
    height <= place.height &&
    width >= place.visibleWidth &&
    height >= place.visibleHeight;
  if (fits) return;
  throw new Error(`Its image has ${width} by ${height} pixels instead of ${place.width} by ${place.height}.`);
}

/**
 * Walks from marker to marker (ITU-T T.81, annex B): entropy-coded data holds only stuffed bytes and restart markers, in
 * order and as many as the frame needs, and the stream has an end.
 * @throws Error
 */
export function checkJpegStream(bytes: Uint8Array): void {
  const frame = jpegFrame(bytes);
  if (frame === null || frame.scanAt >= bytes.length) throw new Error('It has no scan.');
  if (frame.components === 4) throw new Error('Its colours are the four inks of print (CMYK).');
  let restarts = 0;
  let scans = 1;
  let at = bytes.indexOf(0xff, frame.dataAt);
  for (;;) {
    if (at < 0 || at + 1 >= bytes.length) throw new Error('Its image data ends early.');
    const marker = bytes[at + 1]!;
    if (marker === 0xd9) break;
    let next = at + 2;
    if (marker === 0xff) next = at + 1;
    else if (marker >= 0xd0 && marker <= 0xd7) {
      if (scans === 1 && marker !== 0xd0 + (restarts % 8)) throw new Error('A restart marker is missing.');
      restarts++;
    } else if (marker !== 0) {
      if (!mayFollowScan(marker)) throw new Error('Its image data is damaged.');
      if (marker === 0xda) scans++;
      next = at + 2 + ((bytes[at + 2]! << 8) | bytes[at + 3]!);
    }
    at = bytes.indexOf(0xff, next);
  }
  if (scans > 1) return;
  const { width, height, mcuWidth, mcuHeight, restartInterval, process, components } = frame;
  if (process > 1 || (components !== 1 && components !== 3)) return;
  const units = Math.ceil(width / mcuWidth) * Math.ceil(height / mcuHeight);
  const expected = restartInterval === 0 ? 0 : Math.ceil(units / restartInterval) - 1;
  // Some encoders end with a restart marker that nothing follows.
  if (restarts !== expected && restarts !== expected + 1) throw new Error('A restart marker is missing.');
}

/** Tables, a further scan, the number of lines, application segments, comments. */
const mayFollowScan = (marker: number): boolean =>
  marker === 0xc4 ||
  (marker >= 0xda && marker <= 0xdd) ||
  (marker >= 0xe0 && marker <= 0xef) ||
  marker === 0xfe;

/** The container says how long it is (WebP container specification). @throws Error */
function checkWebpLength(bytes: Uint8Array): void {
  const length = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(4, true);
  if (length + 8 > bytes.length) throw new Error('Its image data ends early.');
}
