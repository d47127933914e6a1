import { describe, expect, it } from 'vitest';
import type { RunOptions } from './engine.ts';
import { segmentSlide } from './engine.ts';
import { FairTurns } from './fair-turns.ts';
import { FakeSegmenter } from './fake-segmenter.ts';
import { planSlices } from './grid.ts';
import { SliceQueue } from './queue.ts';

const model = { slice: { fieldUm: 100, sizePx: 2 }, context: null };

function job(slices: number, turns: FairTurns, onSlice: () => void): RunOptions {
  const plan = planSlices({
    slide: { width: slices * 100, height: 100 },
    mpp: { x: 1, y: 1 },
    model,
  });
  return {
    plan,
    queue: new SliceQueue(plan),
    reader: { read: async () => ({ width: 2, height: 2, data: new Uint8ClampedArray(16) }) },
    segmenter: new FakeSegmenter(model, () => new Promise((resolve) => setTimeout(resolve, 1))),
    turn: turns.take,
    onEvent: (event) => event.kind === 'slice' && onSlice(),
  };
}

describe('fair turns', () => {
  it('lets two runs alternate, so that a short one does not wait for a long one', async () => {
    const turns = new FairTurns();
    const order: string[] = [];
    await Promise.all([
      segmentSlide(job(30, turns, () => order.push('long'))),
      segmentSlide(job(5, turns, () => order.push('short'))),
    ]);
    expect(order.length).toBe(35);
    // Five of the short one among the first dozen; strict alternation would be ten.
    expect(order.slice(0, 12).filter((name) => name === 'short').length).toBe(5);
  });

  it('goes on after work that failed', async () => {
    const turns = new FairTurns();
    const failing = turns.take(() => Promise.reject(new Error('lost')));
    let ran = false;
    await turns.take(async () => void (ran = true));
    expect(ran).toBe(true);
    await expect(failing).rejects.toThrow('lost');
  });
});
