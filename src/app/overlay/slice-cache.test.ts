import { describe, expect, it } from 'vitest';
import type { SliceMaps } from '../../runtime/segmenter.ts';
import { LiveClassMap } from './class-map-store.ts';
import { SliceCache } from './slice-cache.ts';

const slide = { width: 1e6, height: 1e6 };
const size = 64;

function result(index: number) {
  // Blocks of 8 pixels, so that halved copies still distinguish slices.
  const classes = Uint8Array.from(
    { length: size * size },
    (_, at) => ((at >> 3) + index + (at >> 10) * 3) % 4,
  );
  const confidence = classes.map((value) => 40 * value + (index % 40));
  const rect = { x: (index % 100) * 400, y: Math.floor(index / 100) * 400, width: 400, height: 400 };
  return { column: index % 100, row: Math.floor(index / 100), rect, size, classes, confidence };
}

/** A worker that responds in the next task. */
class Aside {
  readonly kept = new Map<number, SliceMaps>();
  full = false;
  async putAside(id: number, maps: SliceMaps): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve));
    if (this.full) throw new Error('full');
    this.kept.set(id, structuredClone(maps));
  }
  async getAside(id: number): Promise<SliceMaps | null> {
    await new Promise((resolve) => setTimeout(resolve));
    return this.kept.get(id) ?? null;
  }
}

const tasks = async (count: number): Promise<void> => {
  for (let i = 0; i < count; i++) await new Promise((resolve) => setTimeout(resolve));
};

describe('bounded memory of class maps', () => {
  const perSlice = (2 * size * size * 4) / 3;

  it('stays flat during a long run, and reads every slice back unchanged', async () => {
    const aside = new Aside();
    let time = 0;
    const memory = new SliceCache(
      aside,
      50 * perSlice,
      () => expect.fail(),
      () => time,
    );
    const map = new LiveClassMap(memory);
    let most = 0;
    for (let index = 0; index < 200; index++) {
      map.add(result(index), slide);
      time += 10;
      await tasks(1);
      if (index % 20 > 0) continue;
      most = Math.max(
        most,
        [...map.slices].reduce((sum, slice) => sum + slice.spareBytes, 0),
      );
    }
    // Slices being written exceed the budget.
    expect(most).toBeLessThan(56 * perSlice);
    expect(memory.bytes).toBeLessThan(56 * perSlice);
    const slices = [...map.slices];
    expect(slices.filter(({ isWhole }) => isWhole).length).toBeLessThan(56);
    // Coarse maps always stay, so that the whole slide shows at once.
    expect(slices[0]!.map(1).size).toBe(32);
    const revision = map.revision;
    for (const index of [0, 1, 100, 199]) {
      const { classes, confidence } = result(index);
      expect(await slices[index]!.whole()).toEqual({ size, classes, confidence });
    }
    expect(map.revision).toBeGreaterThan(revision);
  });

  it('reads a viewed slice back, and never spills one that is on screen', async () => {
    const aside = new Aside();
    let time = 0;
    const memory = new SliceCache(
      aside,
      2 * perSlice,
      () => expect.fail(),
      () => time,
    );
    const map = new LiveClassMap(memory);
    let notified = 0;
    map.subscribe(() => notified++);
    for (let index = 0; index < 10; index++) {
      map.add(result(index), slide);
      await tasks(2);
    }
    const [first] = [...map.slices];
    expect(first!.isWhole).toBe(false);
    notified = 0;
    expect(first!.map(0).size).toBe(32);
    await tasks(3);
    expect(notified).toBe(1);
    expect(first!.map(0)).toMatchObject({ size, classes: result(0).classes });
    // Others arrive while the one on screen is used in every frame.
    for (let index = 10; index < 20; index++) {
      time += 200;
      first!.map(0);
      map.add(result(index), slide);
      await tasks(2);
    }
    expect(first!.isWhole).toBe(true);
    time += 5000;
    map.add(result(20), slide);
    await tasks(5);
    map.add(result(21), slide);
    await tasks(5);
    expect(first!.isWhole).toBe(false);
    // Unchanged, so not written again.
    expect(aside.kept.size).toBeLessThanOrEqual(22);
  });

  it('reports once that spilling failed, and loses nothing', async () => {
    const aside = new Aside();
    aside.full = true;
    let problems = 0;
    const map = new LiveClassMap(new SliceCache(aside, 2 * perSlice, () => problems++));
    for (let index = 0; index < 10; index++) {
      map.add(result(index), slide);
      await tasks(2);
    }
    expect(problems).toBe(1);
    expect([...map.slices].every(({ isWhole }) => isWhole)).toBe(true);
  });
});
