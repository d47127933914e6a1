/** Pausing, resuming from a store, and replacing a failed network. */
import { describe, expect, it } from 'vitest';
import type { InputImage, SliceMaps } from '../runtime/segmenter.ts';
import { ModelError } from '../runtime/manifest.ts';
import { PauseGate, segmentSlide, type RunOptions } from './run.ts';
import type { Cell, SegmentEvent, SegmentSummary } from './run-progress.ts';
import { fakeNetwork, FakeSegmenter, type FakeNetworkOptions } from './fake-segmenter.ts';
import { planSlices } from './grid.ts';
import { SliceQueue } from './queue.ts';
import type { SliceReader } from './slice-reader.ts';
import type { RunStore } from './store.ts';

const model = {
  slice: { fieldUm: 80, sizePx: 8 },
  context: { kind: 'region', fieldUm: 400, sizePx: 8 },
} as const;

function pixels(x0: number, y0: number, step: number, size: number): InputImage {
  const data = new Uint8ClampedArray(size * size * 4);
  for (let j = 0; j < size; j++) {
    for (let i = 0; i < size; i++) {
      data[4 * (j * size + i)] = Math.floor((x0 + i * step) / 30) + Math.floor((y0 + j * step) / 50);
    }
  }
  return { width: size, height: size, data };
}

const reader: SliceReader = {
  read: (rect, size) => Promise.resolve(pixels(rect.x, rect.y, rect.width / size, size)),
};

class MemoryStore implements RunStore {
  readonly kept = new Map<string, SliceMaps>();
  has(column: number, row: number): boolean {
    return this.kept.has(`${column},${row}`);
  }
  get(column: number, row: number): Promise<SliceMaps | null> {
    return Promise.resolve(this.kept.get(`${column},${row}`) ?? null);
  }
  put(column: number, row: number, maps: SliceMaps): Promise<void> {
    this.kept.set(`${column},${row}`, maps);
    return Promise.resolve();
  }
}

async function run(
  overrides: Partial<RunOptions & FakeNetworkOptions> & { readonly overlap?: number } = {},
): Promise<{
  summary: SegmentSummary;
  cells: Map<string, Cell>;
  segmenter: FakeSegmenter;
  events: SegmentEvent[];
}> {
  const { overlap = 0.25, ...options } = overrides;
  const plan = planSlices({ slide: { width: 640, height: 640 }, mpp: { x: 1, y: 1 }, model, overlap });
  const segmenter = (options.segmenter as FakeSegmenter | undefined) ?? new FakeSegmenter(model);
  const cells = new Map<string, Cell>();
  const events: SegmentEvent[] = [];
  const summary = await segmentSlide({
    reader,
    plan,
    queue: new SliceQueue(plan),
    ...options,
    network: fakeNetwork({ ...options, segmenter }),
    onEvent: (event) => {
      events.push(event);
      if (event.kind === 'slice') cells.set(placeOf(event.result), event.result);
      options.onEvent?.(event);
    },
  });
  return { summary, cells, segmenter, events };
}

const placeOf = ({ column, row }: Cell): string => `${column},${row}`;
const sorted = (cells: Map<string, Cell>) => [...cells].sort(([a], [b]) => a.localeCompare(b));

describe('resuming', () => {
  it.each([0, 0.25])(
    'computes nothing again that was kept (overlap %f), and ends with the same map',
    async (overlap) => {
      const whole = await run({ overlap });
      const total = whole.cells.size;
      const store = new MemoryStore();
      const controller = new AbortController();
      const first = await run({
        overlap,
        store,
        signal: controller.signal,
        onEvent: (event) => {
          if ((event.kind === 'slice' || event.kind === 'progress') && event.done === 40) controller.abort();
        },
      });
      expect(first.summary.cancelled).toBe(true);
      expect(store.kept.size).toBe(first.summary.slices);
      const second = await run({ overlap, store });
      expect(second.summary).toMatchObject({ slices: total, restored: first.summary.slices });
      expect(second.segmenter.positions.length).toBe(total - first.summary.slices);
      expect(sorted(second.cells)).toEqual(sorted(whole.cells));
      const third = await run({ overlap, store });
      expect(third.segmenter.positions.length).toBe(0);
      expect(third.segmenter.encoded.length).toBe(0);
      expect(sorted(third.cells)).toEqual(sorted(whole.cells));
    },
  );

  it('shows slices before they are stored, and ends when all are', async () => {
    const store = new MemoryStore();
    let shown = 0;
    let shownWhenFirstWasStored = 0;
    const put = store.put.bind(store);
    store.put = async (...slice) => {
      await new Promise((resolve) => setTimeout(resolve, 20));
      if (store.kept.size === 0) shownWhenFirstWasStored = shown;
      await put(...slice);
    };
    const { summary } = await run({
      overlap: 0,
      store,
      onEvent: (event) => {
        if (event.kind === 'slice') shown++;
      },
    });
    expect(shownWhenFirstWasStored).toBeGreaterThan(1);
    expect(store.kept.size).toBe(summary.slices);
  });

  it('fails when a slice can not be stored', async () => {
    const store = new MemoryStore();
    store.put = () => Promise.reject(new Error('The disk is full.'));
    await expect(run({ overlap: 0, store })).rejects.toThrow('The disk is full.');
  });

  it('computes again what comes back damaged', async () => {
    const store = new MemoryStore();
    await run({ store });
    store.get = () => Promise.resolve(null);
    const { summary, segmenter } = await run({ store });
    expect(summary.restored).toBe(0);
    expect(segmenter.positions.length).toBe(summary.slices);
  });
});

describe('pausing', () => {
  it('begins nothing while paused, then ends with every slice', async () => {
    const pause = new PauseGate();
    let whilePaused = 0;
    const { summary } = await run({
      overlap: 0,
      pause,
      onEvent: (event) => {
        if (event.kind !== 'slice') return;
        if (pause.paused) whilePaused++;
        if (event.done !== 5) return;
        pause.set(true);
        setTimeout(() => pause.set(false), 30);
      },
    });
    expect(whilePaused).toBe(0);
    expect(summary.slices).toBe(64);
  });

  it('can be cancelled while paused', async () => {
    const pause = new PauseGate();
    const controller = new AbortController();
    const { summary } = await run({
      overlap: 0,
      pause,
      signal: controller.signal,
      onEvent: (event) => {
        if (event.kind !== 'slice' || event.done !== 5) return;
        pause.set(true);
        setTimeout(() => controller.abort(), 10);
      },
    });
    expect(summary).toMatchObject({ cancelled: true, slices: 5 });
  });
});

describe('a run that is aborted', () => {
  it('ends as cancelled and shows what it computed, even when its network fails at the same moment', async () => {
    const controller = new AbortController();
    let calls = 0;
    const segmenter = new FakeSegmenter(model, async () => {
      if (++calls < 10) return;
      controller.abort();
      throw new ModelError('backend', 'webgpu', 'The device was lost.', 'Wait.');
    });
    const { summary, cells } = await run({ segmenter, signal: controller.signal });
    expect(summary).toMatchObject({ cancelled: true, slices: 9 });
    expect(cells.size).toBe(9);
  });
});

it('ends with the error of whoever receives the cells: none is lost without a word', async () => {
  const failing = run({
    overlap: 0,
    recover: () => Promise.resolve({ segmenter: new FakeSegmenter(model) }),
    onEvent: (event) => {
      if (event.kind === 'slice' && event.done === 5) throw new Error('No room on screen.');
    },
  });
  await expect(failing).rejects.toThrow('No room on screen.');
});

describe('a network that fails', () => {
  const failing = (after: number): FakeSegmenter => {
    let calls = 0;
    return new FakeSegmenter(model, async () => {
      if (++calls > after) throw new ModelError('backend', 'webgpu', 'The device was lost.', 'Wait.');
    });
  };

  it('is replaced, and the map is the same', async () => {
    const whole = await run();
    const broken = failing(30);
    const given: number[] = [];
    const { summary, cells } = await run({
      segmenter: broken,
      inFlight: 2,
      recover: (error, slicesSince) => {
        expect(error).toBeInstanceOf(ModelError);
        given.push(slicesSince);
        return Promise.resolve({
          segmenter: given.length === 1 ? failing(0) : new FakeSegmenter(model),
          inFlight: 1,
        });
      },
    });
    expect(given).toEqual([30, 0]);
    expect(summary).toMatchObject({ slices: whole.summary.slices, recoveries: 2, cancelled: false });
    expect(broken.live).toBe(0);
    expect(sorted(cells)).toEqual(sorted(whole.cells));
  });

  it('is replaced when it fails on a context', async () => {
    const bad = new FakeSegmenter(model);
    bad.encodeContext = () => {
      throw new Error('out of memory');
    };
    const { summary } = await run({
      segmenter: bad,
      recover: () => Promise.resolve({ segmenter: new FakeSegmenter(model), inFlight: 1 }),
    });
    expect(summary).toMatchObject({ broken: 0, recoveries: 1 });
  });

  it('ends the run with its error when there is no other', async () => {
    await expect(run({ segmenter: failing(3), recover: () => Promise.resolve(null) })).rejects.toThrow(
      'The device was lost',
    );
  });
});
