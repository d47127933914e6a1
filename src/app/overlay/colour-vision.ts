/** How different two colours look, with normal and with deficient colour vision. Pure. */
import { parseColour } from './class-palette.ts';

export const colourVisions = ['normal', 'protanopia', 'deuteranopia', 'tritanopia'] as const;
export type ColourVision = (typeof colourVisions)[number];

type Triple = readonly [number, number, number];
type Matrix = readonly [Triple, Triple, Triple];

/** Linear RGB as seen, at full severity: Machado, Oliveira and Fernandes 2009, table of severity 1. */
const simulations: Readonly<Record<Exclude<ColourVision, 'normal'>, Matrix>> = {
  protanopia: [
    [0.152286, 1.052583, -0.204868],
    [0.114503, 0.786281, 0.099216],
    [-0.003882, -0.048116, 1.051998],
  ],
  deuteranopia: [
    [0.367322, 0.860646, -0.227968],
    [0.280085, 0.672501, 0.047413],
    [-0.01182, 0.04294, 0.968881],
  ],
  tritanopia: [
    [1.255528, -0.076749, -0.178779],
    [-0.078411, 0.930809, 0.147602],
    [0.004733, 0.691367, 0.3039],
  ],
};

/** CIE L*, a*, b* under D65. */
export type Lab = Triple;

/** A colour `#rrggbb` as it is seen. @throws RangeError when `colour` is none. */
export function seenAs(colour: string, vision: ColourVision): Lab {
  const linear = parseColour(colour).map((value) => toLinear(value / 255)) as unknown as Triple;
  const seen = vision === 'normal' ? linear : times(simulations[vision], linear);
  return toLab(seen.map((value) => Math.min(1, Math.max(0, value))) as unknown as Triple);
}

function toLinear(value: number): number {
  return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
}

function times(matrix: Matrix, [x, y, z]: Triple): Triple {
  const row = ([a, b, c]: Triple): number => a * x + b * y + c * z;
  return [row(matrix[0]), row(matrix[1]), row(matrix[2])];
}

const xyzOfLinear: Matrix = [
  [0.4124564, 0.3575761, 0.1804375],
  [0.2126729, 0.7151522, 0.072175],
  [0.0193339, 0.119192, 0.9503041],
];
const white: Triple = [0.95047, 1, 1.08883];

function toLab(linear: Triple): Lab {
  const [x, y, z] = times(xyzOfLinear, linear);
  const f = (t: number): number => (t > (6 / 29) ** 3 ? Math.cbrt(t) : t / (3 * (6 / 29) ** 2) + 4 / 29);
  const [fx, fy, fz] = [f(x / white[0]), f(y / white[1]), f(z / white[2])];
  return [116 * fy - 16, 500 * (fx - fy), 200 * (fy - fz)];
}

const degree = Math.PI / 180;

/** CIEDE2000 (Sharma, Wu and Dalal 2005), weights 1. About 2 is just noticeable. */
export function colourDifference([l1, a1, b1]: Lab, [l2, a2, b2]: Lab): number {
  const meanC = (Math.hypot(a1, b1) + Math.hypot(a2, b2)) / 2;
  const g = 0.5 * (1 - Math.sqrt(meanC ** 7 / (meanC ** 7 + 25 ** 7)));
  const [a1p, a2p] = [(1 + g) * a1, (1 + g) * a2];
  const [c1, c2] = [Math.hypot(a1p, b1), Math.hypot(a2p, b2)];
  const hue = (a: number, b: number): number =>
    a === 0 && b === 0 ? 0 : (Math.atan2(b, a) / degree + 360) % 360;
  const [h1, h2] = [hue(a1p, b1), hue(a2p, b2)];
  const grey = c1 * c2 === 0;
  let dh = h2 - h1;
  if (dh > 180) dh -= 360;
  else if (dh < -180) dh += 360;
  if (grey) dh = 0;
  const dL = l2 - l1;
  const dC = c2 - c1;
  const dH = 2 * Math.sqrt(c1 * c2) * Math.sin((dh / 2) * degree);
  const meanL = (l1 + l2) / 2;
  const meanCp = (c1 + c2) / 2;
  let meanH = h1 + h2;
  if (!grey) {
    if (Math.abs(h1 - h2) <= 180) meanH /= 2;
    else meanH = meanH < 360 ? (meanH + 360) / 2 : (meanH - 360) / 2;
  }
  const t =
    1 -
    0.17 * Math.cos((meanH - 30) * degree) +
    0.24 * Math.cos(2 * meanH * degree) +
    0.32 * Math.cos((3 * meanH + 6) * degree) -
    0.2 * Math.cos((4 * meanH - 63) * degree);
  const turn = 30 * Math.exp(-(((meanH - 275) / 25) ** 2));
  const rc = 2 * Math.sqrt(meanCp ** 7 / (meanCp ** 7 + 25 ** 7));
  const sl = 1 + (0.015 * (meanL - 50) ** 2) / Math.sqrt(20 + (meanL - 50) ** 2);
  const sc = 1 + 0.045 * meanCp;
  const sh = 1 + 0.015 * meanCp * t;
  const rt = -Math.sin(2 * turn * degree) * rc;
  return Math.sqrt((dL / sl) ** 2 + (dC / sc) ** 2 + (dH / sh) ** 2 + rt * (dC / sc) * (dH / sh));
}

/** Below this, fields of two colours are told apart with effort only. */
export const tooAlike = 12;

export interface AlikeColours {
  readonly one: string;
  readonly other: string;
  readonly vision: ColourVision;
  readonly difference: number;
}

/** The two of `colours` that look most alike to anyone; null for fewer than two. */
export function mostAlike(colours: readonly string[]): AlikeColours | null {
  let least: AlikeColours | null = null;
  for (const vision of colourVisions) {
    const seen = colours.map((colour) => seenAs(colour, vision));
    for (const [i, one] of seen.entries()) {
      for (let j = i + 1; j < seen.length; j++) {
        const difference = colourDifference(one, seen[j] ?? one);
        if (least === null || difference < least.difference) {
          least = { one: colours[i] ?? '', other: colours[j] ?? '', vision, difference };
        }
      }
    }
  }
  return least;
}
