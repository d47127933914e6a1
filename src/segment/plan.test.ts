import { describe, expect, it } from 'vitest';
import type { ModelManifest } from '../runtime/manifest.ts';
import type { SlideMetadata } from '../slide/slide.ts';
import { slideArea, type SlideArea } from './area.ts';
import { planSegmentation, type PlanRequest } from './plan.ts';
import type { SliceReader } from './slice-reader.ts';

/** Slices of 100 level-0 pixels, 10 × 8 of them in regions of 5 × 5. */
const manifest = {
  slice: { fieldUm: 100, sizePx: 10 },
  context: { kind: 'region', fieldUm: 500, sizePx: 10 },
  graph: { sha256: 'aa', weightsSha256: 'bb' },
  classes: [
    { name: 'normal', colour: '#999999', background: true },
    { name: 'tumour', colour: '#009E73', background: false },
  ],
} as unknown as ModelManifest;
const metadata = {
  name: 'a.svs',
  fingerprint: 'f00d',
  revision: 'f00d',
  width: 1000,
  height: 800,
  mpp: null,
  levels: [{ width: 1000, height: 800, downsample: 1, tileWidth: 200, tileHeight: 200 }],
} as unknown as SlideMetadata;

/** Stained left of x = 480, glass right of it. */
const reader: SliceReader = {
  read: ({ x, width }, size) => {
    const data = new Uint8ClampedArray(4 * size * size).fill(244);
    for (let i = 0; i < size * size; i++) {
      if (x + (((i % size) + 0.5) * width) / size < 480) data.set([180, 60, 160, 255], 4 * i);
    }
    return Promise.resolve({ width: size, height: size, data });
  },
};

const everything: PlanRequest = { mpp: { x: 1, y: 1 }, area: { kind: 'slide' }, overlap: 0, glass: null };
const plan = (request: Partial<PlanRequest>) =>
  planSegmentation(reader, metadata, manifest, { ...everything, ...request });
const places = async (request: Partial<PlanRequest>): Promise<string[]> =>
  (await plan(request)).plan.slices.map(({ column, row }) => `${column},${row}`);

it.each<[string, SlideArea, string[]]>([
  ['a rectangle', slideArea({ x: 150, y: 250, width: 100, height: 20 }), ['1,2', '2,2']],
  [
    'a rectangle that ends on borders of cells',
    slideArea({ x: 100, y: 200, width: 100, height: 100 }),
    ['1,2'],
  ],
  [
    'a rectangle with the rounding of typed numbers',
    slideArea({ x: 100 - 1e-6, y: 200, width: 100 + 2e-6, height: 100 }),
    ['1,2'],
  ],
  // A sliver that no centre of a map pixel is in: it was drawn, so its cells are segmented.
  [
    'a sliver',
    slideArea(null, [
      [151, 210],
      [249, 211],
      [249, 212],
    ]),
    ['1,2', '2,2'],
  ],
  [
    'a polygon that ends on borders of cells',
    slideArea(null, [
      [100, 200],
      [200, 200],
      [200, 300],
      [100, 300],
    ]),
    ['1,2'],
  ],
  [
    'a polygon with a hole',
    {
      kind: 'polygons',
      polygons: [
        { outer: [10, 10, 290, 10, 290, 290, 10, 290], holes: [[90, 90, 210, 90, 210, 210, 90, 210]] },
      ],
    },
    ['0,0', '1,0', '2,0', '0,1', '2,1', '0,2', '1,2', '2,2'],
  ],
  [
    'two polygons',
    {
      kind: 'polygons',
      polygons: [
        { outer: [10, 10, 20, 10, 20, 20], holes: [] },
        { outer: [910, 710, 920, 710, 920, 720], holes: [] },
      ],
    },
    ['0,0', '9,7'],
  ],
])('takes the slices that share an area with %s', async (_name, area, expected) => {
  expect(await places({ area })).toEqual(expected);
});

it('skips glass and counts it, in the area that was asked for only', async () => {
  const { plan: all } = await plan({ glass: 'skip' });
  expect([all.slices.length, all.skipped]).toEqual([40, 40]);
  const area = slideArea({ x: 350, y: 50, width: 300, height: 10 });
  const { plan: part } = await plan({ glass: 'skip', area });
  expect(part.slices.map(({ column }) => column)).toEqual([3, 4]);
  expect(part.skipped).toBe(2);
  const { plan: included, tissue } = await plan({ glass: 'include', area });
  expect([included.slices.length, included.skipped]).toEqual([4, 0]);
  expect(tissue).not.toBeNull();
});

it('gives one key to all that fits together, and another to all that does not', async () => {
  const { key } = await plan({});
  expect(key).toMatch(/^[0-9a-f]{64}$/);
  for (const same of [
    { area: slideArea({ x: 0, y: 0, width: 10, height: 10 }) },
    { glass: 'skip' as const },
    { shard: { index: 1, of: 2 } },
  ]) {
    expect((await plan(same)).key).toBe(key);
  }
  const others = await Promise.all([
    plan({ overlap: 0.25 }),
    plan({ mpp: { x: 0.5, y: 0.5 } }),
    planSegmentation(reader, { ...metadata, revision: 'beef' }, manifest, everything),
    planSegmentation(
      reader,
      metadata,
      { ...manifest, context: { kind: 'centred', fieldUm: 500, sizePx: 10 } },
      everything,
    ),
    planSegmentation(
      reader,
      metadata,
      { ...manifest, graph: { ...manifest.graph, weightsSha256: 'cc' } },
      everything,
    ),
    planSegmentation(reader, metadata, { ...manifest, classes: [...manifest.classes].reverse() }, everything),
  ]);
  expect(new Set([key, ...others.map((other) => other.key)]).size).toBe(7);
  const recoloured = manifest.classes.map((each) => ({ ...each, colour: '#123456' }));
  const { key: sameMeaning } = await planSegmentation(
    reader,
    metadata,
    { ...manifest, classes: recoloured },
    everything,
  );
  expect(sameMeaning).toBe(key);
});

it.each<[string, readonly (readonly [number, number])[]]>([
  [
    'two points',
    [
      [150, 150],
      [650, 550],
    ],
  ],
  [
    'a line there and back',
    [
      [150, 150],
      [650, 550],
      [150, 150],
    ],
  ],
])('selects nothing for %s', async (_name, polygon) => {
  expect(await places({ area: slideArea(null, polygon) })).toEqual([]);
});

it('says so of an area off the slide', async () => {
  const area = slideArea(null, [
    [1010, 100],
    [1200, 100],
    [1200, 700],
  ]);
  await expect(plan({ area })).rejects.toMatchObject({
    report: { code: 'bad-area', problem: 'The area is off the slide, which has 1000 × 800 pixels.' },
  });
});

it('survives huge coordinates, and refuses those that are no numbers', async () => {
  const half = (x: number) =>
    slideArea(null, [
      [x, -10],
      [450, -10],
      [450, 900],
      [x, 900],
    ]);
  expect(await places({ area: half(-1e20) })).toEqual(await places({ area: half(-10) }));
  for (const x of [NaN, -Infinity]) {
    await expect(plan({ area: half(x) })).rejects.toMatchObject({ report: { code: 'bad-area' } });
  }
});

it('cuts a shard out of the same plan', async () => {
  const shards = await Promise.all([1, 2, 3].map((index) => places({ shard: { index, of: 3 } })));
  expect(shards.flat()).toEqual(await places({}));
});

it('never guesses the size of a pixel', async () => {
  await expect(plan({ mpp: null })).rejects.toMatchObject({ report: { code: 'no-mpp', file: 'a.svs' } });
});

describe('sizes that can not be', () => {
  const withField = (fieldUm: number): ModelManifest => ({
    ...manifest,
    id: 'her-model',
    slice: { fieldUm, sizePx: 10 },
    context: null,
  });
  const planWith = (model: ModelManifest, request: Partial<PlanRequest> = {}, signal?: AbortSignal) =>
    planSegmentation(reader, metadata, model, { ...everything, ...request }, { signal });

  it.each([0.001, 1e-300, 1e-9, 0.4])(
    'slices of %d µm are too many: said at once, with the number',
    async (fieldUm) => {
      const started = performance.now();
      await expect(planWith(withField(fieldUm))).rejects.toMatchObject({
        report: {
          code: 'too-many-slices',
          file: 'a.svs',
          problem: expect.stringMatching(
            /her-model has [\d,∞]+ of them here; 1,000,000 can be planned/,
          ) as string,
          remedy: expect.stringMatching(/smaller area/) as string,
        },
      });
      expect(performance.now() - started).toBeLessThan(1000);
    },
  );

  it('a million slices are planned within bounds of time and memory', async () => {
    const before = process.memoryUsage().rss;
    const started = performance.now();
    // 1000 × 800 slices.
    const { plan: planned } = await planWith(withField(1));
    expect(planned.slices).toHaveLength(800_000);
    expect(performance.now() - started).toBeLessThan(10_000);
    expect(process.memoryUsage().rss - before).toBeLessThan(1e9);
  });

  it('of which a small area has few are planned', async () => {
    const area = slideArea({ x: 10, y: 10, width: 0.5, height: 0.5 });
    expect((await planWith(withField(0.1), { area })).plan.slices).toHaveLength(25);
  });

  it.each([1e300, 1e-9, 0, -1, NaN, Infinity, 0.009, 101])(
    '%d µm per pixel are none: the user is asked',
    async (value) => {
      const mpp = { x: value, y: value };
      await expect(plan({ mpp })).rejects.toMatchObject({
        report: { code: 'no-mpp', remedy: expect.stringContaining('0.01 to 100 µm per pixel') as string },
      });
    },
  );
});

it('an abort ends the planning', async () => {
  await expect(
    planSegmentation(reader, metadata, manifest, everything, { signal: AbortSignal.abort() }),
  ).rejects.toMatchObject({ name: 'AbortError' });
  // A polygon of many corners, and many cells: seconds without it.
  const corners = Array.from({ length: 5000 }, (_, i): [number, number] => {
    const angle = (i / 5000) * 2 * Math.PI;
    return [500 + 480 * Math.cos(angle), 400 + 380 * Math.sin(angle)];
  });
  const fine = { ...manifest, slice: { fieldUm: 2, sizePx: 10 }, context: null } as ModelManifest;
  const controller = new AbortController();
  const request = { ...everything, area: slideArea(null, corners) };
  const planning = planSegmentation(reader, metadata, fine, request, { signal: controller.signal });
  const started = performance.now();
  setTimeout(() => controller.abort(), 20);
  await expect(planning).rejects.toMatchObject({ name: 'AbortError' });
  expect(performance.now() - started).toBeLessThan(3000);
});

it('slices of a forced model, and averages over orientations, have keys of their own', async () => {
  const [sound, forced] = [await plan({}), await plan({ force: true })];
  const averaged = await plan({ symmetries: true });
  expect(averaged.plan).toEqual(sound.plan);
  expect(
    new Set([sound.key, forced.key, averaged.key, (await plan({ symmetries: true, force: true })).key]).size,
  ).toBe(4);
  const alone = await plan({ withoutContext: true });
  expect(alone.plan).toEqual(sound.plan);
  expect([sound.key, averaged.key]).not.toContain(alone.key);
  expect(forced.plan).toEqual(sound.plan);
  expect(forced.key).not.toBe(sound.key);
  expect((await plan({ force: false })).key).toBe(sound.key);
});
