/** Tiles of an ETS file: decoded, or encoded for a native decoder. */
import { abortReason } from '../../base/abort.ts';
import { brokenTile } from '../broken-tile.ts';
import { readExactly } from '../byte-source.ts';
import { checkEncodedTile } from '../encoded-tile.ts';
import { completeJpeg } from '../jpeg.ts';
import { maxTileBytes } from '../limits.ts';
import { payloadPixels } from '../payload-pixels.ts';
import { SlideError, type RgbaImage, type SlidePlatform, type TilePayload } from '../slide.ts';
import type { EtsFile, EtsTile } from './ets-file.ts';

/** A tile of colours. @throws SlideError `broken-tile`; an AbortError. */
export function colourTile(
  file: EtsFile,
  tile: EtsTile,
  platform: SlidePlatform,
  signal?: AbortSignal,
): Promise<TilePayload> {
  return guarded(file, tile, signal, async (bytes) => {
    if (file.compression === 'none') return { kind: 'pixels', image: rawColours(bytes, file) };
    if (file.compression === 'JPEG 2000') {
      const image = await platform.jpeg2000(bytes, 'rgb', signal);
      checkSize(image, file);
      return { kind: 'pixels', image };
    }
    return encoded(bytes, file);
  });
}

/** A tile of grey values, `tileWidth × tileHeight`. @throws SlideError `broken-tile`; an AbortError. */
export function greyTile(
  file: EtsFile,
  tile: EtsTile,
  platform: SlidePlatform,
  signal?: AbortSignal,
): Promise<Uint8Array | Uint16Array> {
  return guarded(file, tile, signal, async (bytes) => {
    const { bits, tileWidth, tileHeight } = file;
    const size = (tileWidth * tileHeight * bits) / 8;
    if (file.compression === 'none') {
      if (bytes.length < size) throw new Error('It has too little data.');
      const { buffer } = bytes.slice(0, size);
      return bits === 8 ? new Uint8Array(buffer) : new Uint16Array(buffer);
    }
    if (file.compression === 'JPEG 2000') {
      const samples = await platform.samples(bytes, 'jpeg2000', signal);
      checkSize(samples, file);
      if (samples.components !== 1 || samples.bits > bits || samples.bits <= bits - 8) {
        throw new Error(`It has ${samples.components} × ${samples.bits} bits instead of ${bits}.`);
      }
      return samples.data;
    }
    if (bits !== 8) throw new Error(`Its ${file.compression} cannot hold ${bits} bits.`);
    const image = await payloadPixels(encoded(bytes, file), platform, file.source.name, 'tile', signal);
    const values = new Uint8Array(tileWidth * tileHeight);
    for (let i = 0; i < values.length; i++) values[i] = image!.data[4 * i]!;
    return values;
  });
}

async function guarded<T>(
  file: EtsFile,
  { level, column, row, at, length }: EtsTile,
  signal: AbortSignal | undefined,
  decode: (bytes: Uint8Array<ArrayBuffer>) => Promise<T>,
): Promise<T> {
  const { source } = file;
  const where = `tile ${column}, ${row} of level ${level}`;
  try {
    if (length > maxTileBytes) throw new Error('It is too long.');
    return await decode(await readExactly(source, at, length, where, signal));
  } catch (cause) {
    if (signal?.aborted) throw abortReason(signal);
    // The end of the file within a tile spoils that tile only.
    if (cause instanceof SlideError && cause.code !== 'truncated') throw cause;
    const problem = cause instanceof SlideError ? cause.problem : 'Its data is damaged.';
    throw brokenTile(source.name, where, problem, cause);
  }
}

function encoded(bytes: Uint8Array<ArrayBuffer>, file: EtsFile): TilePayload {
  const type = file.compression === 'PNG' ? 'image/png' : 'image/jpeg';
  const whole = type === 'image/png' ? bytes : completeJpeg(bytes, null, 'ycbcr');
  const { tileWidth: width, tileHeight: height } = file;
  checkEncodedTile(whole, type, { width, height, visibleWidth: width, visibleHeight: height });
  return { kind: 'encoded', type, bytes: whole };
}

function checkSize(
  { width, height }: { readonly width: number; readonly height: number },
  file: EtsFile,
): void {
  if (width === file.tileWidth && height === file.tileHeight) return;
  throw new Error(
    `Its image has ${width} by ${height} pixels instead of ${file.tileWidth} by ${file.tileHeight}.`,
  );
}

function rawColours(bytes: Uint8Array, { tileWidth, tileHeight, isBgr }: EtsFile): RgbaImage {
  const pixels = tileWidth * tileHeight;
  if (bytes.length < pixels * 3) throw new Error('It has too little data.');
  const data = new Uint8ClampedArray(pixels * 4);
  const [red, blue] = isBgr ? [2, 0] : [0, 2];
  for (let o = 0, s = 0; o < data.length; o += 4, s += 3) {
    data[o] = bytes[s + red]!;
    data[o + 1] = bytes[s + 1]!;
    data[o + 2] = bytes[s + blue]!;
    data[o + 3] = 255;
  }
  return { width: tileWidth, height: tileHeight, data };
}

/** What a tile that the file omits shows; null for white, which is what a slide shows without a tile. */
export function backgroundTile({ tileWidth, tileHeight, background }: EtsFile): RgbaImage | null {
  if (background.every((value) => value === 255)) return null;
  const [red = 0, green = red, blue = red] = background;
  const data = new Uint8ClampedArray(tileWidth * tileHeight * 4);
  for (let o = 0; o < data.length; o += 4) data.set([red, green, blue, 255], o);
  return { width: tileWidth, height: tileHeight, data };
}
