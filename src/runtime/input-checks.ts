/** What every Segmenter requires of its inputs, with the same errors whatever computes the network. */
import { ModelError, type ModelManifest } from './manifest.ts';
import type { ContextFeatures, InputImage, SliceInput } from './segmenter.ts';
import { sliceBox } from './slice-box.ts';

/**
 * @param model its name, for errors.
 * @param what names the image in errors.
 * @throws ModelError `bad-input` when the image is not RGBA of `sizePx` × `sizePx`.
 */
export function checkImage(model: string, image: InputImage, sizePx: number, what: string): void {
  const { width, height, data } = image;
  if (width === sizePx && height === sizePx && data.length === 4 * sizePx * sizePx) return;
  throw new ModelError(
    'bad-input',
    model,
    `The ${what} is ${width} × ${height} with ${data.length} bytes; the model reads ${sizePx} × ${sizePx} RGBA.`,
    'Resize it first.',
  );
}

/** The context's side in pixels. @throws ModelError `bad-input` when the model reads no context. */
export function contextSize({ id, context }: ModelManifest): number {
  if (context !== null) return context.sizePx;
  throw new ModelError('bad-input', id, 'This model reads no context.', 'Pass slices without a context.');
}

/**
 * The boxes of a batch, four numbers a slice.
 * @throws ModelError `bad-input` when a slice has no position, or the model no context.
 */
export function boxesOf({ id, context, slice }: ModelManifest, slices: readonly SliceInput[]): number[] {
  return slices.flatMap(({ sliceInContext }) => {
    if (sliceInContext === null || context === null) {
      throw new ModelError(
        'bad-input',
        id,
        'This model needs the position of the slice in its context.',
        'Pass the slice’s square as fractions of the context.',
      );
    }
    return [...sliceBox(sliceInContext, context.sizePx, slice.sizePx)];
  });
}

/** The error for features that the model can't use. */
export function wrongContext(model: string, context: ContextFeatures | null): ModelError {
  return new ModelError(
    'bad-input',
    model,
    context === null ? 'The slice has no context.' : 'The context was encoded by another model.',
    'Call encodeContext of this model first and pass its result.',
  );
}

export function disposedContext(model: string): ModelError {
  return new ModelError('bad-input', model, 'The context has been disposed.', 'Encode it again.');
}

export function disposedModel(model: string): ModelError {
  return new ModelError('bad-input', model, 'The model has been disposed.', 'Load it again.');
}

/** A white image. */
export function blankImage(sizePx: number): InputImage {
  return { width: sizePx, height: sizePx, data: new Uint8ClampedArray(4 * sizePx * sizePx).fill(255) };
}
