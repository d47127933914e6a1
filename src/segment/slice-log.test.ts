import { describe, expect, it } from 'vitest';
import type { SliceMaps } from '../runtime/segmenter.ts';
import { planSlices } from './grid.ts';
import type { LogFile } from './slice-log.ts';
import { SliceLog } from './slice-log.ts';
import { decodeSlice, encodeSlice, storeKey } from './slice-store.ts';

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

const slice = (value: number) => new Uint8Array(100 + value).fill(value);

function filled(): MemoryFile {
  const file = new MemoryFile();
  const log = new SliceLog(file);
  for (let i = 0; i < 4; i++) log.put(i, 2 * i, slice(i));
  return file;
}

describe('slice log', () => {
  it('has after a restart what was put before', () => {
    const log = new SliceLog(filled());
    expect(log.places).toEqual([
      [0, 0],
      [1, 2],
      [2, 4],
      [3, 6],
    ]);
    expect(log.get(2, 4)).toEqual(slice(2));
    expect(log.get(4, 2)).toBeNull();
  });

  it('loses at most the slice that was being written, wherever writing stopped', () => {
    const whole = filled();
    const sizeOfLast = 20 + 103;
    for (let cut = 1; cut <= sizeOfLast; cut++) {
      const file = new MemoryFile();
      file.bytes = whole.bytes.slice(0, whole.bytes.length - cut);
      const log = new SliceLog(file);
      expect(log.places.length).toBe(3);
      log.put(9, 9, slice(9));
      const again = new SliceLog(file);
      expect(again.places.length).toBe(4);
      expect(again.get(9, 9)).toEqual(slice(9));
    }
  });

  it('keeps what it has when the disk is full, and goes on when there is room again', () => {
    const file = filled();
    const log = new SliceLog(file);
    file.limit = file.bytes.length + 50;
    expect(() => log.put(8, 8, slice(8))).toThrow('full');
    expect(new SliceLog(file).places.length).toBe(4);
    file.limit = Infinity;
    log.put(8, 8, slice(8));
    expect(new SliceLog(file).get(8, 8)).toEqual(slice(8));
  });

  it('takes the later one of two at the same place', () => {
    const file = filled();
    new SliceLog(file).put(1, 2, slice(50));
    expect(new SliceLog(file).get(1, 2)).toEqual(slice(50));
  });
});

describe('a slice as bytes', () => {
  const size = 16;
  const marginPx = 2;
  const maps: SliceMaps = {
    size,
    classes: Uint8Array.from({ length: size * size }, (_value, i) => (i >> 5) & 3),
    confidence: Uint8Array.from({ length: size * size }, (_value, i) => 255 - (i % 90)),
    logProbabilities: Uint8Array.from({ length: size * size * 3 }, (_value, i) => i % 251),
  };

  it('comes back whole; log-probabilities in the band along the border', () => {
    const back = decodeSlice(encodeSlice(maps, marginPx))!;
    expect(back.classes).toEqual(maps.classes);
    expect(back.confidence).toEqual(maps.confidence);
    for (let y = 0; y < size; y++) {
      for (let x = 0; x < size; x++) {
        const inBand = Math.min(x, y, size - 1 - x, size - 1 - y) < 2 * marginPx;
        const at = (y * size + x) * 3;
        expect(back.logProbabilities![at + 1]).toBe(inBand ? maps.logProbabilities![at + 1] : 0);
      }
    }
    const { logProbabilities: _left, ...plain } = maps;
    expect(decodeSlice(encodeSlice(plain, 0))).toEqual(plain);
  });

  it('is refused when a byte is wrong', () => {
    const bytes = encodeSlice(maps, marginPx);
    for (let i = 0; i < bytes.length; i++) {
      const damaged = bytes.slice();
      damaged[i] = damaged[i]! ^ 4;
      const back = decodeSlice(damaged);
      expect(back === null || i >= 4).toBe(true);
      if (i >= 12) expect(back).toBeNull();
    }
    expect(decodeSlice(bytes.subarray(0, 10))).toBeNull();
  });
});

it('keys differ by slide, model and grid', async () => {
  const graph = { sha256: 'a', weightsSha256: 'b' };
  const model = { slice: { fieldUm: 100, sizePx: 16 }, context: null };
  const plan = (overlap: number, mpp: number) =>
    planSlices({ slide: { width: 500, height: 500 }, mpp: { x: mpp, y: mpp }, model, overlap });
  const keys = await Promise.all([
    storeKey('f', graph, plan(0, 1)),
    storeKey('g', graph, plan(0, 1)),
    storeKey('f', { ...graph, weightsSha256: 'c' }, plan(0, 1)),
    storeKey('f', graph, plan(0.25, 1)),
    storeKey('f', graph, plan(0, 0.5)),
    // An area is part of the same grid.
    storeKey('f', graph, { ...plan(0, 1), slices: [] }),
  ]);
  expect(new Set(keys).size).toBe(5);
  expect(keys[5]).toBe(keys[0]);
});
