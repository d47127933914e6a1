/** Tiles of a DICOM level: as pixels, or the values of one of its optical paths. */
import { abortReason } from '../../base/abort.ts';
import { brokenTile } from '../broken-tile.ts';
import type { GreyGrid } from '../channels/grey-channel.ts';
import { tilePlace, type TilePlace } from '../encoded-tile.ts';
import { payloadPixels } from '../payload-pixels.ts';
import { SlideError, type RgbaImage, type SlidePlatform, type TilePayload } from '../slide.ts';
import type { DicomLevel, FrameRef, LevelChannel } from './level.ts';
import { framePayload, frameValues } from './pixels.ts';

/** A frame off the grid has a place of its own size. */
const ownPlace = ({ tileWidth: width, tileHeight: height }: DicomLevel['first']): TilePlace => ({
  width,
  height,
  visibleWidth: width,
  visibleHeight: height,
});

/**
 * A tile of a level's first channel. @param file the slide's name.
 * @throws SlideError `broken-tile`; an AbortError.
 */
export async function levelTile(
  { first, channels }: DicomLevel,
  column: number,
  row: number,
  file: string,
  platform: SlidePlatform,
  signal?: AbortSignal,
): Promise<TilePayload> {
  const where = `tile ${column}, ${row}`;
  const { frameAt, mosaic } = channels[0]!;
  const payloadAt = async (ref: FrameRef, place: TilePlace): Promise<TilePayload> =>
    (await decoded(ref, file, where, signal, (bytes) =>
      framePayload(ref.part, bytes, place, platform, signal),
    )) ?? { kind: 'missing' };
  if (mosaic !== null) {
    const image = await mosaic.tiles.tile(column, row, async (source) => {
      const payload = await payloadAt(mosaic.frames[source]!, ownPlace(first));
      return payloadPixels(payload, platform, file, where, signal);
    });
    return image === null ? { kind: 'missing' } : { kind: 'pixels', image };
  }
  const ref = frameAt(column, row);
  return ref === null ? { kind: 'missing' } : payloadAt(ref, tilePlace(ref.part, column, row));
}

/** The values of a channel of a level. @param file the slide's name. */
export function channelGrid(
  { first, scale, columns, rows }: DicomLevel,
  { frameAt, mosaic }: LevelChannel,
  file: string,
): GreyGrid {
  const { tileWidth, tileHeight } = first;
  return {
    width: scale.width,
    height: scale.height,
    tileWidth,
    tileHeight,
    columns,
    rows,
    bits: first.bits > 8 ? 16 : 8,
    async values(column, row, platform, signal) {
      const where = `tile ${column}, ${row}`;
      const valuesAt = (ref: FrameRef, place: TilePlace): Promise<Uint8Array | Uint16Array | null> =>
        decoded(ref, file, where, signal, (bytes) => frameValues(ref.part, bytes, place, platform, signal));
      if (mosaic === null) {
        const ref = frameAt(column, row);
        return ref === null ? null : valuesAt(ref, tilePlace(ref.part, column, row));
      }
      const image = await mosaic.tiles.tile(column, row, async (source) => {
        const values = await valuesAt(mosaic.frames[source]!, ownPlace(first));
        return values === null ? null : packed(values, tileWidth, tileHeight);
      });
      return image === null ? null : unpacked(image);
    },
  };
}

/** A frame's bytes, decoded; null where it has none. */
async function decoded<T>(
  { part, index }: FrameRef,
  file: string,
  where: string,
  signal: AbortSignal | undefined,
  decode: (bytes: Uint8Array<ArrayBuffer>) => Promise<T>,
): Promise<T | null> {
  const bytes = await part.frame(index, signal);
  if (bytes.length === 0) return null;
  try {
    return await decode(bytes);
  } catch (cause) {
    if (signal?.aborted) throw abortReason(signal);
    if (cause instanceof SlideError) throw cause;
    throw brokenTile(file, where, 'Its image data is damaged.', cause);
  }
}

/** Alpha of a pixel that holds a value; those that no frame covers are opaque. */
const packedAlpha = 1;

/** Values as an image, for a mosaic: the high byte in red, the low byte in green. */
function packed(values: Uint8Array | Uint16Array, width: number, height: number): RgbaImage {
  const data = new Uint8ClampedArray(width * height * 4);
  for (let i = 0, o = 0; i < values.length; i++, o += 4) {
    data[o] = values[i]! >> 8;
    data[o + 1] = values[i]! & 255;
    data[o + 3] = packedAlpha;
  }
  return { width, height, data };
}

function unpacked({ data }: RgbaImage): Uint16Array {
  const values = new Uint16Array(data.length / 4);
  for (let i = 0, o = 0; i < values.length; i++, o += 4) {
    if (data[o + 3] === packedAlpha) values[i] = data[o]! * 256 + data[o + 1]!;
  }
  return values;
}
