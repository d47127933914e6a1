import { describe, expect, it } from 'vitest';
import { FifoSemaphore } from '../base/fifo-semaphore.ts';
import { fakeNetwork, FakeSegmenter } from './fake-segmenter.ts';
import { planSlices } from './grid.ts';
import { SliceQueue } from './queue.ts';
import { segmentSlide, type RunOptions } from './run.ts';

const model = { slice: { fieldUm: 100, sizePx: 2 }, context: null };

function job(slices: number, semaphore: FifoSemaphore, onSlice: () => void): RunOptions {
  const plan = planSlices({
    slide: { width: slices * 100, height: 100 },
    mpp: { x: 1, y: 1 },
    model,
  });
  return {
    plan,
    queue: new SliceQueue(plan),
    reader: { read: async () => ({ width: 2, height: 2, data: new Uint8ClampedArray(16) }) },
    network: fakeNetwork({
      segmenter: new FakeSegmenter(model, () => new Promise((resolve) => setTimeout(resolve, 1))),
      turn: semaphore.run,
    }),
    onEvent: (event) => event.kind === 'slice' && onSlice(),
  };
}

describe('a semaphore between runs', () => {
  it('lets two runs alternate, so that a short one does not wait for a long one', async () => {
    const semaphore = new FifoSemaphore();
    const order: string[] = [];
    await Promise.all([
      segmentSlide(job(30, semaphore, () => order.push('long'))),
      segmentSlide(job(5, semaphore, () => order.push('short'))),
    ]);
    expect(order.length).toBe(35);
    // Five of the short one among the first dozen; strict alternation would be ten.
    expect(order.slice(0, 12).filter((name) => name === 'short').length).toBe(5);
  });

  it('continues after a task that failed', async () => {
    const semaphore = new FifoSemaphore();
    const failing = semaphore.run(() => Promise.reject(new Error('lost')));
    let ran = false;
    await semaphore.run(async () => void (ran = true));
    expect(ran).toBe(true);
    await expect(failing).rejects.toThrow('lost');
  });
});
