import { describe, expect, it } from 'vitest';
import { LiveClassMap } from '../overlay/class-map-store.ts';
import { DifferenceLayer } from './difference-layer.ts';
import { agreed, differenceOf, notCompared, TransitionCodes } from './difference.ts';
import { codeRegions } from './disagreements.ts';

const classes = ['Normal', 'Benign', 'In situ'].map((name, value) => ({
  name,
  colour: '#000000',
  background: value === 0,
}));

describe('differenceOf', () => {
  const rect = { x: 0, y: 0, width: 4, height: 4 };

  it('assigns transitions pixel by pixel', () => {
    const codes = new TransitionCodes(classes, classes);
    const first = { rect, size: 2, classes: Uint8Array.of(0, 1, 2, 2) };
    const second = { rect, size: 2, classes: Uint8Array.of(0, 2, 2, 1) };
    const result = differenceOf(first, [second], codes);
    expect([...result]).toEqual([agreed, 1, agreed, 2]);
    expect(codes.transitions).toEqual([
      { from: 1, to: 2 },
      { from: 2, to: 1 },
    ]);
  });

  it('compares by position if grid and resolution differ, and marks uncovered pixels', () => {
    const codes = new TransitionCodes(classes, classes);
    const first = { rect, size: 4, classes: new Uint8Array(16) };
    // Covers more than the right half; one of its pixels covers two of the first.
    const second = {
      rect: { x: 2, y: 0, width: 4, height: 4 },
      size: 2,
      classes: Uint8Array.of(0, 1, 1, 1),
    };
    const n = notCompared;
    expect([...differenceOf(first, [second], codes)]).toEqual(
      [
        [n, n, 0, 0],
        [n, n, 0, 0],
        [n, n, 1, 1],
        [n, n, 1, 1],
      ].flat(),
    );
  });

  it('identifies classes by name, not by value', () => {
    const other = [classes[0], classes[2], { ...classes[1], name: 'benign ' }].flatMap((one) => one ?? []);
    const codes = new TransitionCodes(classes, other);
    expect(codes.of(1, 2)).toBe(agreed);
    expect(codes.of(2, 1)).toBe(agreed);
    expect(codes.of(1, 1)).toBe(1);
  });
});

describe('codeRegions', () => {
  it('finds 4-connected regions, with a point inside each', () => {
    const size = 4;
    // A hook of code 1 with its centroid outside, and a dot of code 2 that touches only at a corner.
    const codes = Uint8Array.from([1, 1, 1, 0, 1, 0, 0, 2, 1, 0, 0, 0, 0, 0, 255, 255]);
    const { regions, labels } = codeRegions(codes, size);
    expect(regions.map(({ code, pixels }) => [code, pixels])).toEqual([
      [1, 5],
      [2, 1],
    ]);
    expect(regions[0]).toMatchObject({ left: 0, top: 0, right: 3, bottom: 3 });
    for (const [index, { x, y }] of regions.entries()) expect(labels[y * size + x]).toBe(index + 1);
    expect(labels.filter((label) => label > 0)).toHaveLength(6);
  });
});

describe('DifferenceLayer', () => {
  const slide = { width: 100, height: 100 };
  const slice = (x: number, y: number, values: number[]): Parameters<LiveClassMap['add']>[0] => ({
    column: x / 10,
    row: y / 10,
    rect: { x, y, width: 10, height: 10 },
    size: 2,
    classes: Uint8Array.from(values),
    confidence: new Uint8Array(4).fill(255),
  });
  const content = (map: LiveClassMap): ConstructorParameters<typeof DifferenceLayer>[0] => ({
    title: '',
    classes,
    map,
  });

  it('joins regions across slices and sorts them by area', () => {
    const first = new LiveClassMap();
    const second = new LiveClassMap();
    for (const x of [0, 10]) first.add(slice(x, 0, [0, 0, 0, 0]), slide);
    second.add(slice(0, 0, [1, 0, 0, 2]), slide);
    second.add(slice(10, 0, [0, 0, 2, 2]), slide);
    const layer = new DifferenceLayer(content(first), content(second), slide);
    expect(layer.update()).toBe(true);
    const spots = layer.disagreements();
    expect(spots.map(({ area }) => area)).toEqual([75, 25]);
    expect(spots[0]).toMatchObject({ bounds: { x: 5, y: 5, width: 15, height: 5 }, y: 7.5 });
    const [, toInSitu] = layer.transitions;
    expect(toInSitu).toEqual({ from: 0, to: 2 });
    expect(layer.map.areaOf(2)).toBe(75);
    expect(layer.map.areaOf(agreed)).toBe(100);
  });

  it('updates when either map gains slices', () => {
    const first = new LiveClassMap();
    const second = new LiveClassMap();
    const layer = new DifferenceLayer(content(first), content(second), slide);
    layer.update();
    expect(layer.map.size).toBe(0);
    first.add(slice(0, 0, [1, 1, 1, 1]), slide);
    layer.update();
    expect(layer.map.areaOf(notCompared)).toBe(100);
    second.add(slice(0, 0, [1, 1, 1, 0]), slide);
    layer.update();
    expect(layer.map.areaOf(notCompared)).toBe(0);
    expect(layer.disagreements().map(({ area }) => area)).toEqual([25]);
    first.add(slice(0, 0, [1, 1, 1, 0]), slide);
    layer.update();
    expect(layer.disagreements()).toEqual([]);
  });
});
