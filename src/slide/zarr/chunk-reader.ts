/** Chunks of a Zarr array, decoded by zarrita within limits. */
import { open, root, type Array as ZarrArray } from 'zarrita';
import { LeastRecentlyUsed } from '../../base/lru.ts';
import { SharedTasks } from '../../base/shared-tasks.ts';
import { abortReason } from '../../base/abort.ts';
import { brokenTile } from '../broken-tile.ts';
import type { FileFolder } from '../file-folder.ts';
import { maxDescriptionBytes, maxTileBytes } from '../limits.ts';
import { SlideError } from '../slide.ts';
import { describeArray, product, UnreadArray, type ArrayDescription } from './array-description.ts';
import { limitCodecs } from './chunk-codecs.ts';
import { loadZstd } from '../tiff/zstd.ts';

export type ChunkValues = Uint8Array | Uint16Array;

/** A decoded chunk: values, and by how many values the next one along each axis follows. */
export interface Chunk {
  readonly values: ChunkValues;
  readonly strides: readonly number[];
}

/** Bytes of decoded chunks that a slide keeps: a chunk may hold several channels and planes. */
export const keptChunkBytes = 64 * 1024 * 1024;

export type ChunkCache = LeastRecentlyUsed<string, Chunk>;

export const chunkCache = (): ChunkCache =>
  new LeastRecentlyUsed<string, Chunk>(keptChunkBytes, ({ values }) => values.byteLength);

type Numbers = ZarrArray<'uint8' | 'uint16', Store>;

/** Files as zarrita asks for them, with a slash at the start. */
class Store {
  readonly #folder: FileFolder;

  constructor(folder: FileFolder) {
    this.#folder = folder;
  }

  async get(key: string, options?: { readonly signal?: AbortSignal }): Promise<Uint8Array | undefined> {
    const isDescription = /(?:^|\/)(?:zarr\.json|\.zarray|\.zattrs|\.zgroup)$/.test(key);
    const maxBytes = isDescription ? maxDescriptionBytes : maxTileBytes;
    return (await this.#folder.read(key.slice(1), { maxBytes, signal: options?.signal })) ?? undefined;
  }

  async getRange(
    key: string,
    range: { readonly offset: number; readonly length: number } | { readonly suffixLength: number },
    options?: { readonly signal?: AbortSignal },
  ): Promise<Uint8Array | undefined> {
    const part = 'suffixLength' in range ? { last: range.suffixLength } : range;
    const size = 'last' in part ? part.last : part.length;
    // An index may claim anything.
    if (!(size > 0 && size <= maxTileBytes) || ('offset' in part && !Number.isSafeInteger(part.offset)))
      throw new Error('The index of a shard is damaged.');
    const bytes = await this.#folder.read(key.slice(1), { part, maxBytes: size, signal: options?.signal });
    if (bytes !== null && bytes.length < size) throw new Error('A shard ends early.');
    return bytes ?? undefined;
  }
}

export class ChunkReader {
  readonly description: ArrayDescription;
  readonly #array: Numbers;
  readonly #folder: FileFolder;
  readonly #path: string;
  readonly #cache: ChunkCache;
  readonly #tasks = new SharedTasks<string, Chunk>();

  private constructor(
    description: ArrayDescription,
    array: Numbers,
    folder: FileFolder,
    path: string,
    cache: ChunkCache,
  ) {
    this.description = description;
    this.#array = array;
    this.#folder = folder;
    this.#path = path;
    this.#cache = cache;
  }

  /**
   * @param path of the array in the folder. @param version of Zarr.
   * @throws SlideError `corrupt`, `unsupported`, and those of the folder.
   */
  static async open(
    folder: FileFolder,
    path: string,
    version: 2 | 3,
    cache: ChunkCache,
  ): Promise<ChunkReader> {
    const refuse = (code: 'corrupt' | 'unsupported', problem: string, cause?: unknown): SlideError =>
      new SlideError(code, folder.name, problem, 'Export it again, for example with bioformats2raw.', {
        cause,
      });
    const file = `${path}/${version === 3 ? 'zarr.json' : '.zarray'}`;
    const bytes = await folder.read(file, { maxBytes: maxDescriptionBytes });
    if (bytes === null) throw refuse('corrupt', `Its file ${file} is missing.`);
    let description: ArrayDescription;
    try {
      description = describeArray(JSON.parse(new TextDecoder().decode(bytes)));
    } catch (cause) {
      if (cause instanceof UnreadArray) throw refuse('unsupported', cause.message, cause);
      throw refuse('corrupt', `Its file ${file} is damaged.`, cause);
    }
    limitCodecs();
    // Chunks may have it within Blosc.
    await loadZstd();
    try {
      const location = root(new Store(folder)).resolve(path);
      const array =
        version === 3
          ? await open.v3(location, { kind: 'array' })
          : await open.v2(location, { kind: 'array', attrs: false });
      return new ChunkReader(description, array as Numbers, folder, path, cache);
    } catch (cause) {
      if (cause instanceof SlideError) throw cause;
      throw refuse('corrupt', `Its file ${file} is damaged.`, cause);
    }
  }

  /**
   * A chunk, which is the fill value where the file has none.
   * @throws SlideError `broken-tile`; an AbortError.
   */
  async chunk(at: readonly number[], signal?: AbortSignal): Promise<Chunk> {
    const key = `${this.#path} ${at.join(' ')}`;
    const known = this.#cache.get(key);
    if (known !== undefined) return known;
    const where = `chunk ${at.join(', ')} of ${this.#path}`;
    try {
      return await this.#tasks.run(key, signal, async (shared) => {
        const { data, stride } = await this.#array.getChunk([...at], { signal: shared });
        const { chunk, bits } = this.description;
        if (data.length !== product(chunk) || data.BYTES_PER_ELEMENT !== bits / 8) {
          throw new Error('It has too few values.');
        }
        const decoded = { values: data, strides: stride };
        this.#cache.set(key, decoded);
        return decoded;
      });
    } catch (cause) {
      if (signal?.aborted) throw abortReason(signal);
      if (cause instanceof SlideError && cause.code === 'sign-in') throw cause;
      const problem = cause instanceof SlideError ? cause.problem : 'Its data is damaged.';
      throw brokenTile(this.#folder.name, where, problem, cause);
    }
  }

  /** Whether the file of a chunk, or of its shard, exists. */
  async exists(at: readonly number[]): Promise<boolean> {
    const { chunk, shard, fileOf } = this.description;
    const place = shard === null ? at : at.map((n, i) => Math.floor((n * chunk[i]!) / shard[i]!));
    const file = `${this.#path}/${fileOf(place)}`;
    return (await this.#folder.read(file, { part: { offset: 0, length: 1 }, maxBytes: 1 })) !== null;
  }
}
