import { describe, expect, it } from 'vitest';
import { addressOf, addressText, parseAddress, parseCoordinates, placeOf } from './view-address.ts';

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
