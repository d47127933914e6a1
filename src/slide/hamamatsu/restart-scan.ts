/**
 * Finds the restart intervals of a JPEG file by its markers (ITU-T T.81, B.1.1.3), row by row and only as far as somebody
 * looks. A table of where rows start saves the way through what lies before.
 */
import { abortReason } from '../../base/abort.ts';
import { brokenTile } from '../broken-tile.ts';
import type { JpegFrame } from '../jpeg.ts';
import type { ByteBudget } from '../limits.ts';
import type { RestartIntervals } from '../restart-jpeg.ts';
import type { ByteSource } from '../slide.ts';

/** Bytes that are searched at a time. */
const chunkBytes = 1024 * 1024;

export class ScannedIntervals implements RestartIntervals {
  readonly width: number;
  readonly height: number;
  readonly columns: number;
  readonly rows: number;
  readonly #source: ByteSource;
  readonly #dataAt: number;
  readonly #budget: ByteBudget;
  /** Where rows start, by the slide's table; null without one, or once it has proved wrong. */
  #hints: Float64Array | null;
  readonly #known = new Map<number, Float64Array>();
  /** Scans from the start follow each other: each goes on where the last one ended. */
  #queue: Promise<void> = Promise.resolve();
  #scannedRows = 0;

  private constructor(
    source: ByteSource,
    frame: JpegFrame,
    columns: number,
    hints: Float64Array | null,
    budget: ByteBudget,
  ) {
    this.width = frame.restartInterval * frame.mcuWidth;
    this.height = frame.mcuHeight;
    this.columns = columns;
    this.rows = Math.ceil(frame.height / frame.mcuHeight);
    this.#source = source;
    this.#dataAt = frame.dataAt;
    this.#hints = hints;
    this.#budget = budget;
  }

  /**
   * @param hints offset of each row's first interval, as far as the slide lists them; 0 where it does not.
   * @returns null for an image whose intervals are not whole parts of its rows.
   */
  static of(
    source: ByteSource,
    frame: JpegFrame,
    hints: Float64Array | null,
    budget: ByteBudget,
  ): ScannedIntervals | null {
    const across = Math.ceil(frame.width / frame.mcuWidth);
    if (frame.restartInterval === 0 || across % frame.restartInterval !== 0) return null;
    return new ScannedIntervals(source, frame, across / frame.restartInterval, hints, budget);
  }

  async offsets(row: number, signal?: AbortSignal): Promise<Float64Array> {
    const known = this.#known.get(row) ?? (await this.#hinted(row, signal));
    if (known !== null) return known;
    const scan = this.#queue.then(() => this.#scanTo(row, signal));
    this.#queue = scan.catch(() => undefined);
    await scan;
    return this.#known.get(row)!;
  }

  /** A row by the table; null where that is of no use. */
  async #hinted(row: number, signal?: AbortSignal): Promise<Float64Array | null> {
    const hints = this.#hints;
    if (hints === null) return null;
    const start = row === 0 ? this.#dataAt : hints[row]!;
    const end = row + 1 < this.rows ? hints[row + 1]! : this.#source.size;
    if (!(start >= this.#dataAt && end > start && end <= this.#source.size)) return null;
    // The row follows the marker that ends the one before.
    const before = row === 0 ? null : await this.#source.read(start - 2, 2, signal);
    const number = (row * this.columns - 1) % 8;
    if (before !== null && (before[0] !== 0xff || before[1] !== 0xd0 + number)) {
      this.#hints = null;
      return null;
    }
    const found = await this.#row(start, end, signal);
    if (found === null || (row + 1 < this.rows && found.at(-1) !== end)) {
      this.#hints = null;
      return null;
    }
    this.#known.set(row, found);
    return found;
  }

  async #scanTo(row: number, signal?: AbortSignal): Promise<void> {
    while (this.#scannedRows <= row) {
      const next = this.#scannedRows;
      const start = next === 0 ? this.#dataAt : this.#known.get(next - 1)!.at(-1)!;
      const found = this.#known.get(next) ?? (await this.#row(start, this.#source.size, signal));
      if (found === null) {
        throw brokenTile(this.#source.name, `row ${next} of its blocks`, 'A restart marker is missing.');
      }
      this.#known.set(next, found);
      this.#scannedRows++;
    }
  }

  /** The intervals from `start` on, as many as a row has, and where the last one ends; null where there are fewer. */
  async #row(start: number, end: number, signal?: AbortSignal): Promise<Float64Array | null> {
    if (signal?.aborted) throw abortReason(signal);
    this.#budget.spend((this.columns + 1) * 8, 'restart markers');
    const offsets = new Float64Array(this.columns + 1);
    offsets[0] = start;
    let found = 0;
    for (let at = start; at + 1 < end && found < this.columns;) {
      const bytes = await this.#source.read(at, Math.min(chunkBytes, end - at), signal);
      if (bytes.length < 2) return null;
      for (let i = bytes.indexOf(0xff); i >= 0 && i + 1 < bytes.length; i = bytes.indexOf(0xff, i + 1)) {
        const marker = bytes[i + 1]!;
        if (marker !== 0xd9 && !(marker >= 0xd0 && marker <= 0xd7)) continue;
        found++;
        offsets[found] = at + i + 2;
        if (found === this.columns) break;
        if (marker === 0xd9) return null;
      }
      // A marker may lie across two chunks.
      at += bytes.length - 1;
    }
    return found === this.columns ? offsets : null;
  }
}
