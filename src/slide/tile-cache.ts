/** Decoded tiles, kept within a budget of bytes and never decoded twice at the same time. */
import type { ReadTimes } from './read-times.ts';
import { LeastRecentlyUsed } from '../base/lru.ts';
import { SharedTasks } from '../base/shared-tasks.ts';
import { abortReason } from '../base/abort.ts';
import { SlideError, type ImageDecoder, type RgbaImage, type Slide } from './slide.ts';
import { undecodedTile } from './broken-tile.ts';

export class TileCache {
  readonly #tiles: LeastRecentlyUsed<string, RgbaImage>;
  readonly #tasks = new SharedTasks<string, RgbaImage | null>();
  readonly #ids = new WeakMap<Slide, number>();
  #nextId = 0;
  readonly #maxBytes: number;

  /** @param maxBytes budget of decoded pixels in bytes. */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
    this.#tiles = new LeastRecentlyUsed(maxBytes, (tile) => tile.data.length);
  }

  /** Decoded bytes currently kept. */
  get bytes(): number {
    return this.#tiles.cost;
  }

  /**
   * The decoded tile; null where the slide has none.
   * @throws SlideError `broken-tile` when it cannot be read or decoded; an AbortError.
   */
  async tile(
    slide: Slide,
    level: number,
    column: number,
    row: number,
    decoder: ImageDecoder,
    signal?: AbortSignal,
    times?: ReadTimes,
  ): Promise<RgbaImage | null> {
    const key = `${this.#id(slide)}/${level}/${column}/${row}`;
    const known = this.#tiles.get(key);
    if (known !== undefined) return known;
    return this.#tasks.run(key, signal, async (shared) => {
      const image = await decodeTile(slide, level, column, row, decoder, shared, times);
      if (image !== null && image.data.length <= this.#maxBytes) this.#tiles.set(key, image);
      return image;
    });
  }

  #id(slide: Slide): number {
    let id = this.#ids.get(slide);
    if (id === undefined) {
      id = this.#nextId++;
      this.#ids.set(slide, id);
    }
    return id;
  }
}

/** Reads and decodes one tile; null where the slide has none. */
async function decodeTile(
  slide: Slide,
  level: number,
  column: number,
  row: number,
  decoder: ImageDecoder,
  signal: AbortSignal,
  times: ReadTimes | undefined,
): Promise<RgbaImage | null> {
  const start = performance.now();
  const payload = await slide.tile(level, column, row, signal);
  const read = performance.now();
  // Strips are decoded in parallel, so their sum may exceed the elapsed time.
  const decodedMs = payload.kind === 'pixels' ? Math.min(payload.decodeMs ?? 0, read - start) : 0;
  if (times !== undefined) {
    times.readMs += read - start - decodedMs;
    times.decodeMs += decodedMs;
  }
  if (payload.kind === 'missing') return null;
  if (payload.kind === 'pixels') return payload.image;
  try {
    const image = await decoder.decode(payload.bytes, payload.type, signal);
    if (times !== undefined) times.decodeMs += performance.now() - read;
    return image;
  } catch (cause) {
    if (signal.aborted) throw abortReason(signal);
    if (cause instanceof SlideError) throw cause;
    const where = `level ${level}, tile ${column}, ${row}`;
    throw undecodedTile(slide.metadata.name, where, cause);
  }
}
