import { existsSync } from 'node:fs';
import { copyFile, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { encode } from 'fast-png';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DatasetItem, DatasetOptions } from './dataset.ts';
import { openDataset } from './open-dataset.ts';

const options: DatasetOptions = {
  classNames: ['normal', 'benign', 'in situ', 'invasive'],
  mpp: 0.467,
  classOfValue: null,
};
let folder: string;

interface RegionText {
  readonly label: string;
  readonly points: readonly (readonly [number, number])[];
  readonly negative?: boolean;
}

const box = (x0: number, y0: number, x1: number, y1: number) =>
  [
    [x0, y0],
    [x1, y0],
    [x1, y1],
    [x0, y1],
  ] as const;

/** ImageScope stores the label in the first Attribute. */
async function annotate(name: string, regions: readonly RegionText[]): Promise<void> {
  const body = regions.map(({ label, points, negative }, i) => {
    const vertices = points.map(([x, y]) => `<Vertex X="${x}" Y="${y}" Z="0"/>`).join('');
    return (
      `<Region Id="${i + 1}" Type="0" Text="" NegativeROA="${negative === true ? 1 : 0}">` +
      `<Attributes><Attribute Id="0" Name="0" Value="${label}"/></Attributes><Vertices>${vertices}</Vertices></Region>`
    );
  });
  await writeFile(
    join(folder, name),
    `<Annotations MicronsPerPixel="0.467"><Annotation Id="1"><Regions>${body.join('')}</Regions></Annotation></Annotations>`,
  );
}

/** Truth of the slide's 8 × 4 pixels, and one pixel around, as rows of digits. */
async function picture(item: DatasetItem): Promise<string[]> {
  const mask = (await item.truth())({ x: -1, y: -1, width: 10, height: 6 }, 10, 6);
  return Array.from({ length: 6 }, (_, row) => [...mask.subarray(row * 10, row * 10 + 10)].join(''));
}

async function truthOf(regions: readonly RegionText[]): Promise<string[]> {
  await annotate('A01.xml', regions);
  const [item] = await openDataset(folder, options);
  return picture(item!);
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'annotated-'));
  // 8 × 4 pixels: the left half stained, the right half glass.
  const rgb = Buffer.from(
    Array.from({ length: 32 }, (_, i) => (i % 8 < 4 ? [180, 90, 170] : [244, 244, 244])).flat(),
  );
  await sharp(rgb, { raw: { width: 8, height: 4, channels: 3 } })
    .tiff()
    .toFile(join(folder, 'A01.tif'));
});

afterAll(async () => {
  await rm(folder, { recursive: true, force: true });
});

describe('annotated slides', () => {
  it('paint regions over each other in the order of the file; unannotated tissue is normal', async () => {
    const benign = { label: 'Benign', points: box(0, 0, 5, 4) };
    const invasive = { label: 'INVASIVE', points: box(3, 1, 7, 3) };
    expect(await truthOf([benign, invasive])).toEqual([
      '0000000000',
      '0111110000',
      '0111333300',
      '0111333300',
      '0111110000',
      '0000000000',
    ]);
    expect((await truthOf([invasive, benign]))[2]).toBe('0111113300');
  });

  it('close open outlines: the first vertex need not be repeated', async () => {
    const open = [{ label: 'in situ', points: box(1, 1, 3, 3) }];
    const closed = [{ label: 'in situ', points: [...box(1, 1, 3, 3), [1, 1] as const] }];
    const expected = ['0000000000', '0000000000', '0022000000', '0022000000', '0000000000', '0000000000'];
    expect(await truthOf(open)).toEqual(expected);
    expect(await truthOf(closed)).toEqual(expected);
    // Two points enclose nothing.
    const line = { label: 'in situ', points: [[0, 0] as const, [8, 4] as const] };
    expect(await truthOf([...open, line])).toEqual(expected);
  });

  it('have holes: a negative region cuts out, and never fills another region', async () => {
    expect(
      await truthOf([
        { label: 'benign', points: box(0, 0, 3, 4) },
        { label: 'invasive', points: box(4, 0, 8, 4) },
        { label: '', points: box(5, 1, 7, 3), negative: true },
        { label: '', points: box(2, 0, 4, 1), negative: true },
      ]),
    ).toEqual(['0000000000', '0110033330', '0111030030', '0111030030', '0111033330', '0000000000']);
  });

  it('have no classes outside the slide', async () => {
    expect(await truthOf([{ label: 'benign', points: box(-50, -50, 50, 2) }])).toEqual([
      '0000000000',
      '0111111110',
      '0111111110',
      '0000000000',
      '0000000000',
      '0000000000',
    ]);
  });

  it('reject a label that is no class, naming file, region and label', async () => {
    await expect(truthOf([{ label: 'Necrosis', points: box(0, 0, 1, 1) }])).rejects.toThrow(
      /A01\.xml: Region 1 .*"Necrosis".*benign, in situ, invasive/,
    );
    await expect(truthOf([{ label: '', points: box(0, 0, 1, 1) }])).rejects.toThrow(/Region 1 .*""/);
    // Normal is unannotated tissue.
    await expect(truthOf([{ label: 'normal', points: box(0, 0, 1, 1) }])).rejects.toThrow(/"normal"/);
  });

  it('skip glass on request, but no annotated region', async () => {
    await annotate('A01.xml', [{ label: 'benign', points: box(6, 0, 7, 4) }]);
    const [all] = await openDataset(folder, options);
    expect(Object.keys(all!)).not.toContain('counted');
    const [item] = await openDataset(folder, { ...options, tissueOnly: true });
    const counted = (await item!.counted!())({ x: -1, y: 1, width: 10, height: 1 }, 10, 1);
    expect([...counted].join('')).toBe('0111100100');
  });

  it('exclude unannotated slides; names are patients', async () => {
    await copyFile(join(folder, 'A01.tif'), join(folder, '07.tif'));
    const items = await openDataset(folder, options);
    expect(items.map(({ name, patient }) => [name, patient])).toEqual([['A01', 'A01']]);
    await copyFile(join(folder, 'A01.tif'), join(folder, 'A01.svs'));
    await expect(openDataset(folder, options)).rejects.toThrow(/Two slides are called "A01"/);
    await rm(join(folder, 'A01.svs'));
  });

  it('may have GeoJSON annotations', async () => {
    const feature = {
      type: 'Feature',
      geometry: { type: 'Polygon', coordinates: [[...box(0, 0, 2, 2), [0, 0]]] },
      properties: { objectType: 'annotation', classification: { name: 'In situ', color: [1, 2, 3] } },
    };
    await writeFile(
      join(folder, '07.geojson'),
      JSON.stringify({ type: 'FeatureCollection', features: [feature] }),
    );
    const [item] = await openDataset(folder, options);
    expect(item?.name).toBe('07');
    expect((await picture(item!))[1]).toBe('0220000000');
  });
});

describe('annotations of other formats', () => {
  const place = async (file: string, content: string | Uint8Array): Promise<DatasetItem | undefined> => {
    const other = await mkdtemp(join(folder, 'other-'));
    await copyFile(join(folder, 'A01.tif'), join(other, 'B1.tif'));
    await writeFile(join(other, file), content);
    const [item] = await openDataset(other, { ...options, warn: (line) => said.push(line) });
    return item;
  };
  let said: string[] = [];
  const asap = (x: number): string =>
    `<ASAP_Annotations><Annotations><Annotation Name="a" Type="Polygon" PartOfGroup="Benign"><Coordinates>${box(
      x,
      0,
      x + 2,
      2,
    )
      .map(([px, py], i) => `<Coordinate Order="${i}" X="${px}" Y="${py}"/>`)
      .join('')}</Coordinates></Annotation></Annotations></ASAP_Annotations>`;
  const mask = (width: number, height: number, values: readonly number[]): Uint8Array =>
    encode({ width, height, data: Uint8Array.from(values), channels: 1, depth: 8 });

  it.each<[file: string, content: string | Uint8Array, row: string]>([
    ['B1.xml', asap(0), '0110000000'],
    ['B1.xml', Buffer.from(`\uFEFF${asap(3)}`, 'utf16le'), '0000110000'],
    ['B1_mask.png', mask(4, 2, [0, 1, 3, 0, 0, 0, 0, 0]), '0001133000'],
    [
      'B1.json',
      JSON.stringify({
        elements: [{ type: 'rectangle', center: [4, 1], width: 2, height: 2, group: 'Invasive' }],
      }),
      '0000330000',
    ],
  ])('%s', async (file, content, row) => {
    const item = await place(file, content);
    expect((await picture(item!))[1]).toBe(row);
  });

  it('masks may have values of their own', async () => {
    const other = await mkdtemp(join(folder, 'other-'));
    await copyFile(join(folder, 'A01.tif'), join(other, 'B1.tif'));
    await writeFile(join(other, 'B1.mask.png'), mask(8, 4, Array<number>(32).fill(2)));
    const [item] = await openDataset(other, { ...options, classOfValue: [0, 0, 3] });
    expect((await picture(item!))[1]).toBe('0333333330');
    const [unmapped] = await openDataset(other, { ...options, classOfValue: [0, 1] });
    await expect(unmapped!.truth()).rejects.toThrow(/B1\.mask\.png: .*unknown label "value 2"/);
  });

  it('of another slide are refused, or said to be', async () => {
    const elsewhere = await place('B1.xml', asap(50));
    await expect(elsewhere!.truth()).rejects.toThrow(
      /B1\.xml: 1 of 1 region lies wholly outside of B1\.tif \(8 × 4 pixels\); the regions reach from 50, 0 to 52, 2\./,
    );
    said = [];
    await (await place('B1.xml', asap(7.5)))!.truth();
    expect(said.join()).toMatch(/B1\.xml: 1 of 1 region lies mostly outside of B1\.tif/);
    await expect((await place('B1_mask.png', mask(3, 3, Array<number>(9).fill(1))))!.truth()).rejects.toThrow(
      /3 × 3 pixels, which is no whole-number fraction of B1\.tif with 8 × 4/,
    );
  });
});

const real = resolve(import.meta.dirname, '../../../../shared/data/slides/aperio-imagescope');
describe.skipIf(!existsSync(real))('real ImageScope files (skipped where ../shared is absent)', () => {
  for (const name of ['A9K0_1', 'A9K0_2']) {
    it(`${name}: no label of BACH, and the areas that ImageScope itself has measured`, async () => {
      const place = await mkdtemp(join(tmpdir(), 'imagescope-'));
      try {
        await symlink(join(real, `${name}.svs`), join(place, `${name}.svs`));
        const xml = await readFile(join(real, `${name}.xml`), 'utf8');
        await writeFile(join(place, `${name}.xml`), xml);
        const [unlabelled] = await openDataset(place, options);
        await expect(unlabelled!.truth()).rejects.toThrow(/Region \d+ has the unknown label ""/);
        // The same regions with a BACH label. ImageScope stored the area of each in pixels.
        await writeFile(join(place, `${name}.xml`), xml.replaceAll(' Text=""', ' Text="Invasive"'));
        const areas = [...xml.matchAll(/<Region [^>]* Area="([\d.]+)"/g)].map(([, area]) => Number(area));
        const [item] = await openDataset(place, { ...options, mpp: null });
        const slide = await item!.open();
        const { width, height, mpp } = slide.metadata;
        slide.close();
        expect(mpp?.x).toBeCloseTo(0.19448, 5);
        const mask = (await item!.truth())({ x: 0, y: 0, width, height }, width, height);
        const painted = mask.filter((value) => value === 3).length;
        const measured = areas.reduce((sum, area) => sum + area, 0);
        expect(new Set(mask)).toEqual(new Set([0, 3]));
        // Nuclei overlap slightly, and ImageScope's outlines run through pixel centres.
        expect(painted / measured).toBeGreaterThan(0.97);
        expect(painted / measured).toBeLessThan(1.01);
      } finally {
        await rm(place, { recursive: true, force: true });
      }
    });
  }
});
