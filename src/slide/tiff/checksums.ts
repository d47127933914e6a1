/** Checksums of compressed streams, which the decoders in JavaScript leave out. */

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

/** A 64-bit integer as two halves of 32 bits: JavaScript's own are too slow for pixels. */
interface Long {
  high: number;
  low: number;
}

const long = (high: number, low: number): Long => ({ high: high | 0, low: low | 0 });

const prime1 = long(0x9e3779b1, 0x85ebca87);
const prime2 = long(0xc2b2ae3d, 0x27d4eb4f);
const prime3 = long(0x165667b1, 0x9e3779f9);
const prime4 = long(0x85ebca77, 0xc2b2ae63);
const prime5 = long(0x27d4eb2f, 0x165667c5);

function multiply(a: Long, { high, low }: Long): void {
  const a0 = a.low & 0xffff;
  const a1 = a.low >>> 16;
  const b0 = low & 0xffff;
  const b1 = low >>> 16;
  const p00 = a0 * b0;
  const p01 = a0 * b1;
  const p10 = a1 * b0;
  const middle = (p00 >>> 16) + (p01 & 0xffff) + (p10 & 0xffff);
  a.high =
    (a1 * b1 +
      (p01 >>> 16) +
      (p10 >>> 16) +
      (middle >>> 16) +
      Math.imul(a.high, low) +
      Math.imul(a.low, high)) |
    0;
  a.low = (middle << 16) | (p00 & 0xffff);
}

function add(a: Long, { high, low }: Long): void {
  const sum = (a.low >>> 0) + (low >>> 0);
  a.high = (a.high + high + (sum > 0xffff_ffff ? 1 : 0)) | 0;
  a.low = sum | 0;
}

function xor(a: Long, { high, low }: Long): void {
  a.high ^= high;
  a.low ^= low;
}

/** @param bits 1 to 63, not 32. */
function rotate(a: Long, bits: number): void {
  const [from, to] = bits < 32 ? [a.high, a.low] : [a.low, a.high];
  const by = bits & 31;
  a.high = (from << by) | (to >>> (32 - by));
  a.low = (to << by) | (from >>> (32 - by));
}

function xorShifted(a: Long, bits: number): void {
  const shifted =
    bits < 32
      ? long(a.high >>> bits, (a.low >>> bits) | (a.high << (32 - bits)))
      : long(0, bits === 32 ? a.high : a.high >>> (bits - 32));
  xor(a, shifted);
}

/** One step of a lane. */
function round(lane: Long, input: Long): void {
  multiply(input, prime2);
  add(lane, input);
  rotate(lane, 31);
  multiply(lane, prime1);
}

/**
 * The low half of XXH64 with seed 0 (xxHash specification): Zstandard's content checksum (RFC 8878, section 3.1.1).
 */
export function xxh64Low(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const input = long(0, 0);
  const read = (at: number): Long => {
    input.low = view.getInt32(at, true);
    input.high = view.getInt32(at + 4, true);
    return input;
  };
  let at = 0;
  let hash: Long;
  if (bytes.length >= 32) {
    const lanes = [long(0, 0), long(prime2.high, prime2.low), long(0, 0), long(0, 0)] as const;
    add(lanes[0], prime1);
    add(lanes[0], prime2);
    // 0 - prime1
    add(lanes[3], long(~prime1.high, ~prime1.low));
    add(lanes[3], long(0, 1));
    for (; at + 32 <= bytes.length; at += 32) {
      round(lanes[0], read(at));
      round(lanes[1], read(at + 8));
      round(lanes[2], read(at + 16));
      round(lanes[3], read(at + 24));
    }
    hash = long(0, 0);
    for (const [i, lane] of lanes.entries()) {
      const turned = { ...lane };
      rotate(turned, [1, 7, 12, 18][i]!);
      add(hash, turned);
    }
    for (const lane of lanes) {
      const own = long(0, 0);
      round(own, lane);
      xor(hash, own);
      multiply(hash, prime1);
      add(hash, prime4);
    }
  } else hash = { ...prime5 };
  add(hash, long(0, bytes.length));
  for (; at + 8 <= bytes.length; at += 8) {
    const own = long(0, 0);
    round(own, read(at));
    xor(hash, own);
    rotate(hash, 27);
    multiply(hash, prime1);
    add(hash, prime4);
  }
  if (at + 4 <= bytes.length) {
    const own = long(0, view.getInt32(at, true));
    multiply(own, prime1);
    xor(hash, own);
    rotate(hash, 23);
    multiply(hash, prime2);
    add(hash, prime3);
    at += 4;
  }
  for (; at < bytes.length; at++) {
    const own = long(0, bytes[at]!);
    multiply(own, prime5);
    xor(hash, own);
    rotate(hash, 11);
    multiply(hash, prime1);
  }
  xorShifted(hash, 33);
  multiply(hash, prime2);
  xorShifted(hash, 29);
  multiply(hash, prime3);
  xorShifted(hash, 32);
  return hash.low >>> 0;
}
