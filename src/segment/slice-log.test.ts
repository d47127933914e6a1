import { describe, expect, it } from 'vitest';
import { crc32 } from '../base/crc32.ts';
import { mulberry32 } from '../runtime/variables.ts';
import type { LogFile, LogOptions } from './slice-log.ts';
import { SliceLog } from './slice-log.ts';
import { decodeSlice, encodeSlice, recordHeadBytes } from './slice-codec.ts';

/** A file in memory that can be filled to a limit. */
class MemoryFile implements LogFile {
  bytes: Uint8Array<ArrayBuffer> = new Uint8Array(0);
  limit = Infinity;
  getSize(): number {
    return this.bytes.length;
  }
  read(into: Uint8Array<ArrayBuffer>, { at }: { at: number }): number {
    const part = this.bytes.subarray(at, at + into.length);
    into.set(part);
    return part.length;
  }
  write(bytes: Uint8Array<ArrayBuffer>, { at }: { at: number }): number {
    const fits = Math.max(0, Math.min(bytes.length, this.limit - at));
    const grown = new Uint8Array(Math.max(this.bytes.length, at + fits));
    grown.set(this.bytes);
    grown.set(bytes.subarray(0, fits), at);
    this.bytes = grown;
    if (fits < bytes.length) throw new DOMException('full', 'QuotaExceededError');
    return fits;
  }
  truncate(size: number): void {
    this.bytes = this.bytes.slice(0, size);
  }
  flush(): void {
    // Memory has nothing to flush.
  }
  close(): void {
    // Nor to close.
  }
}

const key = 'ab'.repeat(32);
const otherKey = 'cd'.repeat(32);
const size = 12;

const maps = (value: number) => ({
  size,
  classes: new Uint8Array(size * size).fill(value),
  confidence: Uint8Array.from({ length: size * size }, (_value, i) => i + value),
});
const record = (column: number, row: number, value: number, order = column) =>
  encodeSlice(key, { order, column, row }, maps(value), 0);

function open(file: MemoryFile, options: LogOptions = { writable: true }): SliceLog {
  const log = SliceLog.open(file, key, options);
  if (log === null) throw new Error('The log is of another run.');
  return log;
}

/** What a reader gets; null where it is missing or refused. */
function read(log: SliceLog, column: number, row: number) {
  const bytes = log.get(column, row);
  return bytes === null ? null : decodeSlice(key, column, row, bytes);
}

function filled(): MemoryFile {
  const file = new MemoryFile();
  const log = open(file);
  for (let i = 0; i < 4; i++) log.put(i, 2 * i, record(i, 2 * i, i));
  return file;
}

describe('slice log', () => {
  it('has after a restart what was put before', () => {
    const log = open(filled());
    expect(log.places).toEqual([
      [0, 0],
      [1, 2],
      [2, 4],
      [3, 6],
    ]);
    expect(log.damaged).toBe(0);
    expect(read(log, 2, 4)).toEqual(maps(2));
    expect(log.get(4, 2)).toBeNull();
  });

  it('loses at most the slice that was being written, wherever writing stopped', () => {
    const whole = filled();
    const lengthOfLast = record(3, 6, 3).length;
    for (let cut = 1; cut <= lengthOfLast; cut++) {
      const file = new MemoryFile();
      file.bytes = whole.bytes.slice(0, whole.bytes.length - cut);
      const log = open(file);
      expect(log.places.length).toBe(3);
      log.put(9, 9, record(9, 9, 9, log.nextOrder));
      const again = open(file);
      expect(again.places.length).toBe(4);
      expect(read(again, 9, 9)).toEqual(maps(9));
    }
  });

  it('keeps what it has when the disk is full, and continues when there is room again', () => {
    const file = filled();
    const log = open(file);
    file.limit = file.bytes.length + 50;
    expect(() => log.put(8, 8, record(8, 8, 8, log.nextOrder))).toThrow('full');
    expect(open(file).places.length).toBe(4);
    file.limit = Infinity;
    log.put(8, 8, record(8, 8, 8, log.nextOrder));
    expect(read(open(file), 8, 8)).toEqual(maps(8));
  });

  it('takes the later one of two at the same place', () => {
    const file = filled();
    open(file).put(1, 2, record(1, 2, 50, 4));
    expect(read(open(file), 1, 2)).toEqual(maps(50));
  });

  it('does not touch the file of another run, nor one that is no log', () => {
    const file = filled();
    const before = file.bytes.slice();
    expect(SliceLog.open(file, otherKey, { writable: true })).toBeNull();
    expect(file.bytes).toEqual(before);
    const foreign = new MemoryFile();
    foreign.bytes = new Uint8Array(300).fill(7);
    expect(SliceLog.open(foreign, key, { writable: true })).toBeNull();
    expect(foreign.bytes).toEqual(new Uint8Array(300).fill(7));
  });

  it('notices every flipped bit, and a damaged record costs its own slice only', () => {
    const whole = filled();
    const fileHead = 76;
    const lengths = [0, 1, 2, 3].map((i) => record(i, 2 * i, i).length);
    for (let at = 0; at < whole.bytes.length; at++) {
      const file = new MemoryFile();
      file.bytes = whole.bytes.slice();
      file.bytes[at]! ^= 1 << (at % 8);
      const log = SliceLog.open(file, key, { writable: false, verify: true });
      let hit = -1;
      if (at >= fileHead) hit = 0;
      for (let end = fileHead + lengths[0]!; at >= end; end += lengths[++hit]!);
      for (let i = 0; i < 4; i++) expect(read(log!, i, 2 * i)).toEqual(i === hit ? null : maps(i));
      expect(log!.damaged).toBeGreaterThan(0);
    }
  });

  it.each([true, false])('loses only the record that bytes are missing from (verify: %s)', (verify) => {
    const whole = filled();
    const lengths = [0, 1, 2, 3].map((i) => record(i, 2 * i, i).length);
    const start = 76 + lengths[0]!;
    for (let count = 1; count < lengths[1]! - 2; count += 3) {
      for (const at of [start, start + 20, start + 41]) {
        const file = new MemoryFile();
        const missing = Math.min(count, start + lengths[1]! - at);
        file.bytes = Uint8Array.from([...whole.bytes.slice(0, at), ...whole.bytes.slice(at + missing)]);
        const log = SliceLog.open(file, key, { writable: false, verify })!;
        expect([0, 1, 2, 3].map((i) => read(log, i, 2 * i) !== null)).toEqual([true, false, true, true]);
      }
    }
  });

  it('repairs a damaged file header, and refuses an intact one of another version', () => {
    const file = filled();
    file.bytes[20]! ^= 1;
    expect(open(file).damaged).toBe(1);
    expect(open(file).damaged).toBe(0);
    new DataView(file.bytes.buffer).setUint32(4, 1);
    new DataView(file.bytes.buffer).setUint32(72, crc32(file.bytes.subarray(0, 72)));
    expect(SliceLog.open(file, key, { writable: true, verify: true })).toBeNull();
    const replaced = open(file, { writable: true, replace: true });
    expect([replaced.places.length, replaced.damaged, file.bytes.length]).toEqual([0, 1, 76]);
  });

  it('notices records that are lost, and ignores those that were moved or repeated', () => {
    const whole = filled();
    const lengths = [0, 1, 2, 3].map((i) => record(i, 2 * i, i).length);
    const starts = lengths.map((_length, i) => 76 + lengths.slice(0, i).reduce((sum, each) => sum + each, 0));
    const part = (i: number) => whole.bytes.slice(starts[i], starts[i]! + lengths[i]!);
    const fileOf = (...parts: Uint8Array[]): MemoryFile => {
      const file = new MemoryFile();
      file.bytes = Uint8Array.from([whole.bytes.slice(0, 76), ...parts].flatMap((each) => [...each]));
      return file;
    };
    const lost = open(fileOf(part(0), part(2), part(3)));
    expect([lost.places.length, lost.damaged]).toEqual([3, 1]);
    // A later result of slice 1, then its earlier record once more.
    const later = encodeSlice(key, { order: 4, column: 1, row: 2 }, maps(50), 0);
    const repeated = open(fileOf(part(0), part(1), part(2), part(3), later, part(1)));
    expect([read(repeated, 1, 2), repeated.damaged]).toEqual([maps(50), 1]);
    const swapped = open(fileOf(part(0), part(2), part(1), part(3)));
    expect([swapped.places.length, swapped.damaged]).toEqual([3, 2]);
  });

  /** `DUALSCOPE_ATTACK=long` runs the counts of docs/security.md. */
  const flips = process.env.DUALSCOPE_ATTACK === 'long' ? 100_000 : 10_000;

  it.each([true, false])(
    `notices ${flips} random damages to heads, payloads and tails, or they do no harm (verify: %s)`,
    (verify) => {
      const random = mulberry32(18);
      const below = (end: number): number => Math.floor(random() * end);
      const whole = filled();
      const expected = [0, 1, 2, 3].map(maps);
      const isSame = (a: ReturnType<typeof maps>, b: ReturnType<typeof maps>): boolean =>
        a.size === b.size &&
        Buffer.from(a.classes).equals(b.classes) &&
        Buffer.from(a.confidence).equals(b.confidence);
      for (let i = 0; i < flips; i++) {
        const file = new MemoryFile();
        file.bytes = whole.bytes.slice();
        const changes = 1 + below(3);
        for (let change = 0; change < changes; change++) {
          const at = below(file.bytes.length);
          const kind = below(5);
          if (kind < 3) file.bytes[at]! ^= 1 << below(8);
          if (kind === 3) file.bytes[at] = below(256);
          if (kind === 4) file.bytes = file.bytes.slice(0, Math.max(1, file.bytes.length - below(40)));
        }
        const isChanged =
          file.bytes.length !== whole.bytes.length || !Buffer.from(file.bytes).equals(whole.bytes);
        const log = SliceLog.open(file, key, { writable: false, verify });
        if (log === null) continue;
        let missing = 0;
        for (let k = 0; k < 4; k++) {
          const found = read(log, k, 2 * k);
          if (found === null) missing++;
          else if (!isSame(found, expected[k]!)) throw new Error(`Damage ${i} gives a wrong slice.`);
        }
        expect(missing).toBeLessThanOrEqual(changes);
        if (verify) expect(log.damaged > 0).toBe(isChanged);
        expect(log.places.length).toBeLessThanOrEqual(4);
      }
    },
    600_000,
  );

  it('reads a file of false starts in linear time', () => {
    const file = filled();
    const size = file.bytes.length;
    const noise = new Uint8Array(size + 2e6).fill(0x44);
    noise.set(file.bytes);
    file.bytes = noise;
    let bytesRead = 0;
    const readPart = file.read.bind(file);
    file.read = (into, options) => {
      bytesRead += into.length;
      return readPart(into, options);
    };
    expect(open(file, { writable: false }).places.length).toBe(4);
    expect(bytesRead).toBeLessThan(2 * noise.length);
  });

  it('computes a damaged slice again in the same file', () => {
    const file = filled();
    file.bytes[76 + record(0, 0, 0).length + 5]! ^= 16;
    const log = open(file);
    expect(log.places.length).toBe(3);
    log.put(1, 2, record(1, 2, 1, log.nextOrder));
    const again = open(file, { writable: false });
    expect(again.places.length).toBe(4);
    expect(read(again, 1, 2)).toEqual(maps(1));
    expect(read(again, 3, 6)).toEqual(maps(3));
  });

  it('has the documented layout', () => {
    const bytes = record(3, 6, 3);
    const view = new DataView(bytes.buffer);
    expect(new TextDecoder().decode(bytes.subarray(0, 4))).toBe('DSL4');
    expect([4, 8, 12, 16, 20, 24, 28].map((at) => view.getUint32(at))).toEqual([
      3,
      3,
      6,
      size,
      0,
      0,
      bytes.length - recordHeadBytes,
    ]);
  });
});
