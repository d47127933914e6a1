/**
 * Writes a slide's maps, polygons and preview in one pass over the map, from top to bottom. Each file gets its final
 * name only when it is complete.
 */
import { createWriteStream, type WriteStream } from 'node:fs';
import { rename } from 'node:fs/promises';
import { once } from 'node:events';
import sharp from 'sharp';
import { markedIf, overriddenCheck } from '../base/overridden-check.ts';
import type { MapPlacement } from '../annotation/write-geojson.ts';
import type { ModelManifest } from '../runtime/manifest.ts';
import { noClass, type ClassMapWindow } from '../segment/class-map.ts';
import type { RgbaImage } from '../slide/slide.ts';
import { FileSink } from '../slide/tiff-writer/file-sink.node.ts';
import { zlibDeflate } from '../slide/tiff-writer/zlib-deflate.node.ts';
import { MapPolygons } from './map-polygons.ts';
import { MapTiff, tileSizeFor, type MapTiffOptions } from './map-tiff.ts';
import type { MapStrips } from './map-strips.ts';
import { paintPreview, previewSize, type PreviewClasses } from './preview.ts';

export interface WriteMapsOptions {
  readonly strips: MapStrips;
  readonly manifest: ModelManifest;
  /** Whether the model's check was overridden, which the files then say. */
  readonly overridden?: boolean;
  /** Path prefix of all files. */
  readonly prefix: string;
  readonly slideName: string;
  /** µm per pixel of the map. */
  readonly umPerPx: number;
  /** Maximum deviation of polygon outlines, in map pixels; 0 for exact. */
  readonly tolerance: number;
  /** Reads the whole slide at this size, as the preview's base. */
  readonly picture: (width: number, height: number) => Promise<RgbaImage>;
}

export interface WrittenMaps {
  /** Class map, confidence map, polygons, preview, in this order. */
  readonly files: readonly string[];
  /** Map pixels per class value. */
  readonly counts: Float64Array;
  /** Map pixels per class value and confidence, at `256 × class + confidence`. */
  readonly confidences: Float64Array;
  readonly polygons: number;
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

/** Writes class map, confidence map, polygons and preview. @throws any error of reading the slide or writing files. */
export async function writeMaps(options: WriteMapsOptions): Promise<WrittenMaps> {
  const { strips, manifest, overridden = false, prefix, umPerPx, picture } = options;
  const files = mapFiles(prefix);
  const { width, height } = strips;
  const tileSize = tileSizeFor(width, height);
  const about = markedIf(overridden, `${manifest.id} on ${options.slideName}`);
  const common = { width, height, umPerPx, about, deflate: zlibDeflate };
  const classTiff = await OpenTiff.create(files.classes, (sink) =>
    MapTiff.ofClasses({ ...common, sink }, manifest.classes),
  );
  const confidenceTiff = await OpenTiff.create(files.confidence, (sink) =>
    MapTiff.ofConfidence({ ...common, sink }),
  );
  const { slideWidth, slideHeight } = strips.geometry;
  const placement = { scaleX: strips.scale.x, scaleY: strips.scale.y, slideWidth, slideHeight };
  const geoJson = new OpenGeoJson(files.polygons, options, placement);
  const small = previewSize(width, height);
  const preview: PreviewClasses = { ...small, classes: new Uint8Array(small.width * small.height) };
  const confidences = new Float64Array(256 * (noClass + 1));
  let previewRow = 0;
  for (let top = 0; top < height; top += tileSize) {
    const strip = strips.read(top, tileSize);
    await classTiff.push(strip.classes, width, strip.height);
    await confidenceTiff.push(strip.confidence, width, strip.height);
    countPixels(strip, confidences);
    await geoJson.push(strip.classes, width);
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
  const counts = Float64Array.from({ length: noClass + 1 }, (_value, classValue) =>
    confidences.subarray(256 * classValue, 256 * (classValue + 1)).reduce((sum, count) => sum + count, 0),
  );
  return { files: all, counts, confidences, polygons };
}

/** Adds the pixels of a strip to the histogram of class values and confidences. */
function countPixels({ classes, confidence }: ClassMapWindow, confidences: Float64Array): void {
  for (let i = 0; i < classes.length; i++) {
    const bin = 256 * (classes[i] ?? noClass) + (confidence[i] ?? 0);
    confidences[bin] = (confidences[bin] ?? 0) + 1;
  }
}

/** The temporary name of a file while it is written. */
export function partOf(file: string): string {
  return `${file}.part`;
}

class OpenTiff {
  readonly #sink: FileSink;
  readonly #tiff: MapTiff;

  private constructor(sink: FileSink, tiff: MapTiff) {
    this.#sink = sink;
    this.#tiff = tiff;
  }

  static async create(path: string, make: (sink: MapTiffOptions['sink']) => MapTiff): Promise<OpenTiff> {
    const sink = await FileSink.create(partOf(path));
    return new OpenTiff(sink, make(sink));
  }

  push(values: Uint8Array, width: number, height: number): Promise<void> {
    return this.#tiff.push(values, width, height);
  }

  async finish(): Promise<void> {
    await this.#tiff.finish();
    await this.#sink.close();
  }
}

/** Writes polygons of all classes except background as they are completed. */
class OpenGeoJson {
  readonly #stream: WriteStream;
  readonly #polygons: MapPolygons;

  constructor(path: string, options: WriteMapsOptions, placement: MapPlacement) {
    const { manifest, tolerance, overridden = false } = options;
    this.#stream = createWriteStream(partOf(path));
    this.#polygons = new MapPolygons(
      manifest.classes,
      placement,
      tolerance,
      overridden ? overriddenCheck : undefined,
    );
  }

  async push(values: Uint8Array, width: number): Promise<void> {
    this.#polygons.push(values, width);
    await this.#drain();
  }

  /** Writes the completed polygons. */
  async #drain(): Promise<void> {
    const text = this.#polygons.take();
    if (text !== '' && !this.#stream.write(text)) await once(this.#stream, 'drain');
  }

  /** @returns the number of polygons. */
  async finish(): Promise<number> {
    this.#polygons.finish();
    await this.#drain();
    this.#stream.end();
    await once(this.#stream, 'finish');
    return this.#polygons.count;
  }
}
