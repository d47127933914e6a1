import { describe, expect, it, vi } from 'vitest';
import type { InputImage } from '../runtime/segmenter.ts';
import { ModelError } from '../runtime/manifest.ts';
import type { Level0Rect, SlideErrorCode } from '../slide/slide.ts';
import { SlideError } from '../slide/slide.ts';
import { ClassMap, noClass } from './class-map.ts';
import { segmentSlide, type RunOptions } from './run.ts';
import type { SegmentEvent, SegmentSummary } from './run-progress.ts';
import { fakeNetwork, FakeSegmenter, type FakeNetworkOptions } from './fake-segmenter.ts';
import { planSlices } from './grid.ts';
import { SliceQueue } from './queue.ts';
import type { SliceReader } from './slice-reader.ts';

/** 10 × 10 slices of 100 px in 2 × 2 regions. */
const model = {
  slice: { fieldUm: 100, sizePx: 10 },
  context: { kind: 'region', fieldUm: 500, sizePx: 10 },
} as const;
const slide = { width: 1000, height: 1000 };
const mpp = { x: 1, y: 1 };

/** A slide whose pixel at (x, y) has red (x / 10 + y / 10) of its 10-px square; contexts read 10 × 50 px. */
function pixels(rect: Level0Rect, size: number): InputImage {
  const data = new Uint8ClampedArray(size * size * 4);
  for (let j = 0; j < size; j++) {
    for (let i = 0; i < size; i++) {
      const x = rect.x + ((i + 0.5) * rect.width) / size;
      const y = rect.y + ((j + 0.5) * rect.height) / size;
      data[4 * (j * size + i)] = Math.floor(x / 10) + Math.floor(y / 10);
    }
  }
  return { width: size, height: size, data };
}

const reader: SliceReader = { read: (rect, size) => Promise.resolve(pixels(rect, size)) };

async function run(
  overrides: Partial<RunOptions & FakeNetworkOptions> = {},
): Promise<{ summary: SegmentSummary; events: SegmentEvent[]; segmenter: FakeSegmenter }> {
  const plan = overrides.plan ?? planSlices({ slide, mpp, model });
  const segmenter = (overrides.segmenter as FakeSegmenter | undefined) ?? new FakeSegmenter(model);
  const events: SegmentEvent[] = [];
  const summary = await segmentSlide({
    reader,
    plan,
    queue: new SliceQueue(plan),
    ...overrides,
    network: fakeNetwork({ ...overrides, segmenter }),
    onEvent: (event) => {
      events.push(event);
      overrides.onEvent?.(event);
    },
  });
  return { summary, events, segmenter };
}

function broken(code: SlideErrorCode): SlideError {
  return new SlideError(code, 'a.svs', 'Broken.', 'Nothing.');
}

describe('engine', () => {
  it('does every slice once and encodes every context once', async () => {
    const { summary, events, segmenter } = await run();
    expect(summary).toMatchObject({ slices: 100, broken: 0, regionsEncoded: 4, cancelled: false });
    expect(segmenter.encoded.length).toBe(4);
    expect(segmenter.live).toBe(0);
    expect(events[0]).toEqual({ kind: 'planned', slices: 100, regions: 4, skipped: 0 });
    const places = events.flatMap((event) =>
      event.kind === 'slice' ? [10 * event.result.row + event.result.column] : [],
    );
    expect([...places].sort((a, b) => a - b)).toEqual(Array.from({ length: 100 }, (_value, i) => i));
  });

  it('stitches slices where they belong', async () => {
    const plan = planSlices({ slide, mpp, model });
    const map = new ClassMap(plan);
    await run({ plan, onEvent: (event) => event.kind === 'slice' && map.put(event.result) });
    for (const [x, y] of [
      [0, 0],
      [999, 0],
      [505, 734],
      [99.9, 100],
    ] as const) {
      expect(map.classAt(x, y)!.classValue).toBe((Math.floor(x / 10) + Math.floor(y / 10)) & 3);
    }
    // The context's first pixel of the region at (500, 500) covers 50 px: its centre is (525, 525).
    expect(map.classAt(700, 700)!.confidence).toBe(52 + 52);
  });

  it('gives the same map with overlap, from the middles of wider slices', async () => {
    const plan = planSlices({ slide, mpp, model, overlap: 0.2 });
    const map = new ClassMap(plan);
    const { summary } = await run({
      plan,
      onEvent: (event) => event.kind === 'slice' && map.put(event.result),
    });
    expect(summary.slices).toBe(13 * 13);
    const { classes } = map.read(map.extent, map.width, map.height);
    expect(Array.from(classes)).toEqual(
      Array.from({ length: 100 * 100 }, (_value, i) => ((i % 100) + Math.floor(i / 100)) & 3),
    );
  });

  it('reads ahead while the network runs, and not further than told', async () => {
    let started = 0;
    let mostAhead = 0;
    let finishedDuringInference = 0;
    let finished = 0;
    const segmenter = new FakeSegmenter({ ...model, context: null }, async () => {
      const before = finished;
      await new Promise((resolve) => setTimeout(resolve, 3));
      finishedDuringInference += finished - before;
    });
    let done = 0;
    const { summary } = await run({
      plan: planSlices({ slide: { width: 1000, height: 200 }, mpp, model: { ...model, context: null } }),
      segmenter,
      readAhead: 4,
      onEvent: (event) => {
        if (event.kind === 'slice') done++;
      },
      reader: {
        read: async (rect, size) => {
          started++;
          mostAhead = Math.max(mostAhead, started - done);
          await new Promise((resolve) => setTimeout(resolve, 1));
          finished++;
          return pixels(rect, size);
        },
      },
    });
    expect(summary.slices).toBe(20);
    expect(started).toBe(20);
    expect(mostAhead).toBe(5);
    expect(finishedDuringInference).toBeGreaterThan(10);
  });

  it('reports a broken slice and goes on', async () => {
    const { summary, events } = await run({
      reader: {
        read: (rect, size) =>
          rect.width === 100 && rect.x === 300 && rect.y === 200
            ? Promise.reject(broken('broken-tile'))
            : Promise.resolve(pixels(rect, size)),
      },
    });
    expect(summary).toMatchObject({ slices: 99, broken: 1, cancelled: false });
    const reports = events.filter((event) => event.kind === 'broken-slice');
    expect(reports).toEqual([
      {
        kind: 'broken-slice',
        column: 3,
        row: 2,
        error: { code: 'broken-tile', file: 'a.svs', problem: 'Broken.', remedy: 'Nothing.' },
      },
    ]);
    const last = events.findLast(({ kind }) => kind === 'slice')!;
    expect(last).toMatchObject({ kind: 'slice', done: 100, total: 100, etaSeconds: 0 });
  });

  it('reads a broken context once and reports its slices', async () => {
    let reads = 0;
    const { summary } = await run({
      reader: {
        read: (rect, size) => {
          if (rect.width < 500 || rect.x > 0 || rect.y > 0) return Promise.resolve(pixels(rect, size));
          reads++;
          return Promise.reject(broken('corrupt'));
        },
      },
    });
    expect(summary).toMatchObject({ slices: 75, broken: 25, regionsEncoded: 3 });
    expect(reads).toBe(1);
  });

  it('stops when the slide as a whole is gone, and frees what it holds', async () => {
    const segmenter = new FakeSegmenter(model);
    const failing = run({
      segmenter,
      reader: {
        read: (rect, size) =>
          rect.x >= 500 ? Promise.reject(broken('network')) : Promise.resolve(pixels(rect, size)),
      },
    });
    await expect(failing).rejects.toMatchObject({ code: 'network' });
    expect(segmenter.live).toBe(0);
  });

  it('fails with the network, and frees what it holds', async () => {
    let calls = 0;
    const segmenter = new FakeSegmenter(model, async () => {
      if (++calls === 30) throw new ModelError('backend', 'nano', 'The device was lost.', 'Try again.');
    });
    await expect(run({ segmenter, inFlight: 2 })).rejects.toThrow('The device was lost');
    expect(calls).toBeLessThanOrEqual(31);
    expect(segmenter.live).toBe(0);
    expect(segmenter.running).toBe(0);
  });

  it('stops within a slice of an abort', async () => {
    const controller = new AbortController();
    const segmenter = new FakeSegmenter(model);
    const { summary } = await run({
      segmenter,
      signal: controller.signal,
      onEvent: (event) => event.kind === 'slice' && event.done === 7 && controller.abort(),
    });
    expect(summary).toMatchObject({ slices: 7, cancelled: true });
    expect(segmenter.positions.length).toBe(7);
    expect(segmenter.live).toBe(0);
  });

  it('does not wait for a read that hangs when it is aborted', async () => {
    const controller = new AbortController();
    const aborted = vi.fn<() => void>();
    const { summary } = await run({
      signal: controller.signal,
      reader: {
        read: (_rect, _size, signal) => {
          signal.addEventListener('abort', () => void aborted());
          setTimeout(() => controller.abort());
          return new Promise(() => undefined);
        },
      },
    });
    expect(summary).toMatchObject({ slices: 0, cancelled: true });
    expect(aborted).toHaveBeenCalled();
  });

  it('is done at once when aborted before', async () => {
    const { summary } = await run({ signal: AbortSignal.abort() });
    expect(summary).toMatchObject({ slices: 0, cancelled: true });
  });

  it('turns to the view when it moves during the run', async () => {
    const plan = planSlices({ slide, mpp, model });
    const queue = new SliceQueue(plan);
    const order: number[] = [];
    await run({
      plan,
      queue,
      onEvent: (event) => {
        if (event.kind !== 'slice') return;
        order.push(event.result.rect.x);
        if (event.done === 3) queue.setView({ x: 910, y: 910, width: 80, height: 80 });
      },
    });
    expect(order.slice(0, 5)).toEqual([0, 100, 200, 900, 500]);
  });

  it('keeps the network busy with as many slices as told, no more', async () => {
    for (const inFlight of [1, 2]) {
      const segmenter = new FakeSegmenter(model, () => new Promise((resolve) => setTimeout(resolve, 1)));
      const { summary } = await run({ segmenter, inFlight, keptRegions: 2 });
      expect(summary.slices).toBe(100);
      expect(segmenter.mostRunning).toBe(inFlight);
      expect(segmenter.mostLive).toBeLessThanOrEqual(2);
    }
  });

  it('measures its stages with the clock it is given', async () => {
    let time = 0;
    const segmenter = new FakeSegmenter(model, async () => void (time += 40));
    const { summary, events } = await run({
      segmenter,
      now: () => time,
      readAhead: 0,
      reader: {
        read: async (rect, size) => {
          time += rect.width === 500 ? 30 : 10;
          return pixels(rect, size);
        },
      },
    });
    // 100 slices of 10 ms and 4 contexts of 30 ms are waited for; 100 inferences of 40 ms.
    expect(summary.stages).toMatchObject({ inferMs: 4000, encodeMs: 0, stitchMs: 0 });
    expect(summary.seconds).toBeCloseTo(5.12, 9);
    const last = events.findLast(({ kind }) => kind === 'slice')!;
    expect(last.kind === 'slice' && last.rate).toBeCloseTo(20, 0);
  });
});

describe('class map', () => {
  const plan = planSlices({ slide: { width: 250, height: 150 }, mpp, model });

  it('knows nothing before, and nothing off the slide', () => {
    const map = new ClassMap(plan);
    expect([map.width, map.height, map.size]).toEqual([25, 15, 0]);
    expect(map.classAt(5, 5)).toBeNull();
    map.put({
      column: 2,
      row: 1,
      size: 10,
      classes: new Uint8Array(100).fill(3),
      confidence: new Uint8Array(100).fill(200),
    });
    expect(map.classAt(249, 149)).toEqual({ classValue: 3, confidence: 200 });
    expect(map.classAt(251, 149)).toBeNull();
    expect(map.classAt(-1, 0)).toBeNull();
    // 6 × 4 pixels over x 190 to 250, y 80 to 160: the last row and first column are unknown.
    const { classes, confidence } = map.read({ x: 190, y: 80, width: 60, height: 80 }, 6, 4);
    const o = noClass;
    expect(Array.from(classes)).toEqual([
      ...[o, o, o, o, o, o],
      ...[o, 3, 3, 3, 3, 3],
      ...[o, 3, 3, 3, 3, 3],
      ...[o, o, o, o, o, o],
    ]);
    expect(confidence[7]).toBe(200);
    expect(confidence[0]).toBe(0);
  });

  it('refuses what is no cell of the plan', () => {
    const map = new ClassMap(plan);
    const maps = { classes: new Uint8Array(100), confidence: new Uint8Array(100) };
    expect(() => map.put({ column: 3, row: 0, size: 10, ...maps })).toThrow('column 3');
    expect(() => map.put({ column: 0, row: 0, size: 20, ...maps })).toThrow(RangeError);
  });
});
