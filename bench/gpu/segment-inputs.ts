/** What the segmenters are given: images with structure, in Node and in a page. */
import type { ModelManifest } from '../../src/runtime/manifest.ts';
import type { InputImage, Segmenter, SliceInput, SliceMaps } from '../../src/runtime/segmenter.ts';
import { mulberry32 } from '../../src/runtime/variables.ts';

/**
 * A square of waves in three colours and noise.
 * @param channels 3, or 4 with an opaque alpha
 */
export function image(side: number, seed: number, channels: 3 | 4): Uint8Array<ArrayBuffer> {
  const random = mulberry32(seed);
  const data = new Uint8Array(side * side * channels).fill(255);
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      for (let c = 0; c < 3; c++) {
        const wave = Math.sin((x + 7 * seed) / (6 + 3 * c)) * Math.cos((y - 3 * seed) / (9 + c));
        data[(y * side + x) * channels + c] = Math.round(128 + 80 * wave + 60 * (random() - 0.5));
      }
    }
  }
  return data;
}

export function slicesOf({ slice, context }: ModelManifest, count: number): SliceInput[] {
  return Array.from({ length: count }, (_, index) => ({
    image: square(slice.sizePx, index + 1),
    sliceInContext: context === null ? null : { x: 0.1 * (index % 8), y: 0.4, size: 0.2 },
  }));
}

export function square(side: number, seed: number): InputImage {
  return { width: side, height: side, data: new Uint8ClampedArray(image(side, seed, 4).buffer) };
}

export async function segmentAll(
  segmenter: Segmenter,
  slices: readonly SliceInput[],
  features: ReturnType<Segmenter['encodeContext']> | null,
): Promise<SliceMaps[]> {
  if (segmenter.segmentBatch !== undefined) return segmenter.segmentBatch(slices, features);
  const maps: SliceMaps[] = [];
  for (const slice of slices) maps.push(await segmenter.segment(slice.image, features, slice.sliceInContext));
  return maps;
}
