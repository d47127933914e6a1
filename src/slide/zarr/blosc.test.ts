/** Blosc chunks as numcodecs (c-blosc) packs them (scripts/golden/zarr_images.py). */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { loadZstd } from '../tiff/zstd.ts';
import { unblosc } from './blosc.ts';

beforeAll(loadZstd);

const bytesOf = (base64: string): Uint8Array => new Uint8Array(Buffer.from(base64, 'base64'));
const chunks = JSON.parse(
  readFileSync(join(import.meta.dirname, '../golden/zarr/blosc.json'), 'utf8'),
) as readonly { readonly name: string; readonly chunk: string; readonly values: string }[];

describe('each compression and order of bytes', () => {
  test.each(chunks)('$name', ({ chunk, values }) => {
    const expected = bytesOf(values);
    expect(Buffer.from(unblosc(bytesOf(chunk), expected.length)).equals(Buffer.from(expected))).toBe(true);
    expect(() => unblosc(bytesOf(chunk), expected.length - 1)).toThrow(/more than its pixels/);
  });

  test('there are goldens of all', () => expect(chunks).toHaveLength(12));
});

describe('damaged chunks', () => {
  test.each(chunks)('$name, cut or changed', ({ chunk, values }) => {
    const bytes = bytesOf(chunk);
    const limit = bytesOf(values).length;
    for (const cut of [0, 10, 20, bytes.length - 7]) {
      expect(() => unblosc(bytes.slice(0, cut), limit)).toThrow(Error);
    }
    // Whatever comes out is as long as the header says.
    for (let at = 0; at < bytes.length; at += 5) {
      const changed = bytes.slice();
      changed[at] = changed[at]! ^ 0x55;
      try {
        expect(unblosc(changed, limit).length).toBeLessThanOrEqual(limit);
      } catch (error) {
        expect(error).toBeInstanceOf(Error);
      }
    }
  });
});
