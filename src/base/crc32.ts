/**
 * Cyclic redundancy checks, which any damage of up to 32 bits in a row changes: CRC-32 as in zlib and PNG (ISO 3309), and
 * CRC-32C (RFC 3720, appendix B.4).
 */

const tableOf = (polynomial: number): Uint32Array =>
  Uint32Array.from({ length: 256 }, (_value, byte) => {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ polynomial : crc >>> 1;
    return crc >>> 0;
  });

const table = tableOf(0xedb88320);
const castagnoli = tableOf(0x82f63b78);

/** The checksum of `bytes`, 32 bits unsigned; of several pieces in turn, with `before` that of the pieces before. */
export function crc32(bytes: Uint8Array, before = 0): number {
  return checksum(bytes, table, before);
}

/** CRC-32C of `bytes`, 32 bits unsigned. */
export function crc32c(bytes: Uint8Array): number {
  return checksum(bytes, castagnoli, 0);
}

function checksum(bytes: Uint8Array, remainders: Uint32Array, before: number): number {
  let crc = ~before;
  for (let i = 0; i < bytes.length; i++) crc = (crc >>> 8) ^ (remainders[(crc ^ (bytes[i] ?? 0)) & 255] ?? 0);
  return ~crc >>> 0;
}
