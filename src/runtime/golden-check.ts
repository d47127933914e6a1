/** Checks that a model computes here what it computed where it was exported. */
import type { ReadFile } from './model-files.ts';
import { ModelError } from './manifest.ts';
import type { InputImage, Segmenter, SliceInContext, SliceMaps } from './segmenter.ts';

export interface GoldenResult {
  /** Share of pixels with the stored class, 0 to 1. */
  readonly agreement: number;
  /** The minimum set by the manifest. */
  readonly required: number;
  readonly passed: boolean;
  readonly pixels: number;
  /** Pixels with a different class. */
  readonly differing: number;
  /** The highest confidence among pixels with a different class, 0 to 1: the size of the worst difference. */
  readonly largest: number;
}

/**
 * Segments the model's golden slice and compares classes.
 * @param readFile reads a file of the model's folder.
 * @throws ModelError `bad-input` when a golden file has the wrong size; any error of `readFile`.
 */
export async function checkGolden(segmenter: Segmenter, readFile: ReadFile): Promise<GoldenResult> {
  const { id, golden } = segmenter.manifest;
  const expected = await readFile(golden.classes);
  const maps = await segmentGolden(segmenter, {
    slice: await readFile(golden.slice),
    context: golden.context === null ? null : await readFile(golden.context),
    sliceInContext: golden.sliceInContext ?? null,
  });
  if (expected.length !== maps.classes.length) {
    throw new ModelError(
      'bad-input',
      `${id}/${golden.classes}`,
      `Expected ${maps.classes.length} classes, found ${expected.length}.`,
      'Fetch or export the model again.',
    );
  }
  const pixels = expected.length;
  let differing = 0;
  let largest = 0;
  for (let i = 0; i < pixels; i++) {
    if (expected[i] === maps.classes[i]) continue;
    differing++;
    largest = Math.max(largest, (maps.confidence[i] ?? 0) / 255);
  }
  const agreement = 1 - differing / pixels;
  const passed = agreement >= golden.agreement;
  return { agreement, required: golden.agreement, passed, pixels, differing, largest };
}

/** Segments a slice, given as RGB bytes with its context. */
export async function segmentGolden(
  segmenter: Segmenter,
  inputs: {
    readonly slice: Uint8Array;
    readonly context: Uint8Array | null;
    readonly sliceInContext: SliceInContext | null;
  },
): Promise<SliceMaps> {
  const { manifest } = segmenter;
  const slice = fromRgb(inputs.slice, manifest.slice.sizePx, `${manifest.id}/${manifest.golden.slice}`);
  if (manifest.context === null || inputs.context === null) return segmenter.segment(slice, null, null);
  const file = `${manifest.id}/${manifest.golden.context ?? 'golden context'}`;
  const features = segmenter.encodeContext(fromRgb(inputs.context, manifest.context.sizePx, file));
  try {
    return await segmenter.segment(slice, features, inputs.sliceInContext);
  } finally {
    features.dispose();
  }
}

/** RGB bytes, row by row, as an opaque image. */
function fromRgb(rgb: Uint8Array, sizePx: number, file: string): InputImage {
  if (rgb.length !== sizePx * sizePx * 3) {
    throw new ModelError(
      'bad-input',
      file,
      `Expected ${sizePx * sizePx * 3} bytes of RGB (${sizePx} × ${sizePx}), found ${rgb.length}.`,
      'Fetch or export the model again.',
    );
  }
  const data = new Uint8ClampedArray(sizePx * sizePx * 4);
  for (let pixel = 0; pixel < sizePx * sizePx; pixel++) {
    data[4 * pixel] = rgb[3 * pixel] ?? 0;
    data[4 * pixel + 1] = rgb[3 * pixel + 1] ?? 0;
    data[4 * pixel + 2] = rgb[3 * pixel + 2] ?? 0;
    data[4 * pixel + 3] = 255;
  }
  return { width: sizePx, height: sizePx, data };
}
