import { expect, it } from 'vitest';
import { crc32 } from './crc32.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

it('gives the check value of the standard, whole or in pieces', () => {
  // The check value that every catalogue of CRCs lists for CRC-32/ISO-HDLC.
  expect(crc32(bytes('123456789'))).toBe(0xcbf43926);
  expect(crc32(bytes('6789'), crc32(bytes('12345')))).toBe(0xcbf43926);
  expect(crc32(new Uint8Array(0))).toBe(0);
});
