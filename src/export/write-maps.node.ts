/**
 * Writes a slide's maps, polygons and preview in one pass over the map, from top to bottom. The files get their final
 * names together, when all are complete.
 */
import sharp from 'sharp';
import { inDefaultColours } from '../base/class-colours.ts';
import { withMark } from '../base/overridden-check.ts';
import type { MapPlacement } from '../annotation/write-geojson.ts';
import { FileSet } from '../base/file-set.node.ts';
import type { PartFile } from '../base/replace-file.node.ts';
import type { ModelManifest } from '../runtime/manifest.ts';
import { noClass, type ClassMapWindow } from '../segment/class-map.ts';
import type { TissueMask } from '../segment/tissue.ts';
import type { RgbaImage } from '../slide/slide.ts';
import { zlibDeflate } from '../slide/tiff-writer/zlib-deflate.node.ts';
import { tissuePixels } from './map-area.ts';
import { MapPolygons } from './map-polygons.ts';
import { MapTiff, tileSizeFor } from './map-tiff.ts';
import type { MapStrips } from './map-strips.ts';
import type { PredictionOrigin } from './prediction-origin.ts';
import { paintPreview, previewSize, type PreviewClasses } from './preview.ts';

export interface WriteMapsOptions {
  readonly strips: MapStrips;
  readonly manifest: ModelManifest;
  /** Why the result must not be trusted, which the files then say; see `resultMark`. */
  readonly mark?: string | null;
  /** Where tissue is: pixels elsewhere are not counted. By default, and where it is unknown, all are. */
  readonly tissue?: TissueMask | null;
  /** Path prefix of all files. */
  readonly prefix: string;
  readonly slideName: string;
  /** µm per pixel of the map. */
  readonly umPerPx: number;
  /** Maximum deviation of polygon outlines, in map pixels; 0 for exact. */
  readonly tolerance: number;
  /** Reads the whole slide at this size, as the preview's base. */
  readonly picture: (width: number, height: number) => Promise<RgbaImage>;
  /** Level-0 size and fingerprint of the slide: with them the files can be opened again as predictions. */
  readonly slide?: Pick<PredictionOrigin['slide'], 'fingerprint' | 'width' | 'height'>;
  /** Receives the files, and puts them in their places later; by default they are put there at the end. */
  readonly set?: FileSet;
}

export interface WrittenMaps {
  /** Class map, confidence map, polygons, preview, in this order. */
  readonly files: readonly string[];
  /** Map pixels on tissue per class value. */
  readonly counts: Float64Array;
  /** Map pixels on tissue per class value and confidence, at `256 × class + confidence`. */
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
  if (options.set !== undefined) return writeInto(options.set, options);
  const files = Object.values(mapFiles(options.prefix));
  const set = await FileSet.open(`${options.prefix}.commit`, files);
  try {
    const maps = await writeInto(set, options);
    await set.commit();
    return maps;
  } catch (error) {
    await set.discard();
    throw error;
  }
}

async function writeInto(set: FileSet, options: WriteMapsOptions): Promise<WrittenMaps> {
  const { strips, manifest, mark = null, tissue = null, prefix, umPerPx, picture } = options;
  const files = mapFiles(prefix);
  const { width, height } = strips;
  const tileSize = tileSizeFor(width, height);
  const about = withMark(mark, `${manifest.id} on ${options.slideName}`);
  const origin = originOf(options);
  const common = {
    width,
    height,
    umPerPx,
    about,
    deflate: zlibDeflate,
    ...(origin !== undefined && { origin }),
  };
  const classPart = await set.create(files.classes);
  const classTiff = new OpenTiff(
    classPart,
    MapTiff.ofClasses({ ...common, sink: classPart }, inDefaultColours(manifest.classes)),
  );
  const confidencePart = await set.create(files.confidence);
  const confidenceTiff = new OpenTiff(
    confidencePart,
    MapTiff.ofConfidence({ ...common, sink: confidencePart }),
  );
  const { slideWidth, slideHeight } = strips.geometry;
  const placement = { scaleX: strips.scale.x, scaleY: strips.scale.y, slideWidth, slideHeight };
  const geoJson = new OpenGeoJson(await set.create(files.polygons), options, placement, origin);
  const small = previewSize(width, height);
  const preview: PreviewClasses = { ...small, classes: new Uint8Array(small.width * small.height) };
  const confidences = new Float64Array(256 * (noClass + 1));
  let previewRow = 0;
  for (let top = 0; top < height; top += tileSize) {
    const strip = strips.read(top, tileSize);
    await classTiff.push(strip.classes, width, strip.height);
    await confidenceTiff.push(strip.confidence, width, strip.height);
    const onTissue = tissuePixels(tissue, { column: 0, row: top }, width, strip.height, strips.scale);
    countPixels(strip, onTissue, confidences);
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
  const painted = paintPreview(await picture(small.width, small.height), preview, {
    classes: inDefaultColours(manifest.classes),
  });
  const png = sharp(painted.data, { raw: { width: small.width, height: small.height, channels: 4 } })
    .removeAlpha()
    .png();
  // Not the whole description: the slide's name is not always what EXIF can hold.
  if (mark !== null) png.withExif({ IFD0: { ImageDescription: mark } });
  await set.add(files.preview, await png.toBuffer());
  const all = [files.classes, files.confidence, files.polygons, files.preview];
  const counts = Float64Array.from({ length: noClass + 1 }, (_value, classValue) =>
    confidences.subarray(256 * classValue, 256 * (classValue + 1)).reduce((sum, count) => sum + count, 0),
  );
  return { files: all, counts, confidences, polygons };
}

/** What the files say of themselves; undefined where the slide is not given. */
function originOf({
  slide,
  slideName,
  manifest,
  strips,
  mark = null,
}: WriteMapsOptions): PredictionOrigin | undefined {
  if (slide === undefined) return undefined;
  return {
    version: 1,
    model: { id: manifest.id, title: manifest.title },
    slide: { name: slideName, ...slide },
    scale: strips.scale,
    classes: manifest.classes.map(({ name, colour, background }) => ({ name, colour, background })),
    mark,
  };
}

/** Adds the pixels of a strip that lie on tissue to the histogram of class values and confidences. */
function countPixels(
  { classes, confidence }: ClassMapWindow,
  onTissue: Uint8Array | null,
  confidences: Float64Array,
): void {
  for (let i = 0; i < classes.length; i++) {
    if (onTissue?.[i] === 0) continue;
    const bin = 256 * (classes[i] ?? noClass) + (confidence[i] ?? 0);
    confidences[bin] = (confidences[bin] ?? 0) + 1;
  }
}

class OpenTiff {
  readonly #part: PartFile;
  readonly #tiff: MapTiff;

  constructor(part: PartFile, tiff: MapTiff) {
    this.#part = part;
    this.#tiff = tiff;
  }

  push(values: Uint8Array, width: number, height: number): Promise<void> {
    return this.#tiff.push(values, width, height);
  }

  async finish(): Promise<void> {
    await this.#tiff.finish();
    await this.#part.close();
  }
}

/** Writes polygons of all classes except background as they are completed. */
class OpenGeoJson {
  readonly #part: PartFile;
  readonly #polygons: MapPolygons;

  constructor(
    part: PartFile,
    options: WriteMapsOptions,
    placement: MapPlacement,
    origin: PredictionOrigin | undefined,
  ) {
    const { manifest, tolerance, mark = null } = options;
    this.#part = part;
    this.#polygons = new MapPolygons(
      inDefaultColours(manifest.classes),
      placement,
      tolerance,
      mark ?? undefined,
      origin,
    );
  }

  async push(values: Uint8Array, width: number): Promise<void> {
    this.#polygons.push(values, width);
    await this.#drain();
  }

  /** Writes the completed polygons. */
  async #drain(): Promise<void> {
    const text = this.#polygons.take();
    if (text !== '') await this.#part.append(text);
  }

  /** @returns the number of polygons. */
  async finish(): Promise<number> {
    this.#polygons.finish();
    await this.#drain();
    await this.#part.close();
    return this.#polygons.count;
  }
}
