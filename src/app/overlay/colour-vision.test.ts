import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { inDefaultColours } from '../../base/class-colours.ts';
import type { ModelManifest } from '../../runtime/manifest.ts';
import { classColours, parseColour } from './class-palette.ts';
import { colourDifference, colourVisions, mostAlike, seenAs, seenLinear, tooAlike } from './colour-vision.ts';
import type { ColourVision, Lab } from './colour-vision.ts';
import { shownColours } from './overlay-style.ts';
import { parsePreferences } from '../state/preferences.ts';

const models = join(import.meta.dirname, '../../../models');

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

describe('seenLinear', () => {
  // Table 1 of Machado, Oliveira and Fernandes 2009 for severity 1.0, by columns: what pure red, green and blue become.
  const published = {
    protanopia: [
      [0.152286, 0.114503, -0.003882],
      [1.052583, 0.786281, -0.048116],
      [-0.204868, 0.099216, 1.051998],
    ],
    deuteranopia: [
      [0.367322, 0.280085, -0.01182],
      [0.860646, 0.672501, 0.04294],
      [-0.227968, 0.047413, 0.968881],
    ],
    tritanopia: [
      [1.255528, -0.078411, 0.004733],
      [-0.076749, 0.930809, 0.691367],
      [-0.178779, 0.147602, 0.3039],
    ],
  } as const;
  const primaries = [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ];

  it.each(['protanopia', 'deuteranopia', 'tritanopia'] as const)(
    'is what the paper gives for %s',
    (vision) => {
      primaries.forEach((primary, column) => {
        seenLinear(primary, vision).forEach((value, row) => {
          expect(value).toBeCloseTo(published[vision][column]![row]!, 6);
        });
      });
    },
  );
});

describe('seenAs', () => {
  // From the matrices above, the sRGB curve of IEC 61966-2-1 and CIE L*a*b*, worked out independently of culori.
  it.each<[string, ColourVision, Lab]>([
    ['#d55e00', 'protanopia', [47.5, -4.04, 53.56]],
    ['#d55e00', 'deuteranopia', [58.0, -5.54, 62.35]],
    ['#d55e00', 'tritanopia', [53.91, 65.13, 30.68]],
    ['#0072b2', 'protanopia', [49.22, 6.87, -37.64]],
    ['#0072b2', 'deuteranopia', [43.78, 9.49, -44.07]],
    ['#0072b2', 'tritanopia', [49.15, -26.62, -12.64]],
    ['#8a5a9e', 'protanopia', [44.85, 5.86, -32.72]],
    ['#8a5a9e', 'deuteranopia', [46.67, 5.1, -27.2]],
    ['#8a5a9e', 'tritanopia', [46.42, 18.01, -3.53]],
  ])('%s with %s', (colour, vision, expected) => {
    seenAs(colour, vision).forEach((value, at) => expect(value).toBeCloseTo(expected[at]!, 1));
  });

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

  it('the default colours are distinguishable with every kind of colour vision', () => {
    for (const vision of colourVisions) {
      const seen = safe.map((colour) => seenAs(colour, vision));
      for (const [i, one] of seen.entries()) {
        for (const other of seen.slice(i + 1)) {
          expect(colourDifference(one, other), vision).toBeGreaterThan(20);
        }
      }
    }
  });

  // The six most frequent colours of the tissue on the demo slide of the colon (k-means), and of CMU-1: nuclei, stroma,
  // mucin, and the pale pink of muscle.
  const tissues = [
    ...['#6426b1', '#aa74c6', '#7c5695', '#9448ca', '#d2a4e4', '#4c2879'],
    ...['#d9a0c6', '#8a5a9e', '#f3e6ee'],
  ];
  const { fillOpacity } = parsePreferences(null).overlay;

  it.each(tissues)('also as a fill of the default opacity over tissue of %s', (tissue) => {
    const blended = safe.map((colour) => blend(colour, tissue, fillOpacity));
    const { difference, vision } = mostAlike(blended)!;
    expect(difference, vision).toBeGreaterThan(10);
    // The tissue itself is what a class without fill looks like. It differs less, but fills have an edge.
    expect(mostAlike([...blended, tissue])!.difference).toBeGreaterThan(3.5);
  });

  // As the page shows them, and as its exports and the command line write them.
  it.each(readdirSync(models))('the classes of %s are, on the page and in files', (model) => {
    const { classes: own } = JSON.parse(
      readFileSync(join(models, model, 'manifest.json'), 'utf8'),
    ) as ModelManifest;
    const inFiles = inDefaultColours(own).map(({ colour }) => colour);
    expect(shownColours(own, parsePreferences(null).overlay)).toEqual(inFiles);
    const filled = inFiles.filter((_, value) => own[value]?.background === false);
    expect(mostAlike(filled)?.difference ?? Infinity).toBeGreaterThan(20);
    for (const tissue of tissues) {
      const blended = filled.map((colour) => blend(colour, tissue, fillOpacity));
      expect(mostAlike(blended)?.difference ?? Infinity, tissue).toBeGreaterThan(10);
    }
  });

  it("BACH's palette keeps its red, green and blue, even where they are hard to distinguish", () => {
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
