import { crc32, deflateSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { adler32 } from './checksums.ts';

const ascii = (text: string): Uint8Array => new TextEncoder().encode(text);
const noise = Uint8Array.from({ length: 100_003 }, (_, i) => crc32(Uint8Array.of(i, i >> 8, i >> 16)) & 255);

describe('Adler-32', () => {
  test('of known texts', () => {
    expect(adler32(new Uint8Array(0))).toBe(1);
    expect(adler32(ascii('Wikipedia'))).toBe(0x11e60398);
  });

  test('as zlib writes it', () => {
    for (const length of [1, 5551, 5552, 5553, 100_003]) {
      const bytes = noise.subarray(0, length);
      expect(adler32(bytes)).toBe(deflateSync(bytes).readUInt32BE(deflateSync(bytes).length - 4));
    }
    const white = new Uint8Array(300_000).fill(255);
    expect(adler32(white)).toBe(deflateSync(white).readUInt32BE(deflateSync(white).length - 4));
  });
});
