/** Images within the data files of a 3DHISTECH slide. */
import { LeastRecentlyUsed } from '../../base/lru.ts';
import { SharedTasks } from '../../base/shared-tasks.ts';
import { abortReason } from '../../base/abort.ts';
import { decodeBmp, isBmp } from '../bmp.ts';
import { brokenTile, undecodedTile } from '../broken-tile.ts';
import { readExactly } from '../byte-source.ts';
import { imageType, encodedSize, type ImageSize } from '../encoded-image.ts';
import { checkEncodedTile, checkTileSize } from '../encoded-tile.ts';
import { completeJpeg } from '../jpeg.ts';
import { maxTileBytes } from '../limits.ts';
import {
  SlideError,
  type ByteSource,
  type RgbaImage,
  type SlidePlatform,
  type TilePayload,
} from '../slide.ts';
import type { MrxsEntry } from './index-file.ts';

/** Decoded images that are kept, bytes: neighbouring tiles need the same ones. */
const keptBytes = 48 * 1024 * 1024;

export class MrxsData {
  readonly #sources: readonly ByteSource[];
  readonly #platform: SlidePlatform;
  readonly #kept = new LeastRecentlyUsed<string, RgbaImage>(keptBytes, ({ data }) => data.length);
  readonly #reading = new SharedTasks<string, RgbaImage>();

  /** @param sources in the order of Slidedat.ini. */
  constructor(sources: readonly ByteSource[], platform: SlidePlatform) {
    this.#sources = sources;
    this.#platform = platform;
  }

  /** The bytes of an entry. @throws SlideError `truncated`, `corrupt`. */
  async bytes(entry: MrxsEntry, signal?: AbortSignal): Promise<Uint8Array<ArrayBuffer>> {
    const source = this.#sources[entry.file];
    const file = source?.name ?? this.#sources[0]!.name;
    if (source === undefined || entry.length > maxTileBytes) {
      throw new SlideError(
        'corrupt',
        file,
        `The index of this 3DHISTECH slide points to ${source === undefined ? 'a data file that it has not' : 'an image that is too long'}.`,
        'Copy the whole folder of the slide again.',
      );
    }
    return readExactly(source, entry.offset, entry.length, 'images', signal);
  }

  /** An image as it is stored; a bitmap as pixels. @throws SlideError `broken-tile`. */
  async payload(
    entry: MrxsEntry,
    size: ImageSize,
    where: string,
    signal?: AbortSignal,
  ): Promise<TilePayload> {
    const { width, height } = size;
    const file = this.#sources[entry.file]?.name ?? this.#sources[0]!.name;
    const place = { width, height, visibleWidth: width, visibleHeight: height };
    try {
      const bytes = await this.bytes(entry, signal);
      if (isBmp(bytes)) {
        const image = decodeBmp(bytes);
        checkTileSize(image, place);
        return { kind: 'pixels', image };
      }
      const type = imageType(bytes);
      if (type === null) throw new Error('It is no image.');
      checkEncodedTile(bytes, type, place);
      return {
        kind: 'encoded',
        type,
        bytes: type === 'image/jpeg' ? completeJpeg(bytes, null, 'ycbcr') : bytes,
      };
    } catch (cause) {
      if (signal?.aborted) throw abortReason(signal);
      if (cause instanceof SlideError && cause.code !== 'truncated' && cause.code !== 'corrupt') throw cause;
      throw brokenTile(file, where, cause instanceof SlideError ? cause.problem : messageOf(cause), cause);
    }
  }

  /** The pixels of an image. @param key names it among all images of the slide. @throws SlideError `broken-tile`. */
  async pixels(
    key: string,
    entry: MrxsEntry,
    size: ImageSize,
    where: string,
    signal?: AbortSignal,
  ): Promise<RgbaImage> {
    const kept = this.#kept.get(key);
    if (kept !== undefined) return kept;
    return this.#reading.run(key, signal, async (shared) => {
      const payload = await this.payload(entry, size, where, shared);
      const image = payload.kind === 'pixels' ? payload.image : await this.#decoded(payload, where, shared);
      this.#kept.set(key, image);
      return image;
    });
  }

  async #decoded(payload: TilePayload, where: string, signal: AbortSignal): Promise<RgbaImage> {
    if (payload.kind !== 'encoded') throw new TypeError('Nothing to decode.');
    try {
      return await this.#platform.decoder.decode(payload.bytes, payload.type, signal);
    } catch (cause) {
      if (signal.aborted) throw abortReason(signal);
      throw undecodedTile(this.#sources[0]!.name, where, cause);
    }
  }

  /** Size of an image beside the slide; null where it is of no known kind. */
  async sizeOf(entry: MrxsEntry): Promise<ImageSize | null> {
    const bytes = await this.bytes(entry);
    const type = imageType(bytes);
    return type === null ? null : encodedSize(bytes, type);
  }
}

const messageOf = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause));
