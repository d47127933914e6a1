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
import { FakeSegmenter } from '../segment/fake-segmenter.ts';
import { planSlices, type SlicePlan } from '../segment/grid.ts';
import { fixedNetwork } from '../segment/network.ts';
import { openNodeSlices, type NodeSliceStore, type OpenMode } from '../segment/node-slice-store.node.ts';
import { SliceQueue } from '../segment/queue.ts';
import { segmentSlide } from '../segment/run.ts';
import type { SliceReader } from '../segment/slice-reader.ts';
import type { RunStore } from '../segment/store.ts';
import { shardPlan, subPlan } from '../segment/sub-plan.ts';
import { SlideError } from '../slide/slide.ts';
import { StitchedRows } from './map-strips.ts';

const folder = mkdtempSync(join(tmpdir(), 'dualscope-shards-'));
afterAll(() => rmSync(folder, { recursive: true }));

const model = {
  slice: { fieldUm: 80, sizePx: 16 },
  context: { kind: 'region', fieldUm: 400, sizePx: 8 },
} as const;

/** Sure of nothing: what neighbours say decides along borders. */
class UnsureSegmenter extends FakeSegmenter {
  override logProbabilitiesOf(classes: Uint8Array): Uint8Array<ArrayBuffer> {
    const call = this.positions.at(-1);
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
  store?: RunStore,
): Promise<{ cells: Map<string, string>; contexts: number; slices: number }> {
  const segmenter = new UnsureSegmenter(model);
  const cells = new Map<string, string>();
  await segmentSlide({
    reader,
    network: fixedNetwork(segmenter),
    plan,
    queue: new SliceQueue(plan),
    store,
    onEvent: (event) => {
      if (event.kind !== 'slice') return;
      const { column, row } = event.result;
      cells.set(`${column},${row}`, hex(event.result));
    },
  });
  return { cells, contexts: segmenter.encoded.length, slices: segmenter.positions.length };
}

const key = 'ab'.repeat(32);

function open(path: string, mode: OpenMode, marginPx: number): NodeSliceStore {
  const slices = openNodeSlices(path, key, marginPx, mode);
  if (slices === null) throw new Error(`${path} is of another run.`);
  return slices;
}

describe.each([0, 0.125, 0.25, 0.5])('overlap %f', (overlap) => {
  const plan = subPlan(
    planSlices({ slide: { width: 1040, height: 880 }, mpp: { x: 1, y: 1 }, model, overlap }),
    // Glass in the middle, so that not every neighbour is there.
    ({ cell: { x, y } }) => Math.hypot(x - 700, y - 500) > 150,
  );
  const whole = run(plan);

  it.each([1, 2, 3, 7, 60])(
    '%i shards give the cells of one run, and encode no context twice',
    async (of) => {
      const expected = await whole;
      // One slice is broken; it and its neighbours' borders are to be the same too.
      expect(expected.cells.size).toBeLessThan(plan.slices.length);
      let contexts = 0;
      let slices = 0;
      const shards: NodeSliceStore[] = [];
      for (let index = 1; index <= of; index++) {
        const path = join(folder, `${overlap}-${of}-${index}`);
        const written = open(path, 'create', plan.marginPx);
        const shard = await run(shardPlan(plan, { index, of }), written.store);
        contexts += shard.contexts;
        slices += shard.slices;
        written.close();
        shards.push(open(path, 'read', plan.marginPx));
      }
      expect({ contexts, slices }).toEqual({ contexts: expected.contexts, slices: expected.slices });
      const rows = new StitchedRows(
        plan,
        ({ column, row }) => shards.find(({ store }) => store.has(column, row))?.read(column, row) ?? null,
      );
      const cells = new Map<string, string>();
      for (let row = 0; row < plan.rows; row++) {
        for (let column = 0; column < plan.columns; column++) {
          const cell = rows.read(column, row);
          if (cell !== null) cells.set(`${column},${row}`, hex(cell));
        }
      }
      for (const shard of shards) shard.close();
      expect([...cells].sort()).toEqual([...expected.cells].sort());
      expect(() => rows.read(0, 0)).toThrow('read rows from top to bottom');
    },
  );
});

describe('torn or damaged slices on disk', () => {
  const plan = planSlices({ slide: { width: 400, height: 400 }, mpp: { x: 1, y: 1 }, model });
  const path = join(folder, 'torn');

  it('are read up to the damage, and truncated only by a run that continues them', async () => {
    const written = open(path, 'create', 0);
    await run(plan, written.store);
    expect(written.store.size).toBe(25);
    written.close();
    const { size } = statSync(path);
    appendFileSync(path, Uint8Array.of(9, 0, 0, 0, 9));
    const reading = open(path, 'read', 0);
    expect(reading.store.size).toBe(25);
    reading.close();
    expect(statSync(path).size).toBe(size + 5);
    const resumed = open(path, 'resume', 0);
    expect(resumed.store.size).toBe(25);
    resumed.close();
    expect(statSync(path).size).toBe(size);
    const bytes = readFileSync(path);
    bytes[Math.floor(size / 2)]! ^= 0xff;
    writeFileSync(path, bytes);
    const damaged = open(path, 'read', 0);
    expect(damaged.store.size).toBe(24);
    expect(damaged.damaged).toBe(1);
    damaged.close();
  });

  it.skipIf(!existsSync('/dev/full'))('name their file when the disk is full', () => {
    expect(() => openNodeSlices('/dev/full', key, 0, 'create')).toThrow(
      /^\/dev\/full: Slices can't be saved \(ENOSPC.*\)\. Free some space there, then continue with --resume\.$/,
    );
  });

  it('are not opened for another run, nor if missing', () => {
    expect(openNodeSlices(path, 'cd'.repeat(32), 0, 'read')).toBeNull();
    expect(openNodeSlices(join(folder, 'none'), key, 0, 'resume')).toBeNull();
  });
});
