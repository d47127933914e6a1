import { describe, expect, it } from 'vitest';
import { tilesBetween } from '../overlay/overlay-tiles.ts';
import { apply, isInvertible } from '../viewer/affine.ts';
import {
  addressOf,
  addressText,
  parseAddress,
  parseCoordinates,
  placeOf,
  viewAddressSchema,
  viewPlaceSchema,
} from './view-address.ts';

describe('a view as text', () => {
  it('round-trips', () => {
    const place = { x: 0.25, y: 0.1, scale: 0.125, rotation: -90, flip: true };
    const address = addressOf(place, 8000);
    expect(address).toEqual({ x: 2000, y: 800, scale: 0.125, rotation: 270, flip: true });
    const text = addressText(address);
    expect(text).toBe('2000,800,0.125,270,m');
    expect(parseAddress(text)).toEqual(address);
    expect(placeOf(address, 8000)).toEqual({ ...place, rotation: 270 });
    expect(addressText({ x: 10.25, y: 2, scale: 1 / 3, rotation: 0, flip: false })).toBe('10.3,2,0.333333');
  });

  it.each(['', '1,2', '1,2,0', '1,2,x', '1,2,3,4,5', '1,2,-3', '1,2,3,m', 'Infinity,2,3'])(
    'refuses %j',
    (text) => {
      expect(parseAddress(text)).toBeNull();
    },
  );
});

describe('views from outside', () => {
  const extremes = [
    0,
    -0,
    1,
    -1,
    1e-300,
    5e-324,
    2 ** 53,
    1e20,
    -1e20,
    1e200,
    1e300,
    1.7e308,
    -1.7e308,
    Infinity,
    NaN,
  ];
  let seed = 1;
  const random = (): number => {
    seed = (seed * 48271) % 2147483647;
    const bits = seed / 2147483647;
    return bits < 0.3
      ? extremes[Math.floor((bits / 0.3) * extremes.length)]!
      : (bits - 0.6) * 10 ** (seed % 40);
  };

  it('of any numbers give transforms with an inverse, and few tiles', () => {
    let accepted = 0;
    for (let i = 0; i < 20_000; i++) {
      const numbers = { x: random(), y: random(), scale: random(), rotation: random(), flip: false };
      const address = viewAddressSchema.safeParse(numbers).data;
      const text = [numbers.x, numbers.y, numbers.scale, numbers.rotation].join(',');
      const width = 2 ** (i % 33);
      const views = [
        viewPlaceSchema.safeParse(numbers).data,
        address && placeOf(address, width),
        parseAddress(text) && placeOf(parseAddress(text)!, width),
      ];
      for (const place of views) {
        if (place == null) continue;
        accepted++;
        const { scale, rotation } = place;
        expect(rotation).toBeGreaterThanOrEqual(0);
        expect(rotation).toBeLessThan(360);
        const [cos, sin] = [Math.cos((rotation * Math.PI) / 180), Math.sin((rotation * Math.PI) / 180)];
        const turned = { a: scale * cos, b: scale * sin, c: -scale * sin, d: scale * cos, e: 0, f: 0 };
        const moved = apply(turned, place.x * width, place.y * width);
        const matrix = { ...turned, e: 640 - moved.x, f: 400 - moved.y };
        expect(isInvertible(matrix)).toBe(true);
        expect(tilesBetween(-matrix.e, 1280 - matrix.e).length).toBeLessThanOrEqual(12);
      }
    }
    expect(accepted).toBeGreaterThan(10_000);
  });

  it('are limited, not refused, where their numbers are finite', () => {
    expect(parseAddress('1e20,-1e20,1e300')).toEqual({
      x: 2 ** 32,
      y: -(2 ** 32),
      scale: 1e3,
      rotation: 0,
      flip: false,
    });
    expect(parseAddress('1,2,1e-20')?.scale).toBe(1e-8);
    expect(parseAddress('1,2,1e999')).toBeNull();
    expect(parseAddress('1e999,2,1')).toBeNull();
  });
});

describe('tiles between two positions', () => {
  it('are bounded for all numbers', () => {
    expect(tilesBetween(-1, 257)).toEqual([-1, 0, 1]);
    expect(tilesBetween(256, 256)).toEqual([]);
    for (const start of [2 ** 53, 1e200, -1e200, Infinity, -Infinity, NaN, 0]) {
      for (const end of [2 ** 53 + 1280, 1e200, 1e300, Infinity, NaN]) {
        expect(tilesBetween(start, end).length).toBeLessThanOrEqual(512);
      }
    }
  });
});

describe('coordinates', () => {
  const mpp = { x: 0.5, y: 0.25 };
  it.each([
    ['1200, 3400', { x: 1200, y: 3400 }],
    ['1200 3400 px', { x: 1200, y: 3400 }],
    ['1.2 mm, 3.4 mm', { x: 2400, y: 13600 }],
    ['100;200µm', { x: 200, y: 800 }],
    ['-5,7', { x: -5, y: 7 }],
    ['1 mm, 2 px', null],
    ['12', null],
    ['a, b', null],
  ] as const)('%j', (text, expected) => {
    expect(parseCoordinates(text, mpp)).toEqual(expected);
  });

  it('rejects µm if the resolution is unknown', () => {
    expect(parseCoordinates('1 mm, 2 mm', null)).toBeNull();
    expect(parseCoordinates('1, 2', null)).toEqual({ x: 1, y: 2 });
  });
});
