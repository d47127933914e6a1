/** The exports against readers that are not ours: geotiff.js for indices, OpenSlide where it is installed. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fromFile } from 'geotiff';
import sharp from 'sharp';
import { afterAll, describe, expect, it } from 'vitest';
import { rasterise } from '../annotation/rasterise.ts';
import { readAnnotations } from '../annotation/read-annotations.ts';
import type { ModelManifest } from '../runtime/manifest.ts';
import { noClass } from '../segment/class-map.ts';
import { planSlices } from '../segment/grid.ts';
import { areaCsv, areaTable } from './map-figures.ts';
import { areaMask, boundsOfArea, tissueMm2 } from './map-area.ts';
import { type SlideArea } from '../segment/area.ts';
import { MapStrips } from './map-strips.ts';
import { writeMaps } from './write-maps.node.ts';

const classes = [
  { name: 'normal', colour: '#999999', background: true },
  { name: 'benign', colour: '#009E73', background: false },
  { name: 'in, situ', colour: '#F0E442', background: false },
];
const manifest = { id: 'test', classes } as unknown as ModelManifest;
const model = { slice: { fieldUm: 320, sizePx: 64 }, context: null };
/** Map pixels of 5 µm, which are 10 level-0 pixels. */
const plan = planSlices({ slide: { width: 6004, height: 4400 }, mpp: { x: 0.5, y: 0.5 }, model });

/** A disc in a ring in the background. */
function classAt(x: number, y: number): number {
  const distance = Math.hypot(x - 280, y - 230);
  return distance < 70 ? 2 : distance < 160 && distance > 100 ? 1 : 0;
}

/** Cells as the engine gives them; that at column 2, row 1 is not there. */
function cell(column: number, row: number): { classes: Uint8Array; confidence: Uint8Array } | null {
  if (column === 2 && row === 1) return null;
  const { cellPx } = plan;
  const at = (i: number): [number, number] => [
    column * cellPx + (i % cellPx),
    row * cellPx + Math.floor(i / cellPx),
  ];
  return {
    classes: Uint8Array.from({ length: cellPx ** 2 }, (_value, i) => classAt(...at(i))),
    confidence: Uint8Array.from({ length: cellPx ** 2 }, (_value, i) => at(i)[0] & 255),
  };
}

function expected(x: number, y: number): number {
  return Math.floor(x / 64) === 2 && Math.floor(y / 64) === 1 ? noClass : classAt(x, y);
}

const folder = mkdtempSync(join(tmpdir(), 'dualscope-export-'));
afterAll(() => rmSync(folder, { recursive: true }));
const prefix = join(folder, 'a.test');
const strips = new MapStrips(plan, { kind: 'slide' }, cell);

const written = writeMaps({
  strips,
  manifest,
  prefix,
  slideName: 'a.svs',
  umPerPx: 5,
  tolerance: 0,
  picture: async (width, height) => ({
    width,
    height,
    data: new Uint8ClampedArray(4 * width * height).fill(200),
  }),
});

describe('exported maps', () => {
  it('store class indices, downsampled without mixing, and the pixel size', async () => {
    await written;
    // Nothing half-written is left.
    expect(readdirSync(folder).sort()).toEqual(
      ['classes.tif', 'confidence.tif', 'geojson', 'preview.png'].map((end) => `a.test.${end}`),
    );
    const tiff = await fromFile(`${prefix}.classes.tif`);
    const image = await tiff.getImage(0);
    expect([image.getWidth(), image.getHeight(), image.getTileWidth()]).toEqual([601, 440, 256]);
    const raster = (await image.readRasters({ interleave: true })) as Uint8Array;
    let wrong = 0;
    raster.forEach((value, i) => {
      if (value !== expected(i % 601, Math.floor(i / 601))) wrong++;
    });
    expect(wrong).toBe(0);
    expect(await tiff.getImageCount()).toBe(1);
    const { data, info } = await sharp(`${prefix}.confidence.tif`)
      .extractChannel(0)
      .raw()
      .toBuffer({ resolveWithObject: true });
    expect(data[100 * info.width + 333]).toBe(333 & 255);
    const meta = await sharp(`${prefix}.classes.tif`).metadata();
    // Pixels per inch as libvips gives them: 5 µm a pixel.
    expect(25_400 / meta.density!).toBeCloseTo(5, 1);
    const colour = await sharp(`${prefix}.classes.tif`).removeAlpha().raw().toBuffer();
    const at = 3 * (230 * 601 + 280);
    expect([...colour.subarray(at, at + 3)]).toEqual([0xff, 0xe0, 0]);
    // The colours of the page, not those of the manifest; QuPath reads them from the polygons.
    const found = [...readFileSync(`${prefix}.geojson`, 'utf8').matchAll(/"color":\s*(\[[^\]]*\])/g)];
    expect(new Set(found.map(([, rgb]) => rgb?.replaceAll(' ', '')))).toEqual(
      new Set(['[0,200,150]', '[255,224,0]']),
    );
  });

  it('count pixels, with polygons that rasterise to the same mask', async () => {
    const { counts, confidences, polygons } = await written;
    const map = Uint8Array.from({ length: 601 * 440 }, (_value, i) => expected(i % 601, Math.floor(i / 601)));
    for (const value of [0, 1, 2, noClass])
      expect(counts[value]).toBe(map.filter((each) => each === value).length);
    const sureBy = (byte: number): number =>
      map.filter((each, i) => each === 1 && ((i % 601) & 255) === byte).length;
    for (const byte of [0, 130, 200, 255]) expect(confidences[256 + byte]).toBe(sureBy(byte));
    const areas = readAnnotations(readFileSync(`${prefix}.geojson`, 'utf8'), 'a').regions;
    expect(areas.length).toBe(polygons);
    const shapes = areas.map(({ label, outer, holes }) => ({
      classIndex: classes.findIndex((each) => each.name === label),
      outer,
      holes,
    }));
    const back = rasterise(shapes, { x: 0, y: 0, width: 6010, height: 4400 }, 601, 440);
    const same = back.filter((value, i) => value === (map[i] === noClass ? 0 : map[i])).length;
    expect(same / map.length).toBeGreaterThanOrEqual(0.99);
  });

  it('include the preview', async () => {
    await written;
    const { data, info } = await sharp(`${prefix}.preview.png`).raw().toBuffer({ resolveWithObject: true });
    const pixel = (x: number, y: number): number[] => {
      const at = info.channels * (y * info.width + x);
      return [...data.subarray(at, at + 3)];
    };
    expect([info.width, info.height]).toEqual([601, 440]);
    expect(pixel(5, 5)).toEqual([200, 200, 200]);
    // 45 % of the page's yellow, #FFE000, over 200.
    expect(pixel(280, 230)).toEqual([225, 211, 110]);
  });
});

function hasOpenSlide(): boolean {
  try {
    execFileSync('openslide-show-properties', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

// Needs the openslide-tools package; skipped where it is absent.
describe.skipIf(!hasOpenSlide())('exported maps, read by OpenSlide', () => {
  it('show the classes in their colours at every level', async () => {
    await written;
    const path = join(folder, 'large.classes');
    const large = planSlices({ slide: { width: 10_400, height: 5200 }, mpp: { x: 0.5, y: 0.5 }, model });
    await writeMaps({
      strips: new MapStrips(large, { kind: 'slide' }, (column, row) => cell(column + 3, row + 3)),
      manifest,
      prefix: path,
      slideName: 'large.svs',
      umPerPx: 5,
      tolerance: 0,
      picture: async (width, height) => ({
        width,
        height,
        data: new Uint8ClampedArray(4 * width * height),
      }),
    });
    const file = `${path}.classes.tif`;
    const told = execFileSync('openslide-show-properties', [file], { encoding: 'utf8' });
    expect(told).toContain("openslide.level-count: '2'");
    expect(told).toMatch(/tiff\.XResolution: '2000'/);
    const png = join(folder, 'level.png');
    for (const [level, width, height] of [
      ['0', 1040, 520],
      ['1', 520, 260],
    ] as const) {
      execFileSync('openslide-write-png', [file, '0', '0', level, String(width), String(height), png]);
      const data = await sharp(png).removeAlpha().raw().toBuffer();
      const counts = new Map<number, number>();
      for (let i = 0; i < data.length; i += 3) {
        const colour = data.readUIntBE(i, 3);
        counts.set(colour, (counts.get(colour) ?? 0) + 1);
      }
      expect([...counts.keys()].sort((a, b) => a - b)).toEqual([0x00c896, 0x999999, 0xffe000]);
      // The quarter of the ring and of the disc that this part shows; π (160² − 100²) and π 70² as a whole.
      const scale = (width / 1040) ** 2;
      const share = (counts.get(0xffe000) ?? 0) / (counts.get(0x00c896) ?? 1);
      expect(share).toBeGreaterThan(0.1);
      expect(counts.get(0xffe000)! / scale).toBeLessThan(Math.PI * 70 ** 2);
    }
  });
});

describe('areas', () => {
  const polygons: SlideArea = {
    kind: 'polygons',
    polygons: [
      {
        outer: [0, 0, 1300, 0, 1300, 640, 0, 640],
        holes: [[100, 100, 200, 100, 200, 200, 100, 200]],
      },
    ],
  };

  it('have the bounds of their outlines', () => {
    expect(boundsOfArea(polygons)).toEqual({ x: 0, y: 0, width: 1300, height: 640 });
  });

  it('crop the map', () => {
    const { classes: cut } = new MapStrips(plan, polygons, cell).read(0, 440);
    const known = cut.filter((value) => value !== noClass).length;
    expect(known).toBe(130 * 64 - 100);
    const rect: SlideArea = { kind: 'rect', rect: { x: 15, y: 20, width: 10, height: 10 } };
    // It meets two pixels across.
    expect(areaMask(rect, { column: 0, row: 0 }, 8, 8, { x: 10, y: 10 })!.filter(Boolean).length).toBe(2);
  });

  it('limit the tissue that is measured', () => {
    const tissue = Uint8Array.of(1, 1, 0, 1, 1, 1);
    const mask = { width: 3, height: 2, tissue, scaleX: 1000, scaleY: 1000, threshold: 9 };
    expect(tissueMm2(mask, { kind: 'slide' }, { x: 0.5, y: 0.5 })).toBeCloseTo(5 * 0.25, 9);
    // Pixel centres at 500 and 1500: one row of two.
    const upper: SlideArea = {
      kind: 'polygons',
      polygons: [{ outer: [0, 0, 2000, 0, 2000, 900, 0, 900], holes: [] }],
    };
    expect(tissueMm2(mask, upper, { x: 0.5, y: 0.5 })).toBeCloseTo(2 * 0.25, 9);
  });

  it('are listed in a table', () => {
    const rows = areaTable(manifest, [500, 200, 300], 10);
    expect(rows[2]).toEqual({
      class: 'in, situ',
      background: false,
      pixels: 300,
      areaMm2: 0.03,
      percentOfTissue: 30,
    });
    expect(areaCsv(rows).split('\r\n')[3]).toBe('"in, situ",false,300,0.030000,30.0000');
    expect(rows.reduce((sum, { percentOfTissue }) => sum + percentOfTissue, 0)).toBe(100);
    expect(areaTable(manifest, [], 10)[1]).toMatchObject({ areaMm2: 0, percentOfTissue: 0 });
  });
});
