/** Converts the raw samples of a TIFF block to RGBA. */
import type { RgbaImage } from '../slide.ts';
import { photometric } from './tags.ts';

/** How a TIFF image lays out its samples. */
export interface SampleLayout {
  /** Samples per pixel, 1 to 4. */
  readonly samples: number;
  /** Per sample; of 16 bits, which only colours may have, the upper 8 are shown. 8 where absent. */
  readonly bits?: 8 | 16;
  /** TIFF code. */
  readonly photometric: number;
  /** Each sample in a plane of its own. */
  readonly planar: boolean;
  /** Meaning of the sample after the colours. */
  readonly alpha: 'none' | 'premultiplied' | 'straight';
  /** TIFF ColorMap: 256 reds, greens, blues of 16 bits; null without. */
  readonly palette: Float64Array | null;
}

/**
 * @param planes one plane of interleaved samples, or one per sample when planar.
 * @returns opaque pixels: transparent ones are composited onto white.
 */
export function toRgba(
  planes: readonly Uint8Array[],
  width: number,
  height: number,
  layout: SampleLayout,
): RgbaImage {
  const pixels = width * height;
  const data = new Uint8ClampedArray(pixels * 4);
  const { samples } = layout;
  const step = layout.planar ? 1 : samples;
  const plane = (i: number): Uint8Array => (layout.planar ? planes[i]! : planes[0]!.subarray(i));
  const colours = layout.photometric === photometric.rgb ? 3 : 1;
  const first = plane(0);
  if (colours === 3) {
    const green = plane(1);
    const blue = plane(2);
    for (let i = 0, s = 0, o = 0; i < pixels; i++, s += step, o += 4) {
      data[o] = first[s]!;
      data[o + 1] = green[s]!;
      data[o + 2] = blue[s]!;
      data[o + 3] = 255;
    }
  } else {
    const table = lookUp(layout);
    for (let i = 0, s = 0, o = 0; i < pixels; i++, s += step, o += 4) {
      const entry = first[s]! * 3;
      data[o] = table[entry]!;
      data[o + 1] = table[entry + 1]!;
      data[o + 2] = table[entry + 2]!;
      data[o + 3] = 255;
    }
  }
  if (layout.alpha !== 'none' && samples > colours) {
    compositeOnWhite(data, plane(colours), step, layout.alpha === 'premultiplied');
  }
  return { width, height, data };
}

/**
 * The upper 8 bits of samples of 16.
 * @param bytes as the file has them; a horizontal difference per sample (predictor 2) is undone
 * @param perRow samples in a row
 * @param step samples from one to the one that it is a difference to; 0 without a predictor
 */
export function upperBytes(
  bytes: Uint8Array,
  littleEndian: boolean,
  perRow: number,
  step: number,
): Uint8Array<ArrayBuffer> {
  const count = bytes.length >> 1;
  const result = new Uint8Array(count);
  const [high, low] = littleEndian ? [1, 0] : [0, 1];
  if (step === 0) {
    for (let i = 0, at = high; i < count; i++, at += 2) result[i] = bytes[at]!;
    return result;
  }
  const row = new Uint16Array(perRow);
  for (let start = 0; start < count; start += perRow) {
    for (let i = 0; i < perRow && start + i < count; i++) {
      const at = 2 * (start + i);
      // Typed arrays wrap around, as the predictor does.
      row[i] = ((bytes[at + high]! << 8) | bytes[at + low]!) + (i >= step ? row[i - step]! : 0);
      result[start + i] = row[i]! >> 8;
    }
  }
  return result;
}

/** RGB of each of the 256 values of a grey or palette image. */
function lookUp(layout: SampleLayout): Uint8Array {
  const table = new Uint8Array(768);
  // Some writers fill ColorMap with values of 8 bits: libtiff takes them so where none is larger.
  const paletteUnit = layout.palette?.every((entry) => entry < 256) === true ? 1 : 256;
  for (let value = 0; value < 256; value++) {
    for (let channel = 0; channel < 3; channel++) {
      const entry =
        layout.palette !== null && layout.photometric === photometric.palette
          ? Math.floor(layout.palette[channel * 256 + value]! / paletteUnit)
          : layout.photometric === photometric.whiteIsZero
            ? 255 - value
            : value;
      table[value * 3 + channel] = Math.round(entry);
    }
  }
  return table;
}

function compositeOnWhite(
  data: Uint8ClampedArray,
  alpha: Uint8Array,
  step: number,
  premultiplied: boolean,
): void {
  for (let o = 0, s = 0; o < data.length; o += 4, s += step) {
    const a = alpha[s]!;
    if (a === 255) continue;
    for (let c = o; c < o + 3; c++) {
      data[c] = premultiplied ? data[c]! + 255 - a : (data[c]! * a) / 255 + 255 - a;
    }
  }
}
