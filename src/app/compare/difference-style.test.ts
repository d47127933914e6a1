import { describe, expect, it } from 'vitest';
import { parseColour } from '../overlay/class-palette.ts';
import { lookOf } from './difference-style.ts';

const classes = [
  { name: 'normal', colour: '#999999', background: true },
  { name: 'benign', colour: '#009E73', background: false },
  { name: 'invasive', colour: '#0072B2', background: false },
];
const layers = { first: { classes }, second: { classes } };
const overlay = { palette: 'model', classStyles: {} } as const;

/** Approximate relative luminance, 0 to 1. */
function lightness(colour: string): number {
  const [red, green, blue] = parseColour(colour);
  return (0.2 * red + 0.7 * green + 0.1 * blue) / 255;
}

describe('style of a difference', () => {
  it('fills with the second class and hatches with the first', () => {
    const look = lookOf({ from: 1, to: 2 }, layers, overlay);
    expect(look).toMatchObject({ title: 'benign → invasive', colour: '#0072B2', hatchColour: '#009E73' });
  });

  it('uses pale fills and dark hatches for background, so that tissue stays visible', () => {
    const became = lookOf({ from: 2, to: 0 }, layers, overlay);
    expect(became.hatchColour).toBe('#0072B2');
    expect(lightness(became.colour)).toBeGreaterThan(0.7);
    const was = lookOf({ from: 0, to: 2 }, layers, overlay);
    expect(was.colour).toBe('#0072B2');
    expect(lightness(was.hatchColour)).toBeLessThan(0.3);
  });
});
