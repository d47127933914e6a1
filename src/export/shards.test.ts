/** A slide in shards against the same slide in one run of the engine: cell by cell the same bytes. */
import {
  appendFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { segmentSlide } from '../segment/engine.ts';
import { FakeSegmenter } from '../segment/fake-segmenter.ts';
import { planSlices, type SlicePlan } from '../segment/grid.ts';
import { SliceQueue } from '../segment/queue.ts';
import type { SliceReader } from '../segment/read-ahead.ts';
import { shardPlan } from '../segment/shard.ts';
import type { SliceStore } from '../segment/slice-store.ts';
import { SlideError } from '../slide/slide.ts';
import { ShardJournal, type ShardHead } from './shard-journal.node.ts';
import { StitchedRows } from './stitched-rows.ts';

const folder = mkdtempSync(join(tmpdir(), 'dualscope-shards-'));
afterAll(() => rmSync(folder, { recursive: true }));

const model = {
  slice: { fieldUm: 80, sizePx: 16 },
  context: { kind: 'region', fieldUm: 400, sizePx: 8 },
} as const;

/** Sure of nothing: what neighbours say decides along borders. */
class UnsureSegmenter extends FakeSegmenter {
  protected override logProbabilitiesOf(classes: Uint8Array): Uint8Array<ArrayBuffer> {
    const call = this.where.at(-1);
    const bytes = new Uint8Array(4 * classes.length);
    for (let i = 0; i < bytes.length; i++) {
      bytes[i] =
        Math.imul(i + 1, 2654435761 + Math.round(1e4 * (call?.x ?? 0) + 1e6 * (call?.y ?? 0))) >>> 24;
    }
    for (let i = 0; i < classes.length; i++) bytes[4 * i + (classes[i] ?? 0)] = 255;
    return bytes;
  }
}

/** Every pixel is told by its place; one place can't be read. */
const reader: SliceReader = {
  read: (rect, size) => {
    if (size === 16 && overlapsHole(rect)) {
      return Promise.reject(new SlideError('corrupt', 'a', 'A tile is damaged.', 'Copy it again.'));
    }
    const data = new Uint8ClampedArray(4 * size * size);
    for (let i = 0; i < size * size; i++) {
      const x = rect.x + ((i % size) * rect.width) / size;
      const y = rect.y + (Math.floor(i / size) * rect.height) / size;
      data[4 * i] = Math.floor(x / 31) + Math.floor(y / 47);
    }
    return Promise.resolve({ width: size, height: size, data });
  },
};

const overlapsHole = ({ x, y, width, height }: { x: number; y: number; width: number; height: number }) =>
  x < 505 && x + width > 500 && y < 305 && y + height > 300;

const hex = ({ classes, confidence }: { classes: Uint8Array; confidence: Uint8Array }) =>
  Buffer.concat([classes, confidence]).toString('hex');

async function run(
  plan: SlicePlan,
  store?: SliceStore,
): Promise<{ cells: Map<string, string>; contexts: number; slices: number }> {
  const segmenter = new UnsureSegmenter(model);
  const cells = new Map<string, string>();
  await segmentSlide({
    reader,
    segmenter,
    plan,
    queue: new SliceQueue(plan),
    store,
    onEvent: (event) => {
      if (event.kind !== 'slice') return;
      const { column, row } = plan.slices[event.result.index]!;
      cells.set(`${column},${row}`, hex(event.result));
    },
  });
  return { cells, contexts: segmenter.encoded.length, slices: segmenter.where.length };
}

const headOf = (plan: SlicePlan, index: number, of: number): ShardHead => ({
  key: 'a',
  shard: { index, of },
  sizePx: plan.sizePx,
  marginPx: plan.marginPx,
});

describe.each([0, 0.125, 0.25, 0.5])('overlap %f', (overlap) => {
  const plan = planSlices({
    slide: { width: 1040, height: 880 },
    mpp: { x: 1, y: 1 },
    model,
    overlap,
    // Glass in the middle, so that not every neighbour is there.
    keep: ({ x, y }) => Math.hypot(x - 700, y - 500) > 150,
  });
  const whole = run(plan);

  it.each([1, 2, 3, 7, 60])(
    '%i shards give the cells of one run, and encode no context twice',
    async (of) => {
      const expected = await whole;
      // One slice is broken; it and its neighbours' borders are to be the same too.
      expect(expected.cells.size).toBeLessThan(plan.slices.length);
      let contexts = 0;
      let slices = 0;
      const journals: ShardJournal[] = [];
      for (let index = 1; index <= of; index++) {
        const path = join(folder, `${overlap}-${of}-${index}`);
        const journal = ShardJournal.create(path, headOf(plan, index, of));
        const shard = await run(shardPlan(plan, { index, of }), journal);
        contexts += shard.contexts;
        slices += shard.slices;
        journal.close();
        journals.push(ShardJournal.read(path, headOf(plan, index, of))!);
      }
      expect({ contexts, slices }).toEqual({ contexts: expected.contexts, slices: expected.slices });
      const rows = new StitchedRows(
        plan,
        ({ column, row }) => journals.find((journal) => journal.has(column, row))?.read(column, row) ?? null,
      );
      const cells = new Map<string, string>();
      for (let row = 0; row < plan.rows; row++) {
        for (let column = 0; column < plan.columns; column++) {
          const cell = rows.read(column, row);
          if (cell !== null) cells.set(`${column},${row}`, hex(cell));
        }
      }
      for (const journal of journals) journal.close();
      expect([...cells].sort()).toEqual([...expected.cells].sort());
      expect(() => rows.read(0, 0)).toThrow('rows go down');
    },
  );
});

describe('a journal that is torn or damaged', () => {
  const plan = planSlices({ slide: { width: 400, height: 400 }, mpp: { x: 1, y: 1 }, model });
  const head = headOf(plan, 1, 1);
  const path = join(folder, 'torn');

  it('is read as far as it is whole, and cut off only by who goes on with it', async () => {
    const journal = ShardJournal.create(path, head);
    await run(plan, journal);
    expect(journal.size).toBe(25);
    journal.close();
    const { size } = statSync(path);
    appendFileSync(path, Uint8Array.of(9, 0, 0, 0, 9));
    const reading = ShardJournal.read(path, head)!;
    expect(reading.size).toBe(25);
    reading.close();
    expect(statSync(path).size).toBe(size + 5);
    const resumed = ShardJournal.resume(path, head)!;
    expect(resumed.size).toBe(25);
    resumed.close();
    expect(statSync(path).size).toBe(size);
    const bytes = readFileSync(path);
    bytes[Math.floor((4096 + size) / 2)]! ^= 0xff;
    writeFileSync(path, bytes);
    const damaged = ShardJournal.read(path, head)!;
    expect(damaged.size).toBeGreaterThan(0);
    expect(damaged.size).toBeLessThan(25);
    damaged.close();
  });

  it.skipIf(!existsSync('/dev/full'))('names its file when the disk is full', () => {
    expect(() => ShardJournal.create('/dev/full', head)).toThrow(
      /^\/dev\/full: Slices can't be kept \(ENOSPC.*\)\. Make room there, then go on with --resume\.$/,
    );
  });

  it('is none of another shard, run or grid', () => {
    expect(ShardJournal.read(path, { ...head, key: 'b' })).toBeNull();
    expect(ShardJournal.read(path, { ...head, shard: { index: 1, of: 2 } })).toBeNull();
    expect(ShardJournal.read(path, { ...head, marginPx: 1 })).toBeNull();
    expect(ShardJournal.resume(join(folder, 'none'), head)).toBeNull();
  });
});
