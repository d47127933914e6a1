/** Reads result files back: class maps with their confidence, and polygons. */
import type { Cell } from '../segment/run-progress.ts';
import { noClass } from '../segment/class-map.ts';
import { SlideError, type ByteSource, type SlidePlatform } from '../slide/slide.ts';
import { GreyImage } from '../slide/tiff/grey-image.ts';
import { tag } from '../slide/tiff/tags.ts';
import { TiffFile } from '../slide/tiff/tiff-file.ts';
import { originMember, originOfDescription, readOrigin, type PredictionOrigin } from './prediction-origin.ts';

/** `classes` and `confidence` are TIFF maps of the same grid; `polygons` is GeoJSON. */
export type PredictionKind = 'classes' | 'confidence' | 'polygons';

export interface PredictionFile {
  readonly kind: PredictionKind;
  readonly origin: PredictionOrigin;
}

/** Bytes of a GeoJSON file in which its origin is: our writer puts it first. */
const headBytes = 300_000;

/** What a result file says of itself; null for any other file. Reads little of it. */
export async function inspectPrediction(source: ByteSource): Promise<PredictionFile | null> {
  const head = await source.read(0, Math.min(4, source.size)).catch(() => new Uint8Array());
  if (TiffFile.recognises(head)) return inspectTiff(source);
  if (head[0] !== 0x7b) return null;
  const text = new TextDecoder().decode(await source.read(0, Math.min(headBytes, source.size)));
  const start = `{"type":"FeatureCollection","${originMember}":`;
  if (!text.startsWith(start)) return null;
  // The origin ends where the features, or a warning before them, begin.
  const end = /,"(?:warning|features)":/.exec(text.slice(start.length));
  const origin = end === null ? null : readOrigin(text.slice(start.length, start.length + end.index));
  return origin === null ? null : { kind: 'polygons', origin };
}

async function inspectTiff(source: ByteSource): Promise<PredictionFile | null> {
  try {
    const tiff = await TiffFile.open(source);
    const description = (await tiff.directories[0]?.text(tag.imageDescription)) ?? '';
    const kind = description.startsWith('Dualscope class map|')
      ? 'classes'
      : description.startsWith('Dualscope confidence map|')
        ? 'confidence'
        : null;
    const origin = kind === null ? null : originOfDescription(description);
    return kind === null || origin === null ? null : { kind, origin };
  } catch (error) {
    // Whoever opens it as a slide says what is wrong with it.
    if (error instanceof SlideError) return null;
    throw error;
  }
}

/** Our maps are deflated: nothing of them needs the platform's decoders. */
const withoutDecoders: SlidePlatform = {
  decoder: { decode: () => Promise.reject(new Error('no decoder')) },
  jpeg2000: () => Promise.reject(new Error('no decoder')),
  samples: () => Promise.reject(new Error('no decoder')),
};

/**
 * Emits the cells of a class map: the tiles of the file, without those in which nothing was segmented.
 * @param confidence the map of confidence of the same result; null where there is none: it counts as 1 then.
 * @throws SlideError when a file is damaged, or the map does not cover the slide that it names.
 */
export async function readClassMap(
  classes: ByteSource,
  confidence: ByteSource | null,
  origin: PredictionOrigin,
  onCell: (cell: Cell) => void,
  signal?: AbortSignal,
): Promise<void> {
  const map = await firstImage(classes);
  const sure = confidence === null ? null : await firstImage(confidence);
  const { slide, scale } = origin;
  const { width, height, tileWidth, tileHeight } = map;
  const covers = (pixels: number, factor: number, side: number): boolean =>
    pixels === Math.ceil(side / factor) || Math.abs(pixels * factor - side) <= factor + 1;
  if (
    tileWidth !== tileHeight ||
    !covers(width, scale.x, slide.width) ||
    !covers(height, scale.y, slide.height)
  ) {
    throw damaged(
      classes.name,
      `Its ${width} × ${height} pixels do not cover ${slide.name}, which it names.`,
    );
  }
  if (
    sure !== null &&
    (sure.width !== width ||
      sure.height !== height ||
      sure.tileWidth !== tileWidth ||
      sure.tileHeight !== tileHeight)
  ) {
    throw damaged(confidence?.name ?? '', `Its size is not that of ${classes.name}.`);
  }
  const side = { x: tileWidth * scale.x, y: tileHeight * scale.y };
  for (let row = 0; row < map.rows; row++) {
    for (let column = 0; column < map.columns; column++) {
      signal?.throwIfAborted();
      const values = await map.values(column, row, withoutDecoders);
      if (values === null || values.every((value) => value === noClass)) continue;
      const sureness = await sure?.values(column, row, withoutDecoders);
      onCell({
        column,
        row,
        rect: { x: column * side.x, y: row * side.y, width: side.x, height: side.y },
        size: tileWidth,
        classes: Uint8Array.from(values),
        confidence: sureness == null ? new Uint8Array(values.length).fill(255) : Uint8Array.from(sureness),
      });
    }
  }
}

async function firstImage(source: ByteSource): Promise<GreyImage> {
  const tiff = await TiffFile.open(source);
  const [directory] = tiff.directories;
  if (directory === undefined) throw damaged(source.name, 'It has no image.');
  const image = await GreyImage.open(tiff, directory);
  if (image.bits !== 8) throw damaged(source.name, 'It has 16 bits per pixel; class maps have 8.');
  return image;
}

const damaged = (name: string, problem: string): SlideError =>
  new SlideError('corrupt', name, problem, 'Export the result again.');
