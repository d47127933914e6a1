/**
 * Random access to the bytes of a file: the browser's local files, and a block cache over any source.
 * `url-byte-source.ts` reads URLs, `path-byte-source.node.ts` files in Node.
 */
import { LeastRecentlyUsed } from '../base/lru.ts';
import { SharedTasks } from '../base/shared-tasks.ts';
import { abortReason } from '../base/abort.ts';
import { cacheBytes, leastCacheBytes } from './limits.ts';
import { SlideError, type ByteSource } from './slide.ts';

/**
 * A `File` or `Blob` of the browser, read on demand.
 * @param path see `ByteSource`
 * @throws SlideError `not-found` on reading, when the file is gone, has changed or is a directory.
 */
export function fileByteSource(
  file: Blob,
  name = 'name' in file ? String(file.name) : 'file',
  path = name,
): ByteSource {
  return {
    name,
    path,
    size: file.size,
    async read(offset, length, signal) {
      if (signal?.aborted) throw abortReason(signal);
      try {
        return new Uint8Array(await file.slice(offset, offset + length).arrayBuffer());
      } catch (cause) {
        throw new SlideError(
          'not-found',
          name,
          'The file cannot be read: it was moved or changed, or it is a folder.',
          'Open the file again.',
          { cause },
        );
      }
    },
  };
}

/** Bytes in memory as a source. @param path see `ByteSource` */
export function memoryByteSource(bytes: Uint8Array, name: string, path = name): ByteSource {
  return {
    name,
    path,
    size: bytes.length,
    read(offset, length, signal) {
      if (signal?.aborted) return Promise.reject(abortReason(signal));
      return Promise.resolve(bytes.slice(offset, offset + length));
    },
  };
}

export interface BlockCacheOptions {
  /** Bytes per block; 64 KiB by default. */
  readonly blockBytes?: number;
  /** Bytes to keep; the least recently used blocks are dropped first; 64 MiB by default. */
  readonly maxBytes?: number;
  /** Largest single read of the source, in bytes; 4 MiB by default. */
  readonly maxReadBytes?: number;
}

/**
 * A block cache over a source. Adjacent blocks requested at the same time are read together, no block is read
 * twice at once, and a read that nobody waits for any more is aborted.
 */
export function cachedByteSource(source: ByteSource, options: BlockCacheOptions = {}): ByteSource {
  return new BlockCache(source, options);
}

/** Caches of the files of one slide, which share the memory of one. */
export function cachedByteSources(sources: readonly ByteSource[]): ByteSource[] {
  const maxBytes = Math.max(leastCacheBytes, cacheBytes / sources.length);
  return sources.map((source) => cachedByteSource(source, { maxBytes }));
}

/** A run of blocks that is read at once; it grows until the flush that starts it. */
interface Batch {
  first: number;
  count: number;
}

/** A block waiting for the next flush. */
interface QueuedBlock {
  index: number;
  signal: AbortSignal;
  settle: (read: Promise<Uint8Array>) => void;
}

class BlockCache implements ByteSource {
  readonly name: string;
  readonly path: string;
  readonly size: number;
  readonly version: string | null;
  readonly #blockBytes: number;
  readonly #maxBatch: number;
  readonly #blocks: LeastRecentlyUsed<number, Uint8Array>;
  readonly #tasks = new SharedTasks<number, Uint8Array>();
  #queue: QueuedBlock[] = [];
  readonly #source: ByteSource;

  constructor(source: ByteSource, options: BlockCacheOptions) {
    this.#source = source;
    this.name = source.name;
    this.path = source.path ?? source.name;
    this.size = source.size;
    this.version = source.version ?? null;
    this.#blockBytes = options.blockBytes ?? 64 * 1024;
    const maxBlocks = Math.floor((options.maxBytes ?? 64 * 1024 * 1024) / this.#blockBytes);
    this.#blocks = new LeastRecentlyUsed(Math.max(1, maxBlocks), () => 1);
    this.#maxBatch = Math.max(1, Math.floor((options.maxReadBytes ?? 4 * 1024 * 1024) / this.#blockBytes));
  }

  async read(offset: number, length: number, signal?: AbortSignal): Promise<Uint8Array<ArrayBuffer>> {
    if (signal?.aborted) throw abortReason(signal);
    const end = Math.min(this.size, offset + length);
    if (!(offset >= 0) || end <= offset) return new Uint8Array(0);
    const first = Math.floor(offset / this.#blockBytes);
    const last = Math.floor((end - 1) / this.#blockBytes);
    const pending: Promise<Uint8Array>[] = [];
    for (let index = first; index <= last; index++) pending.push(this.#block(index, signal));
    const parts = await Promise.all(pending);
    const result = new Uint8Array(end - offset);
    let filled = 0;
    for (const [i, part] of parts.entries()) {
      const start = i === 0 ? offset - first * this.#blockBytes : 0;
      const piece = part.subarray(start, start + result.length - filled);
      result.set(piece, filled);
      filled += piece.length;
      // A short block: the file is shorter than it claimed.
      if (part.length < this.#blockBytes) break;
    }
    return filled === result.length ? result : result.slice(0, filled);
  }

  close(): void | Promise<void> {
    this.#blocks.clear();
    return this.#source.close?.();
  }

  #block(index: number, signal: AbortSignal | undefined): Promise<Uint8Array> {
    const known = this.#blocks.get(index);
    if (known !== undefined) return Promise.resolve(known);
    return this.#tasks.run(
      index,
      signal,
      (shared) =>
        new Promise<Uint8Array>((resolve) => {
          if (this.#queue.length === 0) queueMicrotask(() => this.#flush());
          this.#queue.push({ index, signal: shared, settle: resolve });
        }),
    );
  }

  /** Reads what was requested since the last flush, adjacent blocks together. */
  #flush(): void {
    const wanted = this.#queue.filter((entry) => !entry.signal.aborted).sort((a, b) => a.index - b.index);
    for (const entry of this.#queue)
      if (entry.signal.aborted) entry.settle(Promise.reject(abortReason(entry.signal)));
    this.#queue = [];
    let start = 0;
    while (start < wanted.length) {
      let end = start + 1;
      while (
        end < wanted.length &&
        end - start < this.#maxBatch &&
        wanted[end]!.index === wanted[end - 1]!.index + 1
      ) {
        end++;
      }
      this.#readBatch(wanted.slice(start, end));
      start = end;
    }
  }

  #readBatch(entries: readonly QueuedBlock[]): void {
    const batch: Batch = { first: entries[0]!.index, count: entries.length };
    const controller = new AbortController();
    let waiting = entries.length;
    for (const { signal } of entries) {
      signal.addEventListener('abort', () => --waiting === 0 && controller.abort(), { once: true });
    }
    const read = this.#source.read(
      batch.first * this.#blockBytes,
      batch.count * this.#blockBytes,
      controller.signal,
    );
    for (const [i, { index, settle }] of entries.entries()) {
      settle(
        read.then((bytes) => {
          // A copy, so that keeping one block does not keep the whole read in memory.
          const block = bytes.slice(i * this.#blockBytes, (i + 1) * this.#blockBytes);
          this.#blocks.set(index, block);
          return block;
        }),
      );
    }
  }
}

/**
 * Reads exactly `length` bytes.
 * @throws SlideError `truncated` when the file is too short.
 */
export async function readExactly(
  source: ByteSource,
  offset: number,
  length: number,
  what: string,
  signal?: AbortSignal,
): Promise<Uint8Array<ArrayBuffer>> {
  if (offset + length <= source.size) {
    const bytes = await source.read(offset, length, signal);
    if (bytes.length === length) return bytes;
  }
  throw new SlideError(
    'truncated',
    source.name,
    `The file ends before its ${what} (${offset + length} bytes needed, ${source.size} present).`,
    'Copy or download the file again.',
  );
}
