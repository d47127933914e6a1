/**
 * How different two colours look, with normal and with deficient colour vision. Pure.
 *
 * Deficient vision is simulated by the model of Machado, Oliveira and Fernandes ("A Physiologically-based Model for
 * Simulation of Color Vision Deficiency", IEEE TVCG 15(6), 2009) at full severity, in linear RGB. Differences are CIEDE2000
 * (Sharma, Wu and Dalal 2005).
 */
import {
  converter,
  differenceCiede2000,
  filterDeficiencyDeuter,
  filterDeficiencyProt,
  filterDeficiencyTrit,
} from 'culori';
import type { Color, Rgb } from 'culori';
import { parseColour } from './class-palette.ts';

export const colourVisions = ['normal', 'protanopia', 'deuteranopia', 'tritanopia'] as const;
export type ColourVision = (typeof colourVisions)[number];

/** CIE L*, a*, b* under D65. */
export type Lab = readonly [l: number, a: number, b: number];

const simulations = {
  protanopia: filterDeficiencyProt(1),
  deuteranopia: filterDeficiencyDeuter(1),
  tritanopia: filterDeficiencyTrit(1),
} as const;

const toLab = converter('lab65');
const toLinear = converter('lrgb');

/**
 * Linear RGB, 0 to 1, as seen with this vision. culori applies the model's matrices to `rgb` values as they are. They are
 * defined for linear values, so it gets linear ones.
 */
export function seenLinear(linear: readonly number[], vision: ColourVision): [number, number, number] {
  const [r = 0, g = 0, b = 0] = linear;
  const colour: Rgb = { mode: 'rgb', r, g, b };
  const seen = vision === 'normal' ? colour : simulations[vision]<Rgb>(colour);
  return [seen.r, seen.g, seen.b];
}

/** A colour `#rrggbb` as it is seen. @throws RangeError when `colour` is none. */
export function seenAs(colour: string, vision: ColourVision): Lab {
  const [red, green, blue] = parseColour(colour);
  const { r, g, b } = toLinear({ mode: 'rgb', r: red / 255, g: green / 255, b: blue / 255 });
  const seen = seenLinear([r, g, b], vision).map((value) => Math.min(1, Math.max(0, value)));
  const lab = toLab({ mode: 'lrgb', r: seen[0] ?? 0, g: seen[1] ?? 0, b: seen[2] ?? 0 });
  return [lab.l, lab.a, lab.b];
}

const ciede2000 = differenceCiede2000();

/** CIEDE2000, weights 1. About 2 is just noticeable. */
export function colourDifference(one: Lab, other: Lab): number {
  return ciede2000(toColour(one), toColour(other));
}

function toColour([l, a, b]: Lab): Color {
  return { mode: 'lab65', l, a, b };
}

/** Below this, two colours are hard to distinguish as fills. */
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
