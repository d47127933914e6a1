import { describe, expect, it, vi } from 'vitest';
import type { Cell } from '../../segment/run-progress.ts';
import { ClassMapStore } from './class-map-store.ts';

function slice(x: number, y: number, values: number[]): Cell {
  const size = Math.sqrt(values.length);
  return {
    column: Math.round(x / 100),
    row: Math.round(y / 100),
    rect: { x, y, width: 100, height: 100 },
    size,
    classes: Uint8Array.from(values),
    confidence: new Uint8Array(values.length).fill(200),
  };
}

const slide = { width: 1000, height: 1000 };

describe('LiveClassMap', () => {
  it('adds areas up in level-0 pixels', () => {
    const map = new ClassMapStore().of('slide', null, 'model');
    map.add(slice(0, 0, [0, 1, 1, 1]), slide);
    map.add(slice(100, 0, [1, 0, 0, 0]), slide);
    expect(map.areaOf(1)).toBe(10_000);
    expect(map.areaOf(0)).toBe(10_000);
  });

  it('replaces a slice that is computed again', () => {
    const map = new ClassMapStore().of('slide', null, 'model');
    map.add(slice(0, 0, [1, 1, 1, 1]), slide);
    map.add(slice(0.001, 0, [2, 2, 2, 2]), slide);
    expect(map.size).toBe(1);
    expect(map.areaOf(1)).toBe(0);
    expect(map.areaOf(2)).toBe(10_000);
  });

  it('does not count pixels outside the slide', () => {
    const map = new ClassMapStore().of('slide', null, 'model');
    map.add(slice(950, 0, [1, 2, 1, 2]), slide);
    expect(map.areaOf(1)).toBe(5000);
    expect(map.areaOf(2)).toBe(0);
  });

  it('finds neighbours despite rounding', () => {
    const map = new ClassMapStore().of('slide', null, 'model');
    map.add(slice(0, 0, [1]), slide);
    map.add(slice(100.0004, 0, [2]), slide);
    const [first, second] = [...map.slices];
    expect(map.neighbour(second!, -1, 0)).toBe(first);
    expect(map.neighbour(first!, 0, -1)).toBeNull();
  });

  it('notifies its listeners', () => {
    const map = new ClassMapStore().of('slide', null, 'model');
    const listener = vi.fn();
    const end = map.subscribe(listener);
    map.add(slice(0, 0, [1]), slide);
    end();
    map.add(slice(100, 0, [1]), slide);
    expect(listener).toHaveBeenCalledTimes(1);
    expect(map.version).toBe(2);
  });

  it('halves maps while their size is even', () => {
    const map = new ClassMapStore().of('slide', null, 'model');
    map.add(slice(0, 0, new Array<number>(36).fill(3)), slide);
    const [stored] = [...map.slices];
    expect(stored!.map(0).size).toBe(6);
    expect(stored!.map(1).size).toBe(3);
    expect(stored!.map(5).size).toBe(3);
    expect([...stored!.map(1).classes]).toEqual(new Array<number>(9).fill(3));
  });
});

describe('ClassMapStore', () => {
  it('keeps one map per slide and model', () => {
    const store = new ClassMapStore();
    expect(store.of('a', null, 'm')).toBe(store.of('a', null, 'm'));
    expect(store.of('a', null, 'm')).not.toBe(store.of('b', null, 'm'));
    // Another pixel size has another grid: the old map is kept, but not shown.
    const half = { x: 0.5, y: 0.5 };
    expect(store.of('a', half, 'm')).not.toBe(store.of('a', { x: 0.25, y: 0.25 }, 'm'));
    expect(store.of('a', half, 'm')).toBe(store.of('a', { ...half }, 'm'));
  });
});
