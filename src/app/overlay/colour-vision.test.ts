import { describe, expect, it } from 'vitest';
import { classColours, parseColour } from './class-palette.ts';
import { colourDifference, colourVisions, mostAlike, seenAs, tooAlike } from './colour-vision.ts';
import type { Lab } from './colour-vision.ts';

const classes = ['Normal', 'Benign', 'In situ', 'Invasive'].map((name, value) => ({
  name,
  colour: '#888888',
  background: value === 0,
}));

describe('colourDifference', () => {
  // Of the test data that Sharma, Wu and Dalal published with their paper.
  it.each<[Lab, Lab, number]>([
    [[50, 2.6772, -79.7751], [50, 0, -82.7485], 2.0425],
    [[50, -1.3802, -84.2814], [50, 0, -82.7485], 1],
    [[50, 2.5, 0], [50, 0, -2.5], 4.3065],
    [[50, 2.5, 0], [73, 25, -18], 27.1492],
    [[60.2574, -34.0099, 36.2677], [60.4626, -34.1751, 39.4387], 1.2644],
    [[22.7233, 20.0904, -46.694], [23.0331, 14.973, -42.5619], 2.0373],
    [[2.0776, 0.0795, -1.135], [0.9033, -0.0636, -0.5514], 0.9082],
  ])('%j and %j', (one, other, expected) => {
    expect(colourDifference(one, other)).toBeCloseTo(expected, 4);
    expect(colourDifference(other, one)).toBeCloseTo(expected, 4);
  });
});

describe('seenAs', () => {
  it('leaves grey as it is, and takes the difference that a vision lacks', () => {
    for (const vision of colourVisions) {
      const [l, a, b] = seenAs('#808080', vision);
      expect(l).toBeCloseTo(53.585, 2);
      expect(Math.hypot(a, b)).toBeLessThan(0.5);
    }
    const apart = (one: string, other: string, vision: (typeof colourVisions)[number]): number =>
      colourDifference(seenAs(one, vision), seenAs(other, vision));
    // Red and green of equal lightness.
    expect(apart('#c85050', '#508c32', 'normal')).toBeGreaterThan(50);
    expect(apart('#c85050', '#508c32', 'deuteranopia')).toBeLessThan(20);
    expect(apart('#008080', '#2060c0', 'tritanopia')).toBeLessThan(
      apart('#008080', '#2060c0', 'normal') / 1.5,
    );
  });
});

describe('the palettes', () => {
  const safe = classColours(classes, 'colour-blind-safe').slice(1);

  it('the default is told apart with every kind of colour vision', () => {
    for (const vision of colourVisions) {
      const seen = safe.map((colour) => seenAs(colour, vision));
      for (const [i, one] of seen.entries()) {
        for (const other of seen.slice(i + 1)) {
          expect(colourDifference(one, other), vision).toBeGreaterThan(20);
        }
      }
    }
  });

  it('also as a fill of 35 % over tissue, pink, purple or pale', () => {
    for (const tissue of ['#d9a0c6', '#8a5a9e', '#f3e6ee']) {
      const blended = safe.map((colour) => blend(colour, tissue, 0.35));
      // The tissue itself is what a class without fill looks like. Thin fills differ less than swatches;
      // outlines and hatches carry the class as well.
      const { difference } = mostAlike([...blended, tissue])!;
      expect(difference, tissue).toBeGreaterThan(3);
    }
  });

  it("BACH's red, green and blue are BACH's, whoever looks", () => {
    expect(classColours(classes, 'bach').slice(1)).toEqual(['#FF0000', '#00FF00', '#0000FF']);
  });

  it('a poor choice of colours is found, with the vision that it is poor for', () => {
    const poor = mostAlike(['#b04040', '#6f7a1e', '#0072b2'])!;
    expect(poor.difference).toBeLessThan(tooAlike);
    expect(['protanopia', 'deuteranopia']).toContain(poor.vision);
    expect(mostAlike(safe)!.difference).toBeGreaterThan(tooAlike);
    expect(mostAlike(['#000000'])).toBeNull();
  });
});

function blend(colour: string, ground: string, opacity: number): string {
  const [over, under] = [parseColour(colour), parseColour(ground)];
  const channels = over.map((value, at) => Math.round(opacity * value + (1 - opacity) * under[at]!));
  return `#${channels.map((value) => value.toString(16).padStart(2, '0')).join('')}`;
}
