/** Batches, warm-up and statistics of the engine. */
import { describe, expect, it } from 'vitest';
import type { ContextFeatures, SegmenterOptions, SliceInput, SliceMaps } from '../runtime/segmenter.ts';
import { segmentSlide, type RunOptions } from './run.ts';
import type { SegmentEvent, SegmentSummary } from './run-progress.ts';
import { fakeNetwork, FakeSegmenter, type FakeNetworkOptions } from './fake-segmenter.ts';
import { planSlices } from './grid.ts';
import { SliceQueue } from './queue.ts';
import type { SliceReader } from './slice-reader.ts';

/** 10 × 10 slices in 2 × 2 regions. */
const model = {
  slice: { fieldUm: 100, sizePx: 10 },
  context: { kind: 'region', fieldUm: 500, sizePx: 10 },
} as const;
const plan = planSlices({ slide: { width: 1000, height: 1000 }, mpp: { x: 1, y: 1 }, model });

const reader: SliceReader = {
  read: ({ x, y }, size) => {
    const data = new Uint8ClampedArray(4 * size * size).fill(Math.round(x / 100 + y / 50));
    const times = { readMs: 1, decodeMs: 2, preprocessMs: 3 };
    return Promise.resolve({ width: size, height: size, data, times });
  },
};

/** Takes 8 ms to start and 1 ms a slice, on a clock of its own. */
class GpuSegmenter extends FakeSegmenter {
  time = 0;
  readonly batches: number[] = [];

  readonly #fits: number;

  /** @param fits slices that fit the device's memory. */
  constructor(fits = Infinity) {
    super(model, () => {
      this.time += 9;
      return Promise.resolve();
    });
    this.#fits = fits;
  }

  async segmentBatch(
    slices: readonly SliceInput[],
    context: ContextFeatures | null,
    options?: SegmenterOptions,
  ): Promise<SliceMaps[]> {
    this.batches.push(slices.length);
    if (slices.length > this.#fits) throw new Error('out of memory');
    const before = this.time;
    const maps: SliceMaps[] = [];
    for (const { image, sliceInContext } of slices) {
      maps.push(await this.segment(image, context, sliceInContext, options));
    }
    this.time = before + 8 + slices.length;
    return maps;
  }
}

async function run(
  segmenter: GpuSegmenter,
  overrides: Partial<RunOptions & FakeNetworkOptions> = {},
): Promise<{ summary: SegmentSummary; events: SegmentEvent[]; maps: Map<string, string> }> {
  const events: SegmentEvent[] = [];
  const maps = new Map<string, string>();
  const summary = await segmentSlide({
    reader,
    plan,
    queue: new SliceQueue(plan),
    now: () => segmenter.time,
    ...overrides,
    network: fakeNetwork({ ...overrides, segmenter }),
    onEvent: (event) => {
      events.push(event);
      if (event.kind !== 'slice') return;
      const { column, row, classes, confidence } = event.result;
      maps.set(`${column},${row}`, `${classes.join()} ${confidence.join()}`);
    },
  });
  return { summary, events, maps };
}

describe('batches', () => {
  it('grow as far as it pays, stay in one region, and give the same maps', async () => {
    const alone = await run(new GpuSegmenter());
    const gpu = new GpuSegmenter();
    const { summary, maps } = await run(gpu, { mostInBatch: 16 });
    expect(summary).toMatchObject({ slices: 100, regionsEncoded: 4, recoveries: 0 });
    // The 25 slices of a region in two batches, not 16 and 9.
    expect(Math.max(...gpu.batches)).toBe(13);
    expect(gpu.live).toBe(0);
    expect(maps).toEqual(alone.maps);
    // 25 slices of a region are not a multiple of the size: no batch goes over its border.
    expect(gpu.encoded.length).toBe(4);
  });

  it('are not tried where they are not asked for', async () => {
    const gpu = new GpuSegmenter();
    await run(gpu);
    expect(gpu.batches).toEqual([]);
  });

  it('are halved when they fail, and the run goes on with the same network', async () => {
    const alone = await run(new GpuSegmenter());
    const gpu = new GpuSegmenter(3);
    const { summary, maps } = await run(gpu, { mostInBatch: 16, recover: () => Promise.resolve(null) });
    expect(summary).toMatchObject({ slices: 100, broken: 0, recoveries: 0 });
    expect(gpu.batches.filter((size) => size > 3)).toEqual([4]);
    expect(maps).toEqual(alone.maps);
  });

  it('leave another network to be tried when one slice fails too', async () => {
    const gpu = new GpuSegmenter(3);
    let asked = 0;
    const broken = new GpuSegmenter(0);
    broken.segment = () => Promise.reject(new Error('out of memory'));
    const { summary } = await run(broken, {
      mostInBatch: 16,
      recover: () => {
        asked++;
        return Promise.resolve({ segmenter: gpu, inFlight: 1, mostInBatch: 2 });
      },
    });
    expect(asked).toBe(1);
    expect(summary).toMatchObject({ slices: 100, recoveries: 1 });
    expect(Math.max(...gpu.batches)).toBe(2);
  });
});

describe('a segmenter that computes several batches at a time', () => {
  it('measures them itself: results that come together say nothing of a single batch', async () => {
    class Lanes extends GpuSegmenter {
      override async segmentBatch(
        slices: readonly SliceInput[],
        context: ContextFeatures | null,
        options?: SegmenterOptions,
      ): Promise<SliceMaps[]> {
        const before = this.time;
        const maps = await super.segmentBatch(slices, context, options);
        // The clock stands still, as if another thread had given its results at the same time.
        this.time = before;
        options?.onComputed?.(10 * slices.length);
        return maps;
      }
    }
    const lanes = new Lanes();
    const { summary } = await run(lanes, { mostInBatch: 16, inFlight: 4 });
    // No batch is cheaper per slice than a smaller one.
    expect(Math.max(...lanes.batches)).toBe(2);
    expect(summary.stages.inferMs).toBeGreaterThan(500);
  });
});

describe('without cells', () => {
  it('stores every slice, and blends and emits none', async () => {
    const puts: string[] = [];
    const store = {
      has: () => false,
      get: () => Promise.resolve(null),
      put: (column: number, row: number) => Promise.resolve(void puts.push(`${column},${row}`)),
    };
    const { summary, events, maps } = await run(new GpuSegmenter(), { store, emitsCells: false });
    expect(summary).toMatchObject({ slices: 100, broken: 0 });
    expect(new Set(puts).size).toBe(100);
    expect(maps.size).toBe(0);
    const progress = events.filter(({ kind }) => kind === 'progress');
    expect(progress.length).toBe(100);
  });
});

describe('warm-up', () => {
  it('runs while the first slices are read, before any goes through the network', async () => {
    const log: string[] = [];
    class Compiling extends GpuSegmenter {
      async warmUp(options?: SegmenterOptions): Promise<void> {
        log.push(`warm-up ${options?.logProbabilities}`);
        await new Promise((resolve) => setTimeout(resolve, 5));
        log.push('warm');
      }
    }
    const gpu = new Compiling();
    const segment = gpu.segment.bind(gpu);
    gpu.segment = (...args) => {
      if (log.at(-1) !== 'slice') log.push('slice');
      return segment(...args);
    };
    await run(gpu, {
      reader: {
        read: (...args) => {
          if (log.length < 4) log.push('read');
          return reader.read(...args);
        },
      },
    });
    expect(log.indexOf('read')).toBeLessThan(log.indexOf('warm'));
    expect(log.indexOf('slice')).toBeGreaterThan(log.indexOf('warm'));
    expect(log).toContain('warm-up false');
  });

  it('that fails counts as a failure of the network', async () => {
    class Failing extends GpuSegmenter {
      warmUp(): Promise<void> {
        return Promise.reject(new Error('a shader does not compile'));
      }
    }
    const good = new GpuSegmenter();
    const { summary } = await run(new Failing(), {
      recover: () => Promise.resolve({ segmenter: good, inFlight: 1 }),
    });
    expect(summary).toMatchObject({ slices: 100, recoveries: 1 });
    await expect(run(new Failing())).rejects.toThrow('does not compile');
  });
});

describe('statistics', () => {
  it('come twice a second and in the end, with stages and the most memory that was seen', async () => {
    const gpu = new GpuSegmenter();
    let heap = 0;
    const { summary, events } = await run(gpu, {
      measureMemory: () => ({ heapBytes: (heap = (heap + 37) % 100), tensorBytes: 1000 + gpu.live }),
    });
    const told = events.flatMap((event) => (event.kind === 'statistics' ? [event.statistics] : []));
    // 100 slices of 9 ms: after 504 ms, and in the end.
    expect(told.map(({ computed }) => computed)).toEqual([56, 100]);
    expect(told.at(-1)).toEqual({
      computed: 100,
      seconds: 0.9,
      // 100 slices and 4 contexts were read.
      stages: {
        readMs: 104,
        decodeMs: 208,
        preprocessMs: 312,
        waitMs: 0,
        encodeMs: 0,
        inferMs: 900,
        stitchMs: 0,
      },
      memory: { peakHeapBytes: 99, peakTensorBytes: 1004 },
    });
    expect(summary).toMatchObject({ memory: told.at(-1)!.memory, stages: told.at(-1)!.stages });
  });
});
