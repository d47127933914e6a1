/** The checksum of zlib streams, which the decoder in JavaScript leaves out. */

/** Adler-32 (RFC 1950, section 8.2): what a zlib stream ends with. */
export function adler32(bytes: Uint8Array): number {
  const modulus = 65_521;
  // As many bytes as can be summed up without exceeding 32 bits.
  const run = 5552;
  let low = 1;
  let high = 0;
  for (let at = 0; at < bytes.length;) {
    const end = Math.min(at + run, bytes.length);
    for (; at < end; at++) {
      low += bytes[at]!;
      high += low;
    }
    low %= modulus;
    high %= modulus;
  }
  return ((high << 16) | low) >>> 0;
}
