/** Slices as coloured pixels, kept for the next frame. */
import type { PixelTable } from './class-palette.ts';
import type { SliceMap, StoredSlice } from './class-map-store.ts';
import { LeastRecentlyUsed } from '../../base/lru.ts';
import { createCanvas } from './overlay-context.ts';

const maxBytes = 96e6;

export interface FillStyle {
  /** Draw confidence instead of classes. */
  readonly confidence: boolean;
  /** Pixels of a lower confidence, 0 to 255, are not drawn. */
  readonly minConfidence: number;
  /** Pixels of class values, or of confidence values when `confidence` is set. */
  readonly pixels: PixelTable;
}

export class FillBitmaps {
  readonly #bitmaps = new LeastRecentlyUsed<string, OffscreenCanvas>(
    maxBytes,
    (canvas) => canvas.width * canvas.height * 4,
  );

  clear(): void {
    this.#bitmaps.clear();
  }

  /** @param map of the slice. @param allowCreate whether there is time to make one. null when there is none. */
  of(slice: StoredSlice, map: SliceMap, style: FillStyle, allowCreate: boolean): OffscreenCanvas | null {
    const key = `${slice.generation}/${map.size}`;
    const kept = this.#bitmaps.get(key);
    if (kept !== undefined || !allowCreate) return kept ?? null;
    const context = createCanvas(map.size, map.size);
    const image = context.createImageData(map.size, map.size);
    const pixels = new Uint32Array(image.data.buffer);
    const values = style.confidence ? map.confidence : map.classes;
    const { minConfidence } = style;
    for (let index = 0; index < pixels.length; index++) {
      const sure = (map.confidence[index] ?? 0) >= minConfidence;
      pixels[index] = sure ? (style.pixels[values[index] ?? 0] ?? 0) : 0;
    }
    context.putImageData(image, 0, 0);
    this.#bitmaps.set(key, context.canvas);
    return context.canvas;
  }
}
