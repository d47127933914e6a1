import { describe, expect, it } from 'vitest';
import type { Cell } from '../segment/run-progress.ts';
import { memoryByteSource } from '../slide/byte-source.ts';
import type { ByteSource } from '../slide/slide.ts';
import type { ByteSink } from '../slide/tiff-writer/tiff-writer.ts';
import { MapPolygons } from './map-polygons.ts';
import { MapTiff } from './map-tiff.ts';
import { matchOrigin, readOrigin, type PredictionOrigin } from './prediction-origin.ts';
import { inspectPrediction, readClassMap } from './read-prediction.ts';

const classes = [
  { name: 'normal', colour: '#000000', background: true },
  { name: 'groß | 100 %', colour: '#0072B2', background: false },
];
const [width, height] = [70, 40];
const origin: PredictionOrigin = {
  version: 1,
  model: { id: 'nano-add', title: 'Nano, add' },
  // 70 × 40 map pixels of 4 × 4, the last ones cut by the slide's edge.
  slide: { name: 'täst.svs', fingerprint: 'abc', width: 278, height: 157 },
  scale: { x: 4, y: 4 },
  classes,
  mark: null,
};

class MemorySink implements ByteSink {
  bytes = new Uint8Array();

  async write(position: number, bytes: Uint8Array): Promise<void> {
    const grown = new Uint8Array(Math.max(this.bytes.length, position + bytes.length));
    grown.set(this.bytes);
    grown.set(bytes, position);
    this.bytes = grown;
  }
}

async function tiffOf(
  kind: 'ofClasses' | 'ofConfidence',
  valueAt: (x: number, y: number) => number,
): Promise<ByteSource> {
  const sink = new MemorySink();
  const options = { sink, width, height, about: 'nano-add on täst.svs', origin };
  const tiff = kind === 'ofClasses' ? MapTiff.ofClasses(options, classes) : MapTiff.ofConfidence(options);
  for (let top = 0; top < height; top += tiff.tileSize) {
    const rows = Math.min(tiff.tileSize, height - top);
    const values = Uint8Array.from({ length: rows * width }, (_, i) =>
      valueAt(i % width, top + Math.floor(i / width)),
    );
    await tiff.push(values, width, rows);
  }
  await tiff.finish();
  return memoryByteSource(sink.bytes, `${kind}.tif`);
}

const classAt = (x: number, y: number): number => (x < 33 ? 255 : (x + y) % 3 === 0 ? 1 : 0);

describe('results that come back', () => {
  it('are recognised, with the pixels that were written', async () => {
    const map = await tiffOf('ofClasses', classAt);
    const sure = await tiffOf('ofConfidence', (x, y) => x + y);
    expect(await inspectPrediction(map)).toEqual({ kind: 'classes', origin });
    expect(await inspectPrediction(sure)).toEqual({ kind: 'confidence', origin });
    const cells: Cell[] = [];
    await readClassMap(map, sure, origin, (cell) => cells.push(cell));
    // Tiles of 32: the first column has nothing, and is left out.
    expect(cells.map(({ column, row }) => [column, row])).toEqual([
      [1, 0],
      [2, 0],
      [1, 1],
      [2, 1],
    ]);
    expect(cells[0]?.rect).toEqual({ x: 128, y: 0, width: 128, height: 128 });
    for (const { column, row, size, classes: values, confidence } of cells) {
      for (let y = 0; y < size && row * size + y < height; y++) {
        for (let x = 0; x < size && column * size + x < width; x++) {
          const at = [column * size + x, row * size + y] as const;
          expect(values[y * size + x]).toBe(classAt(...at));
          expect(confidence[y * size + x]).toBe(at[0] + at[1]);
        }
      }
    }
  });

  it('are polygons, too', async () => {
    const placement = { scaleX: 4, scaleY: 4, slideWidth: 278, slideHeight: 157 };
    const polygons = new MapPolygons(classes, placement, 0, 'Not to be trusted.', origin);
    polygons.push(Uint8Array.of(0, 1, 0), 3);
    polygons.finish();
    const text = polygons.take();
    const file = memoryByteSource(new TextEncoder().encode(text), 'a.geojson');
    expect(await inspectPrediction(file)).toEqual({ kind: 'polygons', origin });
    expect((JSON.parse(text) as { warning: string }).warning).toBe('Not to be trusted.');
  });

  it('are not other files', async () => {
    const other = new TextEncoder().encode('{"type":"FeatureCollection","features":[]}');
    expect(await inspectPrediction(memoryByteSource(other, 'a.geojson'))).toBeNull();
    expect(await inspectPrediction(memoryByteSource(Uint8Array.of(0x49, 0x49, 42, 0), 'a.tif'))).toBeNull();
    expect(await inspectPrediction(memoryByteSource(new Uint8Array(), 'a.tif'))).toBeNull();
    expect(readOrigin({ ...origin, version: 2 })).toBeNull();
  });

  it('refuse a map that does not cover the slide it names', async () => {
    const map = await tiffOf('ofClasses', classAt);
    const wrong = { ...origin, slide: { ...origin.slide, width: 5000 } };
    await expect(readClassMap(map, null, wrong, () => undefined)).rejects.toThrow(/do not cover täst.svs/);
  });

  it('know their slide by content, else by name and size', () => {
    const { slide } = origin;
    expect(matchOrigin(origin, slide).kind).toBe('same');
    expect(matchOrigin(origin, { ...slide, name: 'copy.svs' }).kind).toBe('same');
    expect(matchOrigin(origin, { ...slide, name: 'täst.ome.tiff', fingerprint: 'x' }).kind).toBe('alike');
    expect(matchOrigin(origin, { ...slide, name: 'b.svs', fingerprint: 'x' }).kind).toBe('other');
    expect(matchOrigin(origin, { ...slide, width: 279 }).kind).toBe('other');
  });
});
