/**
 * Eight bits per weight: whole numbers of -127 to 127 and one scale per channel of a kernel's last axis. Every product
 * of the two is exactly a half-precision number, so that such weights can be written in half precision without a
 * further loss.
 */
import { float16Max } from './float16.ts';

export interface Int8Weights {
  /** Of each channel; a number of four significant bits, not below 2⁻²⁴. */
  readonly scales: Float32Array;
  /** [..., channels], -127 to 127. */
  readonly values: Int8Array;
}

const largest = 127;
/** The finest step of half precision. */
const finestScale = 2 ** -24;
/** Scales tried per channel: from one that reaches its largest weight down to one that clips it by a third. */
const scalesTried = 7;

/**
 * Rounds weights to eight bits. The scale of a channel is the one of several with the least squared error: large rare
 * weights are clipped where the others gain more by it.
 * @param values [..., channels]
 * @throws RangeError when a value is not finite or too large for half precision.
 */
export function toInt8(values: Float32Array, channels: number): Int8Weights {
  const tops = new Float32Array(channels);
  for (let i = 0; i < values.length; i++) {
    const size = Math.abs(values[i]!);
    if (!(size <= float16Max)) {
      throw new RangeError(
        `${String(values[i])} does not fit half precision, whose largest is ${float16Max}.`,
      );
    }
    if (size > tops[i % channels]!) tops[i % channels] = size;
  }
  const scales = new Float32Array(channels);
  for (let channel = 0; channel < channels; channel++) {
    let best = Infinity;
    for (const scale of scalesFor(tops[channel]!)) {
      const error = squaredError(values, channel, channels, scale);
      if (error >= best) continue;
      best = error;
      scales[channel] = scale;
    }
  }
  const rounded = new Int8Array(values.length);
  for (let i = 0; i < values.length; i++) rounded[i] = roundedTo(scales[i % channels]!, values[i]!);
  return { scales, values: rounded };
}

/** The weights that eight bits stand for; each is exactly a half-precision number. */
export function fromInt8({ scales, values }: Int8Weights): Float32Array {
  const channels = scales.length;
  return Float32Array.from(values, (value, i) => value * scales[i % channels]!);
}

/** Scales for a channel whose largest weight is `top`, the largest scale first. */
function scalesFor(top: number): number[] {
  const scales = [];
  let scale = roundedUp(top / largest);
  // A larger one would exceed half precision: 65,504 = 2047 · 2⁵, and 127 · 15 · 2⁵ is below.
  if (scale * largest > float16Max) scale = roundedBelow(scale);
  for (let i = 0; i < scalesTried; i++) {
    scales.push(scale);
    if (scale <= finestScale) break;
    scale = roundedBelow(scale);
  }
  return scales;
}

/** The least number of four significant bits that is not below `value`, and no finer than half precision. */
function roundedUp(value: number): number {
  if (value <= finestScale) return finestScale;
  const unit = Math.max(2 ** (Math.floor(Math.log2(value)) - 3), finestScale);
  return Math.ceil(value / unit) * unit;
}

/** The next lower number of four significant bits. */
function roundedBelow(scale: number): number {
  const unit = 2 ** (Math.ceil(Math.log2(scale)) - 4);
  return Math.max(scale - Math.max(unit, finestScale), finestScale);
}

function squaredError(values: Float32Array, channel: number, channels: number, scale: number): number {
  let sum = 0;
  for (let i = channel; i < values.length; i += channels) {
    const difference = values[i]! - scale * roundedTo(scale, values[i]!);
    sum += difference * difference;
  }
  return sum;
}

function roundedTo(scale: number, value: number): number {
  return Math.max(-largest, Math.min(largest, Math.round(value / scale)));
}
