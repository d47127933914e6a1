import { describe, expect, it } from 'vitest';
import { classColours, classPixels, confidencePixels, parseColour } from './class-palette.ts';

const bach = [
  { name: 'Normal', colour: '#808080', background: true },
  { name: 'Benign', colour: '#111111', background: false },
  { name: 'In situ', colour: '#222222', background: false },
  { name: 'Invasive', colour: '#333333', background: false },
];

function rgba(pixels: Uint32Array<ArrayBuffer>, value: number): number[] {
  return [...new Uint8Array(pixels.buffer, value * 4, 4)];
}

describe('classColours', () => {
  it("gives BACH's classes the design's colours", () => {
    expect(classColours(bach, 'colour-blind-safe')).toEqual(['#808080', '#00C896', '#FFE000', '#000080']);
    expect(classColours(bach, 'bach')).toEqual(['#808080', '#FF0000', '#00FF00', '#0000FF']);
    expect(classColours(bach, 'model')).toEqual(['#808080', '#111111', '#222222', '#333333']);
  });

  it('gives unknown classes colours that are not taken', () => {
    const classes = [
      { name: 'Benign', colour: '#111111', background: false },
      { name: 'Gland', colour: '#222222', background: false },
      { name: 'Polyp', colour: '#333333', background: false },
    ];
    const colours = classColours(classes, 'colour-blind-safe');
    expect(new Set(colours).size).toBe(3);
  });
});

describe('classPixels', () => {
  const colours = classColours(bach, 'colour-blind-safe');

  it('is opaque in the class colour and transparent for background, hidden and unknown values', () => {
    const pixels = classPixels(bach, colours, [2]);
    expect(rgba(pixels, 0)).toEqual([0, 0, 0, 0]);
    expect(rgba(pixels, 1)).toEqual([0x00, 0xc8, 0x96, 255]);
    expect(rgba(pixels, 2)).toEqual([0, 0, 0, 0]);
    expect(rgba(pixels, 3)).toEqual([0x00, 0x00, 0x80, 255]);
    expect(rgba(pixels, 200)).toEqual([0, 0, 0, 0]);
  });
});

describe('confidencePixels', () => {
  it('grows lighter from 0 to 255', () => {
    const pixels = confidencePixels();
    expect(rgba(pixels, 0)).toEqual([0x00, 0x22, 0x4e, 255]);
    expect(rgba(pixels, 255)).toEqual([0xfe, 0xe8, 0x38, 255]);
    // Relative luminance, from the sRGB standard's weights.
    const luminance = (value: number): number => {
      const [r, g, b] = rgba(pixels, value) as [number, number, number];
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    for (let value = 1; value < 256; value++)
      expect(luminance(value)).toBeGreaterThan(luminance(value - 1) - 0.8);
  });
});

describe('parseColour', () => {
  it('rejects invalid colours', () => {
    expect(() => parseColour('red')).toThrow(RangeError);
  });
});

it('gives classes with other names the palette in its order', () => {
  const classes = ['not gland', 'healthy', 'adenomatous', 'malignant'].map((name, i) => ({
    name,
    colour: '#999999',
    background: i === 0,
  }));
  expect(classColours(classes, 'bach').slice(1)).toEqual(['#FF0000', '#00FF00', '#0000FF']);
  expect(classColours(classes, 'colour-blind-safe').slice(1)).toEqual(['#00C896', '#FFE000', '#000080']);
});
