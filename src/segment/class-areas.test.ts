import { expect, it } from 'vitest';
import { classAreas } from './class-areas.ts';
import { ClassMap } from './class-map.ts';
import { planSlices } from './grid.ts';

it('sums areas per class in mm², as far as the slide reaches', () => {
  // Cells of 100 × 200 level-0 px (100 µm) and 10 px; the slide ends in the middle of the second one.
  const mpp = { x: 1, y: 0.5 };
  const map = new ClassMap(
    planSlices({
      slide: { width: 150, height: 200 },
      mpp,
      model: { slice: { fieldUm: 100, sizePx: 10 }, context: null },
    }),
  );
  const classes = new Uint8Array(100).fill(1);
  classes.fill(2, 0, 30);
  const confidence = new Uint8Array(100);
  map.put({ rect: { x: 0, y: 0, width: 100, height: 200 }, size: 10, classes, confidence });
  map.put({ rect: { x: 100, y: 0, width: 100, height: 200 }, size: 10, classes, confidence });
  // A map pixel is 10 × 10 µm = 0.0001 mm². First cell: 30 and 70 pixels; half of the second: 15 and 35.
  const areas = classAreas(map, 4, mpp);
  expect(areas.pixels).toEqual([0, 105, 45, 0]);
  expect(areas.mm2[1]).toBeCloseTo(0.0105, 12);
  expect(areas.mm2[2]).toBeCloseTo(0.0045, 12);
});
