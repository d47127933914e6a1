/** What Deep Zoom and IIIF share: a slide whose tiles are images with a URL each. */
import { believableMpp } from '../../base/resolution.ts';
import { abortReason } from '../../base/abort.ts';
import {
  SlideError,
  type EncodedImageType,
  type Slide,
  type SlideMpp,
  type SlidePlatform,
  type TilePayload,
} from '../slide.ts';
import { encodedSize, imageType } from '../encoded-image.ts';
import { textRevision } from '../fingerprint.ts';
import { responseBytes } from '../limited-response.ts';
import { maxTileBytes, maxTilePixels } from '../limits.ts';
import { cutImage } from '../plain-image.ts';
import { brokenTile } from '../broken-tile.ts';
import { slideLevels } from '../pyramid.ts';

export interface TileServerLevel {
  readonly width: number;
  readonly height: number;
  readonly tileWidth: number;
  readonly tileHeight: number;
}

export interface TileServerSlide {
  readonly name: string;
  readonly format: string;
  /** From the largest down. */
  readonly levels: readonly TileServerLevel[];
  readonly mpp: SlideMpp | null;
  readonly properties: Readonly<Record<string, string>>;
  /** What identifies the slide: its description. */
  readonly description: string;
  url(level: number, column: number, row: number): string;
  /** Pixels by which a tile's image overlaps its left and top neighbours (Deep Zoom); 0 by default. */
  readonly overlap?: number;
  /** What the same description may mean besides: where the tiles of full size are there and not here, it is meant. */
  readonly otherwise?: TileServerSlide;
}

/**
 * The slide over a `fetch`.
 * @throws SlideError `not-found` when the server has none of the tiles that are asked for first, one in each level.
 */
export async function tileServerSlide(
  described: TileServerSlide,
  http: typeof fetch,
  platform: SlidePlatform,
): Promise<Slide> {
  const server = await meantBy(described, http);
  const { name } = server;
  const base = server.levels[0]!;
  await checkTiles(server, http);
  const fingerprint = await textRevision(server.description);
  return {
    metadata: {
      name,
      format: server.format,
      compression: null,
      width: base.width,
      height: base.height,
      levels: slideLevels(server.levels),
      mpp: believableMpp(server.mpp),
      magnification: null,
      associated: [],
      scanner: null,
      icc: null,
      fileSize: 0,
      fingerprint,
      // Tiles on a server may change without a word; its description is all that can be asked for.
      revision: fingerprint,
      properties: server.properties,
    },
    async tile(level, column, row, signal): Promise<TilePayload> {
      const one = server.levels[level];
      const inside =
        one !== undefined &&
        column >= 0 &&
        row >= 0 &&
        column * one.tileWidth < one.width &&
        row * one.tileHeight < one.height;
      if (!inside) throw new RangeError(`${name} has no tile ${column}, ${row} at level ${level}.`);
      const where = `level ${level}, tile ${column}, ${row}`;
      const bytes = await fetchTile(http, server.url(level, column, row), name, where, signal);
      if (bytes === null) return { kind: 'missing' };
      const type: EncodedImageType | null = imageType(bytes);
      if (type === null) throw brokenTile(name, where, 'The server did not send an image.');
      const size = encodedSize(bytes, type);
      if (size === null) throw brokenTile(name, where, 'Its image data is damaged.');
      if (size.width * size.height > maxTilePixels) throw brokenTile(name, where, 'Its image is too large.');
      const overlap = server.overlap ?? 0;
      if (overlap === 0) return { kind: 'encoded', type, bytes };
      const image = await platform.decoder.decode(bytes, type, signal).catch((cause: unknown) => {
        throw signal?.aborted
          ? abortReason(signal)
          : brokenTile(name, where, 'Its image data is damaged.', cause);
      });
      const left = column > 0 ? overlap : 0;
      const top = row > 0 ? overlap : 0;
      const width = Math.min(one.tileWidth, image.width - left);
      const height = Math.min(one.tileHeight, image.height - top);
      if (!(width > 0 && height > 0)) throw brokenTile(name, where, 'The image is too small.');
      return { kind: 'pixels', image: cutImage(image, left, top, width, height) };
    },
    associatedImage: (wanted) =>
      Promise.reject(new RangeError(`${name} has no associated image "${wanted}".`)),
    iccProfile: () => Promise.resolve(null),
    close: () => undefined,
  };
}

/** The reading of a description that has a tile amid its largest level. */
async function meantBy(server: TileServerSlide, http: typeof fetch): Promise<TileServerSlide> {
  const { otherwise } = server;
  if (otherwise === undefined || !(await isMissing(server, 0, http))) return server;
  return (await isMissing(otherwise, 0, http)) ? server : { ...otherwise, description: server.description };
}

/** Whether the tile in the middle of a level is not found; anything else is said when the tile is read. */
async function isMissing(server: TileServerSlide, level: number, http: typeof fetch): Promise<boolean> {
  const { width, height, tileWidth, tileHeight } = server.levels[level]!;
  const [column, row] = [Math.floor(width / 2 / tileWidth), Math.floor(height / 2 / tileHeight)];
  const status = await statusOf(server.url(level, column, row), http);
  return status === 404 || status === 410;
}

/**
 * A description without tiles would be a white slide. The smallest level has one tile, which is there if anything is; only
 * without it, the tiles amid the other levels are asked for.
 */
async function checkTiles(server: TileServerSlide, http: typeof fetch): Promise<void> {
  const { name, levels } = server;
  for (let level = levels.length - 1; level >= 0; level--) {
    if (!(await isMissing(server, level, http))) return;
  }
  throw new SlideError(
    'not-found',
    name,
    'The description of this slide is there but none of its tiles (status 404).',
    'Check that the folder of tiles lies beside the description, its name, and the ending of its tiles (.jpg in Zoomify).',
  );
}

/** The status of a response; null where there is none. @throws SlideError `sign-in`. */
async function statusOf(url: string, http: typeof fetch): Promise<number | null> {
  try {
    const response = await http(url);
    await response.body?.cancel();
    return response.status;
  } catch (error) {
    if (error instanceof SlideError && error.code === 'sign-in') throw error;
    return null;
  }
}

async function fetchTile(
  http: typeof fetch,
  url: string,
  file: string,
  where: string,
  signal?: AbortSignal,
): Promise<Uint8Array<ArrayBuffer> | null> {
  try {
    const response = await http(url, signal ? { signal } : {});
    if (response.status === 404) return null;
    if (!response.ok) throw brokenTile(file, where, `The server answered with status ${response.status}.`);
    return await responseBytes(response, maxTileBytes, file, { signal });
  } catch (cause) {
    if (signal?.aborted) throw abortReason(signal);
    if (cause instanceof SlideError && (cause.code === 'broken-tile' || cause.code === 'sign-in'))
      throw cause;
    const problem = cause instanceof SlideError ? cause.problem : 'The server cannot be reached.';
    throw brokenTile(file, where, problem, cause);
  }
}
