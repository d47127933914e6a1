/** Writes class and confidence maps as pyramidal TIFF, one row of tiles at a time, to any sink. Pure. */
import { terminalText } from '../base/terminal-text.ts';
import type { ModelManifest } from '../runtime/manifest.ts';
import { noClass } from '../segment/class-map.ts';
import { originMark, originText, type PredictionOrigin } from './prediction-origin.ts';
import {
  TiffWriter,
  type ByteSink,
  type Deflate,
  type TiffWriterOptions,
} from '../slide/tiff-writer/tiff-writer.ts';

/** The classes of a map, as in a manifest. */
export type MapClasses = ModelManifest['classes'];

export interface MapTiffOptions {
  readonly sink: ByteSink;
  /** Pixels of the map. */
  readonly width: number;
  readonly height: number;
  /** µm per map pixel; absent if the slide's is unknown. */
  readonly umPerPx?: number;
  /** By default the portable implementation, on this thread. */
  readonly deflate?: Deflate;
  /** Model and slide, for example `nano-add on slide.svs`. */
  readonly about: string;
  /** With it the file can be opened again as a prediction. */
  readonly origin?: PredictionOrigin;
}

/**
 * Side of a TIFF tile, which is also the number of map rows in memory: 256, or less for smaller maps, because libtiff
 * garbles palette tiles that are wider than their image.
 */
export function tileSizeFor(width: number, height: number): number {
  return Math.max(16, Math.min(256, Math.floor(Math.min(width, height) / 16) * 16));
}

/** Writes one map: push its rows in strips of `tileSize`, then `finish`. */
export class MapTiff {
  readonly tileSize: number;
  readonly #writer: TiffWriter;

  private constructor(
    options: MapTiffOptions,
    kind: Pick<TiffWriterOptions, 'colour' | 'palette' | 'reduce'>,
    text: string,
  ) {
    const { sink, width, height, umPerPx, about, deflate, origin } = options;
    const prediction = origin === undefined ? '' : `${originMark}${originText(origin)}`;
    this.tileSize = tileSizeFor(width, height);
    this.#writer = new TiffWriter({
      ...kind,
      sink,
      width,
      height,
      tileSize: this.tileSize,
      compression: { kind: 'deflate', ...(deflate !== undefined && { deflate }) },
      levelsFillTile: true,
      ...(umPerPx === undefined ? {} : { mpp: umPerPx }),
      software: 'Dualscope, research use only',
      description: `${terminalText(text.replace('%', () => about))}${prediction}`,
    });
  }

  /** Class values as a palette image, downsampled by majority; 255 for pixels that were not segmented. */
  static ofClasses(options: MapTiffOptions, classes: MapClasses): MapTiff {
    const names = classes.map(({ name }, value) => `${value} = ${name}`).join('|');
    return new MapTiff(
      options,
      { colour: 'palette', palette: paletteOf(classes), reduce: 'majority' },
      `Dualscope class map|%|${names}|${noClass} = not segmented`,
    );
  }

  static ofConfidence(options: MapTiffOptions): MapTiff {
    return new MapTiff(
      options,
      { colour: 'grey', reduce: 'average' },
      'Dualscope confidence map|%|0 to 255: probability of the winning class',
    );
  }

  /** A row of tiles: `height` rows of `width` values. Padding repeats the map's last values. */
  async push(values: Uint8Array, width: number, height: number): Promise<void> {
    const { tileSize } = this;
    const tile = new Uint8Array(tileSize * tileSize);
    for (let column = 0; column < this.#writer.columns; column++) {
      const left = column * tileSize;
      const across = Math.min(tileSize, width - left);
      for (let y = 0; y < tileSize; y++) {
        const from = Math.min(y, height - 1) * width + left;
        tile.set(values.subarray(from, from + across), y * tileSize);
        tile.fill(values[from + across - 1] ?? 0, y * tileSize + across, (y + 1) * tileSize);
      }
      await this.#writer.pushTile(tile);
    }
  }

  /** @returns the file's length in bytes. */
  finish(): Promise<number> {
    return this.#writer.finish();
  }
}

/** Colours of the classes; white for `noClass`. */
function paletteOf(classes: MapClasses): [number, number, number][] {
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
