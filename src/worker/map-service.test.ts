import { describe, expect, it } from 'vitest';
import sharp from 'sharp';
import { rasterise } from '../annotation/rasterise.ts';
import { readAnnotations } from '../annotation/read-annotations.ts';
import { createMapService, type MapFileRequest, type RasterisedCell } from './map-service.ts';
import type { CallContext } from '../base/rpc.ts';

const classes = [
  { name: 'normal', colour: '#999999', background: true },
  { name: 'benign', colour: '#009E73', background: false },
  { name: 'in situ', colour: '#F0E442', background: false },
];

function context(progress: (value: unknown) => void = () => undefined): CallContext {
  return { signal: new AbortController().signal, progress, transfer: (object) => object };
}

/** A disc with a hole, and a half plane. */
const width = 300;
const height = 270;
const map = Uint8Array.from({ length: width * height }, (_value, i) => {
  const x = i % width;
  const y = Math.floor(i / width);
  const distance = Math.hypot(x - 120, y - 110);
  return distance > 30 && distance < 90 ? 1 : x + y > 400 ? 2 : 0;
});

async function written(request: MapFileRequest): Promise<Blob> {
  const service = createMapService();
  const { id, stripRows } = await service.beginFile(context(), request);
  for (let top = 0; top < height; top += stripRows) {
    await service.pushRows(context(), id, map.slice(top * width, (top + stripRows) * width));
  }
  return service.finishFile(context(), id);
}

describe('the map worker', () => {
  it('writes a class map as a TIFF that libvips can read: values, colours, levels, resolution', async () => {
    const blob = await written({ kind: 'tiff', width, height, umPerPx: 2, about: 'm on s', classes });
    const bytes = Buffer.from(await blob.arrayBuffer());
    const { data, info } = await sharp(bytes).removeAlpha().raw().toBuffer({ resolveWithObject: true });
    expect([info.width, info.height]).toEqual([width, height]);
    const colours = [
      [0x99, 0x99, 0x99],
      [0x00, 0x9e, 0x73],
      [0xf0, 0xe4, 0x42],
    ];
    const wrong = [...map.keys()].filter((i) => colours[map[i]!]!.some((c, at) => data[3 * i + at] !== c));
    expect(wrong).toHaveLength(0);
    // Pixels per mm.
    expect((await sharp(bytes).metadata()).density).toBe(Math.round(25400 / 2));
  });

  it('writes polygons for QuPath that rasterise to the same mask', async () => {
    const placement = { scaleX: 4, scaleY: 4, slideWidth: 1200, slideHeight: 1080 };
    const blob = await written({ kind: 'geojson', width, placement, tolerance: 1, classes });
    const text = await blob.text();
    const { features } = JSON.parse(text) as { features: { properties: { classification: unknown } }[] };
    expect(features.map(({ properties }) => properties.classification)).toEqual(
      expect.arrayContaining([
        { name: 'benign', color: [0, 158, 115] },
        { name: 'in situ', color: [240, 228, 66] },
      ]),
    );
    const areas = readAnnotations(text, 'a').regions.map(({ label, outer, holes }) => ({
      classIndex: classes.findIndex(({ name }) => name === label),
      outer,
      holes,
    }));
    const back = rasterise(areas, { x: 0, y: 0, width: 1200, height: 1080 }, width, height);
    expect(back.filter((value, i) => value === map[i]).length / map.length).toBeGreaterThan(0.99);
  });

  it('rasterises areas into cells as into one mask', async () => {
    const areas = [
      { classIndex: 1, outer: [10, 10, 190, 30, 160, 170, 20, 120], holes: [[60, 60, 100, 60, 80, 110]] },
      { classIndex: 2, outer: [130, 130, 250, 130, 250, 250, 130, 250] },
    ];
    const cells: RasterisedCell[] = [];
    const lattice = { columns: 3, rows: 3, cellWidth: 100, cellHeight: 100, cellPx: 50 };
    await createMapService().rasterise(
      context((cell) => cells.push(cell as RasterisedCell)),
      areas,
      lattice,
      255,
    );
    expect(cells).toHaveLength(9);
    const whole = rasterise(areas, { x: 0, y: 0, width: 300, height: 300 }, 150, 150, 255);
    for (const { rect, classes: values } of cells) {
      for (let i = 0; i < 2500; i++) {
        const at = (rect.y / 2 + Math.floor(i / 50)) * 150 + rect.x / 2 + (i % 50);
        expect(values[i]).toBe(whole[at]);
      }
    }
    expect(whole.includes(255)).toBe(true);
  });

  it('writes no segmentation of nothing but background', async () => {
    const service = createMapService();
    const properties = { TotalPixelMatrixOrigin: '1\\2', ImageOrientationSlide: '0\\-1\\0\\-1\\0\\0' };
    const mpp = { x: 0.5, y: 0.5, source: 'test' };
    const { id, stripRows } = await service.beginFile(context(), {
      kind: 'dicom-seg',
      slide: { name: 's.dcm', format: 'dicom-wsi', width: 9, height: 9, mpp, properties },
      ...{ width: 9, height: 9, scaleX: 1, scaleY: 1, description: 'd', algorithm: { name: 'a' } },
      classes: [{ name: 'normal', colour: '#ffffff', background: true }],
    });
    expect(stripRows).toBe(256);
    await service.pushRows(context(), id, new Uint8Array(81));
    await expect(service.finishFile(context(), id)).rejects.toThrow('s.dcm: Nothing but the background');
  });

  it('names a file that is not an annotation file', async () => {
    const slide = { name: 's.tif', format: 'tiff', width: 9, height: 9, mpp: null, properties: {} };
    const read = createMapService().readAnnotations(context(), new Blob(['x']), 'n.xml', slide);
    await expect(read).rejects.toThrow('n.xml: It is neither XML nor JSON.');
  });
});
