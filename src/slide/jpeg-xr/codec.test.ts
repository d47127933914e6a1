import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { codestream, decodeJpegXr } from './codec.ts';

/** A file of the goldens of CZI, whose pixels czi.test.ts compares; it ends with metadata that belong to CZI. */
const czi = new Uint8Array(readFileSync(join(import.meta.dirname, '../golden/czi/bgr24-jpeg-xr.czi')));
const start = Buffer.from(czi).indexOf(Uint8Array.of(0x49, 0x49, 0xbc, 0x01));
const end = Buffer.from(czi).indexOf('ZISRAWDIRECTORY');
const file = czi.slice(start, end);

describe('JPEG XR', () => {
  test('a file and its codestream give the same values', async () => {
    const image = await decodeJpegXr(file);
    expect(image).toMatchObject({ width: 37, height: 29, components: 3, bits: 8, planar: false });
    expect(image.data).toHaveLength(37 * 29 * 3);
    expect(await decodeJpegXr(codestream(file)!)).toEqual(image);
  });

  test('a file that is cut is noticed by the length that it states', async () => {
    const stream = codestream(file)!;
    const cut = file.slice(0, stream.byteOffset - file.byteOffset + stream.length - 1);
    await expect(decodeJpegXr(cut)).rejects.toThrow(/not a JPEG XR image/);
  });

  test('damaged streams are refused or decoded, one after another, and never hang', async () => {
    const outcomes = new Set<string>();
    for (let i = 0; i < 60; i++) {
      const stream = codestream(file)!.slice();
      stream[8 + ((i * 37) % (stream.length - 8))] = (i * 101) & 255;
      outcomes.add(
        await decodeJpegXr(stream).then(
          () => 'decoded',
          () => 'refused',
        ),
      );
    }
    expect(outcomes).toEqual(new Set(['decoded', 'refused']));
    expect(await decodeJpegXr(file)).toMatchObject({ width: 37 });
  });

  test.each([
    ['nothing', new Uint8Array()],
    ['a JPEG', Uint8Array.of(0xff, 0xd8, 0xff, 0xe0, 0, 0, 0, 0, 0, 0)],
    ['a directory beyond the end', Uint8Array.of(0x49, 0x49, 0xbc, 1, 255, 255, 0, 0)],
  ])('%s is none', async (_, bytes) => {
    await expect(decodeJpegXr(bytes)).rejects.toThrow(/not a JPEG XR image/);
  });
});
