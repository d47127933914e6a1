import { expect, it } from 'vitest';
import { classAt } from './class-at.ts';
import { LiveClassMap } from './class-map-store.ts';

it('finds class and confidence of a place, on any slice, and nothing where none is', () => {
  const map = new LiveClassMap();
  const slide = { width: 1000, height: 1000 };
  const size = 2;
  // 100 level-0 pixels a slice, at columns 1 and 3 of row 2.
  for (const column of [1, 3]) {
    map.add(
      {
        column,
        row: 2,
        rect: { x: column * 100, y: 200, width: 100, height: 100 },
        size,
        classes: Uint8Array.of(0, 1, 2, column),
        confidence: Uint8Array.of(0, 51, 102, 255),
      },
      slide,
    );
  }
  expect(classAt(map, 149, 249)).toEqual({ value: 0, confidence: 0 });
  expect(classAt(map, 150, 249.9)).toEqual({ value: 1, confidence: 0.2 });
  expect(classAt(map, 349, 299)).toEqual({ value: 2, confidence: 0.4 });
  expect(classAt(map, 399.9, 299.9)).toEqual({ value: 3, confidence: 1 });
  expect(classAt(map, 250, 250)).toBeNull();
  expect(classAt(map, 150, 199)).toBeNull();
  expect(classAt(new LiveClassMap(), 1, 1)).toBeNull();
});
