/** IEEE 754 half precision, the storage format of exported weights. */

const single = new Float32Array(1);
const bits = new Uint32Array(single.buffer);

/** Largest finite half-precision number. */
export const float16Max = 65504;

/** Rounds to the nearest half-precision number, ties to even. @returns its 16 bits. */
export function float16Bits(value: number): number {
  single[0] = value;
  const word = bits[0] ?? 0;
  const sign = (word >>> 16) & 0x8000;
  const exponent = (word >>> 23) & 0xff;
  const fraction = word & 0x7fffff;
  if (exponent === 0xff) return sign | 0x7c00 | (fraction === 0 ? 0 : 0x200);
  const unbiased = exponent - 127;
  if (unbiased < -25) return sign; // less than half of the smallest subnormal
  if (unbiased < -14) {
    // Subnormal: the hidden bit becomes explicit and everything shifts right.
    return sign | roundedShift(fraction | 0x800000, -unbiased - 1);
  }
  // Addition, not or: a fraction that rounds up to 0x400 carries into the exponent, as it must.
  const half = ((unbiased + 15) << 10) + roundedShift(fraction, 13);
  return sign | Math.min(half, 0x7c00);
}

/** @throws RangeError when a value is too large for half precision. */
export function toFloat16(values: Float32Array): Uint16Array {
  const half = new Uint16Array(values.length);
  for (let i = 0; i < values.length; i++) {
    half[i] = float16Bits(values[i] ?? 0);
    if (((half[i] ?? 0) & 0x7c00) === 0x7c00) {
      throw new RangeError(
        `${String(values[i])} does not fit half precision, whose largest is ${float16Max}.`,
      );
    }
  }
  return half;
}

/** Widens half-precision numbers, given by their bits. Exact. */
export function fromFloat16(half: Uint16Array): Float32Array {
  const values = new Float32Array(half.length);
  table ??= everyFloat16();
  for (let i = 0; i < half.length; i++) values[i] = table[half[i]!]!;
  return values;
}

/** The value of each of the 65,536 bit patterns: looking them up is much faster than computing them. */
let table: Float32Array | null = null;

function everyFloat16(): Float32Array {
  return Float32Array.from({ length: 65_536 }, (_value, word) => {
    const exponent = (word >>> 10) & 0x1f;
    const fraction = word & 0x3ff;
    const magnitude =
      exponent === 0
        ? fraction * 2 ** -24
        : exponent === 0x1f
          ? fraction === 0
            ? Infinity
            : NaN
          : (1 + fraction / 1024) * 2 ** (exponent - 15);
    return (word & 0x8000) === 0 ? magnitude : -magnitude;
  });
}

/** value / 2^shift, rounded to nearest, ties to even. */
function roundedShift(value: number, shift: number): number {
  const floor = value >>> shift;
  const rest = value - (floor << shift);
  const tie = 1 << (shift - 1);
  return rest > tie || (rest === tie && (floor & 1) === 1) ? floor + 1 : floor;
}
