/**
 * A slide's results as files, in one pass over the map from the top to the bottom. Every file is written under
 * another name and renamed when it is whole, so that nobody ever sees half of one.
 */
import { createWriteStream } from 'node:fs';
import { rename } from 'node:fs/promises';
import { once } from 'node:events';
import sharp from 'sharp';
import { PolygonTracer } from '../annotation/trace-polygons.ts';
import {
  geoJsonFeature,
  geoJsonHead,
  geoJsonSeparator,
  geoJsonTail,
  type MapPlacement,
} from '../annotation/write-geojson.ts';
import type { ModelManifest } from '../runtime/manifest.ts';
import { noClass } from '../segment/class-map.ts';
import type { RgbaImage } from '../slide/slide.ts';
import { FileSink } from '../slide/tiff-writer/file-sink.node.ts';
import { TiffWriter, type TiffWriterOptions } from '../slide/tiff-writer/tiff-writer.ts';
import type { MapStrips } from './map-strips.ts';
import { paintPreview, previewSize, type PreviewClasses } from './preview.ts';

export interface WriteMapsOptions {
  readonly strips: MapStrips;
  readonly manifest: ModelManifest;
  /** Folder and beginning of every file's name. */
  readonly prefix: string;
  readonly slideName: string;
  /** µm per pixel of the map. */
  readonly umPerPx: number;
  /** Furthest that a polygon's outline may lie from the exact one, in pixels of the map; 0 for exact. */
  readonly tolerance: number;
  /** The slide itself, whole, at this size: what the preview is painted on. */
  readonly picture: (width: number, height: number) => Promise<RgbaImage>;
}

export interface WrittenMaps {
  /** In the order: class map, confidence map, polygons, preview. */
  readonly files: readonly string[];
  /** Pixels of the map per class value. */
  readonly counts: Float64Array;
  readonly polygons: number;
}

/**
 * Side of a TIFF tile, and rows of the map in memory at a time: 256, less only where the map is smaller, because
 * libtiff garbles palette tiles that are wider than their image.
 */
function tileSizeFor(width: number, height: number): number {
  return Math.max(16, Math.min(256, Math.floor(Math.min(width, height) / 16) * 16));
}

/** The names of the files that `writeMaps` writes. */
export function mapFiles(prefix: string): Readonly<Record<MapFile, string>> {
  return {
    classes: `${prefix}.classes.tif`,
    confidence: `${prefix}.confidence.tif`,
    polygons: `${prefix}.geojson`,
    preview: `${prefix}.preview.png`,
  };
}

type MapFile = 'classes' | 'confidence' | 'polygons' | 'preview';

/** Writes class map, confidence map, polygons and preview. @throws what reading the slide or writing throws. */
export async function writeMaps(options: WriteMapsOptions): Promise<WrittenMaps> {
  const { strips, manifest, prefix, umPerPx, picture } = options;
  const files = mapFiles(prefix);
  const { width, height } = strips;
  const tileSize = tileSizeFor(width, height);
  const about = `${manifest.id} on ${options.slideName}`;
  const common = {
    width,
    height,
    tileSize,
    compression: { kind: 'deflate' },
    levelsFillTile: true,
    mpp: umPerPx,
    software: 'Dualscope, research use only',
  } as const;
  const classTiff = await OpenTiff.create(files.classes, {
    ...common,
    colour: 'palette',
    palette: paletteOf(manifest),
    reduce: 'majority',
    description: `Dualscope class map|${about}|${manifest.classes.map(({ name }, value) => `${value} = ${name}`).join('|')}|${noClass} = not segmented`,
  });
  const confidenceTiff = await OpenTiff.create(files.confidence, {
    ...common,
    colour: 'grey',
    reduce: 'average',
    description: `Dualscope confidence map|${about}|0 to 255: probability of the winning class`,
  });
  const { slideWidth, slideHeight } = strips.geometry;
  const placement = { scaleX: strips.scale.x, scaleY: strips.scale.y, slideWidth, slideHeight };
  const geoJson = new OpenGeoJson(files.polygons, manifest, placement, options.tolerance);
  const small = previewSize(width, height);
  const preview: PreviewClasses = { ...small, classes: new Uint8Array(small.width * small.height) };
  const counts = new Float64Array(noClass + 1);
  let previewRow = 0;
  for (let top = 0; top < height; top += tileSize) {
    const strip = strips.read(top, tileSize);
    await classTiff.push(strip.classes, width, strip.height);
    await confidenceTiff.push(strip.confidence, width, strip.height);
    for (const value of strip.classes) counts[value] = (counts[value] ?? 0) + 1;
    for (let y = 0; y < strip.height; y++) {
      geoJson.row(strip.classes.subarray(y * width, (y + 1) * width));
    }
    await geoJson.drain();
    for (; previewRow < small.height; previewRow++) {
      const y = Math.floor(((previewRow + 0.5) * height) / small.height) - top;
      if (y >= strip.height) break;
      for (let x = 0; x < small.width; x++) {
        const from = y * width + Math.floor(((x + 0.5) * width) / small.width);
        preview.classes[previewRow * small.width + x] = strip.classes[from] ?? noClass;
      }
    }
  }
  await classTiff.finish();
  await confidenceTiff.finish();
  const polygons = await geoJson.finish();
  const painted = paintPreview(await picture(small.width, small.height), preview, manifest);
  await sharp(painted.data, { raw: { width: small.width, height: small.height, channels: 4 } })
    .removeAlpha()
    .png()
    .toFile(partOf(files.preview));
  const all = [files.classes, files.confidence, files.polygons, files.preview];
  for (const file of all) await rename(partOf(file), file);
  return { files: all, counts, polygons };
}

/** The name of a file while it is being written. */
export function partOf(file: string): string {
  return `${file}.part`;
}

/** Colours of the classes; white for `noClass`. */
function paletteOf({ classes }: ModelManifest): [number, number, number][] {
  const palette = Array.from({ length: noClass + 1 }, (): [number, number, number] => [0, 0, 0]);
  classes.forEach(({ colour }, value) => {
    palette[value] = [
      parseInt(colour.slice(1, 3), 16),
      parseInt(colour.slice(3, 5), 16),
      parseInt(colour.slice(5, 7), 16),
    ];
  });
  palette[noClass] = [255, 255, 255];
  return palette;
}

class OpenTiff {
  private constructor(
    private readonly sink: FileSink,
    private readonly writer: TiffWriter,
    private readonly tileSize: number,
  ) {}

  static async create(path: string, settings: Omit<TiffWriterOptions, 'sink'>): Promise<OpenTiff> {
    const sink = await FileSink.create(partOf(path));
    return new OpenTiff(sink, new TiffWriter({ ...settings, sink }), settings.tileSize);
  }

  /** A row of tiles: `height` rows of `width` values. Past the map's border its last values are repeated. */
  async push(values: Uint8Array, width: number, height: number): Promise<void> {
    const { tileSize } = this;
    const tile = new Uint8Array(tileSize * tileSize);
    for (let column = 0; column < this.writer.columns; column++) {
      const left = column * tileSize;
      const across = Math.min(tileSize, width - left);
      for (let y = 0; y < tileSize; y++) {
        const from = Math.min(y, height - 1) * width + left;
        tile.set(values.subarray(from, from + across), y * tileSize);
        tile.fill(values[from + across - 1] ?? 0, y * tileSize + across, (y + 1) * tileSize);
      }
      await this.writer.pushTile(tile);
    }
  }

  async finish(): Promise<void> {
    await this.writer.finish();
    await this.sink.close();
  }
}

/** Polygons of all classes but background, written as they end. */
class OpenGeoJson {
  private readonly stream;
  private readonly tracer: PolygonTracer;
  private waiting: string[] = [];
  private polygons = 0;

  constructor(path: string, { classes }: ModelManifest, placement: MapPlacement, tolerance: number) {
    this.stream = createWriteStream(partOf(path));
    this.waiting.push(geoJsonHead);
    this.tracer = new PolygonTracer(
      { isTraced: (value) => classes[value]?.background === false, tolerance },
      (polygon) => {
        const of = classes[polygon.classValue];
        if (of === undefined) return;
        if (this.polygons++ > 0) this.waiting.push(geoJsonSeparator);
        this.waiting.push(geoJsonFeature(polygon, of, placement));
      },
    );
  }

  row(values: Uint8Array): void {
    this.tracer.row(values);
  }

  /** Hands what has ended to the file. */
  async drain(): Promise<void> {
    const text = this.waiting.join('');
    this.waiting = [];
    if (text !== '' && !this.stream.write(text)) await once(this.stream, 'drain');
  }

  /** @returns how many polygons there are. */
  async finish(): Promise<number> {
    this.tracer.finish();
    this.waiting.push(geoJsonTail);
    await this.drain();
    this.stream.end();
    await once(this.stream, 'finish');
    return this.polygons;
  }
}
