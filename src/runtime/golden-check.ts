/** Checks that a model computes here what it computed where it was exported. */
import type { ReadFile } from './model-files.ts';
import { ModelError, type ModelManifest } from './manifest.ts';
import { ByteBudget } from './model-limits.ts';
import type { InputImage, Segmenter, SliceInContext, SliceMaps } from './segmenter.ts';

export interface GoldenResult {
  readonly passed: boolean;
  /** Why it did not pass, as a sentence; null if it did. */
  readonly problem: string | null;
  /** Share of pixels with the stored class, 0 to 1; 0 if nothing could be compared. */
  readonly agreement: number;
  /** The minimum set by the manifest. */
  readonly required: number;
  readonly pixels: number;
  /** Pixels with a different class. */
  readonly differing: number;
  /** The highest confidence among pixels with a different class, 0 to 1: the size of the worst difference. */
  readonly largest: number;
}

/**
 * Segments the model's golden slice and compares classes. A golden file that is missing or has another size fails the check.
 * @param readFile reads a file of the model's folder.
 * @throws ModelError `bad-output` when the network computes no classes; any error of the backend.
 */
export async function checkGolden(segmenter: Segmenter, readFile: ReadFile): Promise<GoldenResult> {
  const { golden, slice } = segmenter.manifest;
  const required = golden.agreement;
  let inputs: GoldenInputs;
  let expected: Uint8Array;
  try {
    inputs = await goldenInputs(segmenter.manifest, readFile);
    expected = await goldenFile(readFile, golden.classes, slice.sizePx ** 2);
  } catch (error) {
    if (!(error instanceof ModelError)) throw error;
    const problem = `The golden file ${error.file} cannot be used: ${error.problem}`;
    return { passed: false, problem, agreement: 0, required, pixels: 0, differing: 0, largest: 0 };
  }
  const maps = await segmentGolden(segmenter, inputs);
  const pixels = expected.length;
  let differing = 0;
  let largest = 0;
  for (let i = 0; i < pixels; i++) {
    if (expected[i] === maps.classes[i]) continue;
    differing++;
    largest = Math.max(largest, (maps.confidence[i] ?? 0) / 255);
  }
  const agreement = 1 - differing / pixels;
  const passed = agreement >= required;
  const most = Math.floor((1 - required) * pixels);
  const problem = passed
    ? null
    : `${count(differing)} of ${count(pixels)} test pixels have another class than where the model was exported; ` +
      `at most ${count(most)} may.`;
  return { passed, problem, agreement, required, pixels, differing, largest };
}

/** The error of a model that may not be used. @param problem of its `GoldenResult`. */
export function failedCheckError(model: string, problem: string): ModelError {
  return new ModelError(
    'failed-check',
    model,
    `The model fails its golden check: ${problem}`,
    'Fetch or export it again, or try another backend.',
  );
}

function count(value: number): string {
  return value.toLocaleString('en-GB');
}

/** The inputs of the golden check, as RGB bytes. */
export interface GoldenInputs {
  readonly slice: Uint8Array;
  readonly context: Uint8Array | null;
  readonly sliceInContext: SliceInContext | null;
}

/** Reads the inputs of the golden check from the model's folder. @throws ModelError on files of another size. */
export async function goldenInputs(
  { slice, context, golden }: ModelManifest,
  readFile: ReadFile,
): Promise<GoldenInputs> {
  return {
    slice: await goldenFile(readFile, golden.slice, 3 * slice.sizePx ** 2),
    context:
      golden.context === null || context === null
        ? null
        : await goldenFile(readFile, golden.context, 3 * context.sizePx ** 2),
    sliceInContext: golden.sliceInContext ?? null,
  };
}

/** A golden file of exactly `bytes` bytes. @throws ModelError. */
async function goldenFile(readFile: ReadFile, name: string, bytes: number): Promise<Uint8Array> {
  const found = await readFile(name, new ByteBudget(bytes));
  if (found.length === bytes) return found;
  const problem = `Expected ${count(bytes)} bytes, found ${count(found.length)}.`;
  throw new ModelError('bad-input', name, problem, 'Fetch or export the model again.');
}

/** Segments a slice, given as RGB bytes with its context. */
export async function segmentGolden(segmenter: Segmenter, inputs: GoldenInputs): Promise<SliceMaps> {
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
