/** The command on a made H-DAB slide with known amounts, and on a real H&E slide. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { printedBy } from './segment-testing.ts';
import { addStainCommand } from './stain.ts';

let folder: string;
let made: string;
const side = 800;

interface Printed {
  readonly stains: { readonly white: number[]; readonly first: number[]; readonly second: number[] };
  readonly umPerPx: number;
  readonly measured: {
    readonly pixels: number;
    readonly weak: number;
    readonly moderate: number;
    readonly strong: number;
    readonly hScore: number;
    readonly tissueMm2: number;
  } | null;
  readonly regions: readonly Printed['measured'][];
  readonly files: readonly string[];
}

/** Glass around a square of four equal stripes: hematoxylin alone, then DAB of 0.3, 0.5 and 1 besides. */
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'dualscope-stain-'));
  made = join(folder, 'made.png');
  const unit = (v: number[]): number[] => v.map((value) => value / Math.hypot(...v));
  const [h, d] = [unit([0.65, 0.704, 0.286]), unit([0.268, 0.57, 0.776])];
  const data = new Uint8Array(3 * side * side);
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      const isTissue = x >= 200 && x < 600 && y >= 200 && y < 600;
      const dab = [0, 0.3, 0.5, 1][Math.floor((x - 200) / 100)] ?? 0;
      for (let c = 0; c < 3; c++) {
        const light = isTissue ? 10 ** -(0.2 * h[c]! + dab * d[c]!) : 1;
        data[3 * (y * side + x) + c] = Math.round(240 * light);
      }
    }
  }
  await sharp(data, { raw: { width: side, height: side, channels: 3 } })
    .png()
    .toFile(made);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const stain = async (...words: string[]): Promise<Printed> =>
  JSON.parse(await printedBy(addStainCommand, ['stain', ...words, '--json'])) as Printed;

it('finds the white level, and a quarter each of negative, weak, moderate and strong', async () => {
  const { measured, stains, umPerPx } = await stain(made, '--mpp', '1');
  expect(stains.white).toEqual([240, 240, 240]);
  expect(umPerPx).toBe(1);
  // The mask is coarser than the picture: glass at its border counts as negative, at most.
  expect(measured!.tissueMm2).toBeCloseTo(0.16, 2);
  for (const share of [measured!.weak, measured!.moderate, measured!.strong]) {
    expect(Math.abs(share - 0.25)).toBeLessThan(0.01);
  }
  expect(Math.abs(measured!.hScore - 150)).toBeLessThan(4);
});

it('measures areas one by one, estimates stains, and writes pictures and a map', async () => {
  const ring = (x: number): number[][][] => [
    [
      [x, 250],
      [x + 60, 250],
      [x + 60, 350],
      [x, 350],
      [x, 250],
    ],
  ];
  const feature = (x: number): unknown => ({
    type: 'Feature',
    properties: {},
    geometry: { type: 'Polygon', coordinates: ring(x) },
  });
  const areas = join(folder, 'areas.geojson');
  await writeFile(
    areas,
    JSON.stringify({ type: 'FeatureCollection', features: [feature(220), feature(520), feature(20)] }),
  );
  const png = join(folder, 'out', 'stains.png');
  const found = await stain(made, '--mpp', '1', '--annotations', areas, '--out', png);
  expect(found.regions.map((region) => region?.hScore ?? null)).toEqual([0, 300, null]);
  expect(found.measured!.hScore).toBe(150);
  expect(found.files.map((file) => file.slice(folder.length + 1))).toEqual([
    'out/stains-hematoxylin.png',
    'out/stains-dab.png',
    'out/stains-residual.png',
  ]);
  const dab = await sharp(found.files[1]).toColourspace('b-w').raw().toBuffer({ resolveWithObject: true });
  expect(dab.info).toMatchObject({ width: 560, height: 100, channels: 1 });
  // Optical density 1 of 1.5 is a third of white.
  expect(Math.abs(dab.data[50 * 560 + 540]! - 85)).toBeLessThan(3);
  expect(dab.data[50 * 560 + 100]).toBe(255);

  const tif = join(folder, 'map.tif');
  const estimated = await stain(made, '--mpp', '1', '--estimate', '--out', tif);
  expect(estimated.stains.second[2]).toBeGreaterThan(estimated.stains.first[2]!);
  const map = await sharp(tif).toColourspace('srgb').raw().toBuffer({ resolveWithObject: true });
  const at = (x: number): number[] => {
    const from = map.info.channels * (400 * side + x);
    return [...map.data.subarray(from, from + 3)];
  };
  expect(at(50)).toEqual([255, 255, 255]);
  expect(at(550)).toEqual([0x8c, 0x2d, 0x19]);
  await expect(stain(made, '--mpp', '1', '--out', tif)).rejects.toThrow(/Already exists/);
});

it('measures a real H&E slide, and refuses what can’t be', async () => {
  const real = join(import.meta.dirname, '../../public/slides/CMU-1-Small-Region.svs');
  const text = await printedBy(addStainCommand, ['stain', real, '--stains', 'he', '--um-per-px', '4']);
  expect(text).toMatch(/Eosin +0\.072, 0\.990, 0\.105\n/);
  expect(text).toMatch(/measured +Eosin at 4 µm\/px\n/);
  expect(text).toMatch(/positive \d+\.\d %.*H-score \d+/);
  expect(text).toContain('Research use only.');
  await expect(stain(made, '--mpp', '1', '--thresholds', '0.6,0.4,0.2')).rejects.toThrow(/no thresholds/);
  await expect(stain(made, '--stains', '1,1,1;2,2,2')).rejects.toThrow();
  await expect(stain(made, '--mpp', '1', '--white', '9,9,9')).rejects.toThrow(/white level/);
  await expect(stain(made)).rejects.toThrow(/µm per pixel/);
  await expect(stain(real, '--out', 'a.jpg')).rejects.toThrow(/\.tif/);
  const fluorescence = join(import.meta.dirname, '../slide/golden/channels/six-channels.ome.tif');
  await expect(stain(fluorescence, '--mpp', '1')).rejects.toThrow(/brightfield/);
});
