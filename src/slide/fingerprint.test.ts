import { describe, expect, it } from 'vitest';
import { memoryByteSource } from './byte-source.ts';
import { contentRevision, fingerprint } from './fingerprint.ts';
import type { ByteSource } from './slide.ts';

const noise = (size: number): Uint8Array<ArrayBuffer> => {
  const bytes = new Uint8Array(size);
  for (let i = 0; i < size; i++) bytes[i] = Math.imul(i, 2654435761) >>> 24;
  return bytes;
};
const changed = (bytes: Uint8Array<ArrayBuffer>, from: number, to: number): Uint8Array<ArrayBuffer> =>
  bytes.slice().fill(7, from, to);
const source = (bytes: Uint8Array<ArrayBuffer>, version?: string): ByteSource => ({
  ...memoryByteSource(bytes, 'a.svs'),
  ...(version === undefined ? {} : { version }),
});

describe('the revision of a slide', () => {
  const small = noise(1_000_000);
  const large = noise(40_000_000);

  it('tells every change inside a small file, which its identity does not', async () => {
    const other = changed(small, 500_000, 500_001);
    expect(await contentRevision([source(other)])).not.toBe(await contentRevision([source(small)]));
    expect(await fingerprint([source(other)])).toBe(await fingerprint([source(small)]));
  });

  it('tells changes of a share of a large file, wherever they are, without reading all of it', async () => {
    let read = 0;
    const counting: ByteSource = {
      ...source(large),
      read: (at, length) => {
        read += length;
        return source(large).read(at, length);
      },
    };
    const before = await contentRevision([counting]);
    expect(read).toBeLessThan(1_300_000);
    expect(await contentRevision([source(large.slice())])).toBe(before);
    // Two of 64 parts: one block lies wholly within.
    for (let at = 100_000; at < large.length - 1_350_000; at += 3_000_000) {
      expect(await contentRevision([source(changed(large, at, at + 1_250_000))])).not.toBe(before);
    }
  });

  it('shares the blocks among the files of a series, and tells their order', async () => {
    const parts = [large.slice(0, 30_000_000), large.slice(30_000_000)];
    const [one, two] = parts.map((part) => source(part)) as [ByteSource, ByteSource];
    const before = await contentRevision([one, two]);
    expect(await contentRevision([two, one])).not.toBe(before);
    expect(await contentRevision([one, source(changed(parts[1]!, 4_000_000, 5_300_000))])).not.toBe(before);
  });

  it('is what the server says, where it says something, and then costs no further requests', async () => {
    const ends = await contentRevision([source(large, '"v1"')]);
    expect(await contentRevision([source(changed(large, 1e7, 3e7), '"v1"')])).toBe(ends);
    expect(await contentRevision([source(large, '"v2"')])).not.toBe(ends);
  });
});
