/**
 * Summarises an ICC profile (ICC.1:2010). For a matrix profile (annex F.3: three curves and the primaries'
 * colours) it computes what the profile does to colours, to decide whether it is sRGB. The browser does the actual
 * conversion.
 */
import { maxProfileBytes } from './limits.ts';
import type { IccSummary } from './slide.ts';

/** A profile that moves no colour by more than this many levels of 255 counts as sRGB. */
const unseenLevels = 2;

/** A slide's embedded profile. */
export interface EmbeddedProfile {
  /** null without a profile, and for one that is too large to use. */
  readonly bytes: Uint8Array<ArrayBuffer> | null;
  /** null without a profile. */
  readonly summary: IccSummary | null;
}

export const noProfile: EmbeddedProfile = { bytes: null, summary: null };

/**
 * The profile, if it is small enough to travel with every tile that is displayed. A larger one is not read: it is named, so
 * that nobody takes the colours for corrected.
 * @param length in bytes; 0 without a profile.
 */
export async function usableProfile(
  length: number,
  read: () => Uint8Array<ArrayBuffer> | null | Promise<Uint8Array<ArrayBuffer> | null>,
): Promise<EmbeddedProfile> {
  if (length > maxProfileBytes) {
    return {
      bytes: null,
      summary: { description: 'profile too large to be applied', size: length, srgb: false },
    };
  }
  const bytes = length === 0 ? null : await read();
  return { bytes, summary: bytes === null ? null : iccSummary(bytes) };
}

/**
 * Reads the description tag (`desc`, versions 2 and 4) and decides whether the profile is sRGB. The name
 * decides only for table-based profiles, which are left to the browser.
 */
export function iccSummary(profile: Uint8Array): IccSummary {
  const description = iccDescription(profile);
  const shift = matrixProfileShift(profile);
  const srgb = shift === null ? /srgb/i.test(description) : shift <= unseenLevels;
  return { description, size: profile.length, srgb };
}

function iccDescription(profile: Uint8Array): string {
  const view = new DataView(profile.buffer, profile.byteOffset, profile.byteLength);
  const text = (at: number, length: number): string =>
    new TextDecoder('latin1').decode(profile.subarray(at, at + length));
  if (profile.length < 132 || text(36, 4) !== 'acsp') return 'unreadable profile';
  const count = Math.min(view.getUint32(128), 200);
  for (let i = 0; i < count; i++) {
    const entry = 132 + i * 12;
    if (entry + 12 > profile.length) break;
    if (text(entry, 4) !== 'desc') continue;
    const at = view.getUint32(entry + 4);
    if (at + 28 > profile.length) break;
    if (text(at, 4) === 'desc') {
      return text(at + 12, Math.min(view.getUint32(at + 8), 256))
        .replace(/\0.*$/s, '')
        .trim();
    }
    if (text(at, 4) === 'mluc') {
      const length = Math.min(view.getUint32(at + 20), 512);
      const from = at + view.getUint32(at + 24);
      const name = new TextDecoder('utf-16be').decode(profile.subarray(from, from + length));
      return name.replace(/\0.*$/s, '').trim();
    }
  }
  return 'unnamed profile';
}

/** A colour, each channel from 0 to 1. */
type Rgb = readonly [number, number, number];
type Curve = (value: number) => number;

/** Linear sRGB to XYZ at D50 (IEC 61966-2-1, Bradford-adapted): the colorants of an sRGB profile. */
const srgbToXyz: readonly Rgb[] = [
  [0.43606, 0.38515, 0.1431],
  [0.22249, 0.7169, 0.0606],
  [0.01392, 0.09708, 0.71414],
];

/**
 * The largest distance, in levels of 255, by which the profile moves a colour away from sRGB; null when it is
 * damaged or not an RGB matrix profile.
 */
export function matrixProfileShift(profile: Uint8Array): number | null {
  const tags = profileTags(profile);
  // A table takes precedence over the matrix where a profile has both.
  if (tags === null || tags.has('A2B0') || tags.has('A2B1')) return null;
  const curves = ['rTRC', 'gTRC', 'bTRC'].map((name) => curve(tags.get(name)));
  const colorants = ['rXYZ', 'gXYZ', 'bXYZ'].map((name) => xyz(tags.get(name)));
  const [red, green, blue] = curves;
  const [redXyz, greenXyz, blueXyz] = colorants;
  if (red == null || green == null || blue == null) return null;
  if (redXyz == null || greenXyz == null || blueXyz == null) return null;
  const steps = [0, 0.25, 0.5, 0.75, 1];
  let largest = 0;
  for (const r of steps) {
    for (const g of steps) {
      for (const b of steps) {
        const linear = [red(r), green(g), blue(b)] as const;
        const place = [0, 1, 2].map(
          (axis) => linear[0] * redXyz[axis]! + linear[1] * greenXyz[axis]! + linear[2] * blueXyz[axis]!,
        ) as unknown as Rgb;
        const [sr, sg, sb] = solve(srgbToXyz, place).map(encode) as unknown as Rgb;
        largest = Math.max(largest, Math.abs(sr - r), Math.abs(sg - g), Math.abs(sb - b));
      }
    }
  }
  return largest * 255;
}

/** Tag data by signature; null for anything but an RGB profile over XYZ. */
function profileTags(profile: Uint8Array): Map<string, DataView> | null {
  const view = new DataView(profile.buffer, profile.byteOffset, profile.byteLength);
  const word = (at: number): string => String.fromCharCode(...profile.subarray(at, at + 4));
  if (profile.length < 132 || word(16) !== 'RGB ' || word(20) !== 'XYZ ' || word(36) !== 'acsp') return null;
  const tags = new Map<string, DataView>();
  const count = Math.min(view.getUint32(128), 200);
  for (let i = 0; i < count; i++) {
    const entry = 132 + i * 12;
    if (entry + 12 > profile.length) return null;
    const at = view.getUint32(entry + 4);
    const length = view.getUint32(entry + 8);
    if (length < 12 || at + length > profile.length) return null;
    tags.set(word(entry), new DataView(profile.buffer, profile.byteOffset + at, length));
  }
  return tags;
}

const fixed = (view: DataView, at: number): number => view.getInt32(at) / 65_536;
const signature = (view: DataView): number => view.getUint32(0);

function xyz(tag: DataView | undefined): Rgb | null {
  // 'XYZ '
  if (tag === undefined || signature(tag) !== 0x58595a20 || tag.byteLength < 20) return null;
  return [fixed(tag, 8), fixed(tag, 12), fixed(tag, 16)];
}

function curve(tag: DataView | undefined): Curve | null {
  if (tag === undefined) return null;
  if (signature(tag) === 0x63757276) return sampledCurve(tag);
  return signature(tag) === 0x70617261 ? parametricCurve(tag) : null;
}

/** `curv`: identity, a power, or a table. */
function sampledCurve(tag: DataView): Curve | null {
  const count = tag.getUint32(8);
  if (count === 0) return (value) => value;
  if (count > 65_536 || tag.byteLength < 12 + count * 2) return null;
  if (count === 1) {
    const power = tag.getUint16(12) / 256;
    return (value) => value ** power;
  }
  const sample = (index: number): number => tag.getUint16(12 + index * 2) / 65_535;
  return (value) => {
    const place = value * (count - 1);
    const below = Math.min(count - 2, Math.floor(place));
    return sample(below) + (place - below) * (sample(below + 1) - sample(below));
  };
}

/** `para`, function types 0 to 4. */
function parametricCurve(tag: DataView): Curve | null {
  const kind = tag.getUint16(8);
  const length = [1, 3, 4, 5, 7][kind];
  if (length === undefined || tag.byteLength < 12 + length * 4) return null;
  const [g = 1, a = 1, b = 0, c = 0, d = 0, e = 0, f = 0] = Array.from({ length }, (_, i) =>
    fixed(tag, 12 + i * 4),
  );
  const power = (value: number): number => Math.max(0, a * value + b) ** g;
  switch (kind) {
    case 0:
      return (value) => value ** g;
    case 1:
      return (value) => (value >= -b / a ? power(value) : 0);
    case 2:
      return (value) => (value >= -b / a ? power(value) + c : c);
    case 3:
      return (value) => (value >= d ? power(value) : c * value);
    default:
      return (value) => (value >= d ? power(value) + e : c * value + f);
  }
}

/** The sRGB transfer function, from linear; clipped to 0 to 1. */
function encode(linear: number): number {
  const value = Math.min(1, Math.max(0, linear));
  return value <= 0.0031308 ? 12.92 * value : 1.055 * value ** (1 / 2.4) - 0.055;
}

/** Solves `matrix` · x = `right` by Cramer's rule. */
function solve(matrix: readonly Rgb[], right: Rgb): number[] {
  const [first, second, third] = matrix as readonly [Rgb, Rgb, Rgb];
  const determinant = (a: Rgb, b: Rgb, c: Rgb): number =>
    a[0] * (b[1] * c[2] - b[2] * c[1]) -
    a[1] * (b[0] * c[2] - b[2] * c[0]) +
    a[2] * (b[0] * c[1] - b[1] * c[0]);
  const whole = determinant(first, second, third);
  const replaced = (row: Rgb, column: number, value: number): Rgb =>
    row.map((old, i) => (i === column ? value : old)) as unknown as Rgb;
  return [0, 1, 2].map(
    (column) =>
      determinant(
        replaced(first, column, right[0]),
        replaced(second, column, right[1]),
        replaced(third, column, right[2]),
      ) / whole,
  );
}
