/**
 * What a network sees where its context is left out: an image of one colour, which its normalisation maps to nearly 0
 * everywhere. Training with context dropout and segmenting without context use the same bytes.
 */
import type { Preprocessing } from '../model/config.ts';
import { ModelError, type ModelManifest } from './manifest.ts';
import type { ContextFeatures, InputImage, Segmenter } from './segmenter.ts';

/** RGB, whole numbers of 0 to 255. */
export type MissingColour = readonly [number, number, number];

/**
 * The colour that is nearest to 0 after normalisation: the mean, rounded. At most half a grey level remains, 0.009 in
 * torchvision's normalisation.
 */
export function missingColour({ mean }: Preprocessing): MissingColour {
  const byte = (channel: 0 | 1 | 2): number => Math.min(255, Math.max(0, Math.round(mean[channel])));
  return [byte(0), byte(1), byte(2)];
}

/**
 * The same network without its context: whatever context it is given, it sees the missing one. Everything else takes the
 * path that it always takes.
 * @throws ModelError `bad-input` when the model was not trained to do without its context.
 */
export function withoutContext(segmenter: Segmenter): Segmenter {
  const { manifest } = segmenter;
  const { colour } = requireContextDropout(manifest);
  const segmentBatch = segmenter.segmentBatch?.bind(segmenter);
  const warmUp = segmenter.warmUp?.bind(segmenter);
  const encoderMeans = segmenter.encoderMeans?.bind(segmenter);
  const distance = segmenter.distance?.bind(segmenter);
  const reuse = segmenter.reuse?.bind(segmenter);
  return {
    manifest,
    ...(segmenter.failedCheck !== undefined && { failedCheck: segmenter.failedCheck }),
    encodeContext: ({ width, height }: InputImage): ContextFeatures =>
      segmenter.encodeContext(uniformImage(width, height, colour)),
    segment: (slice, context, place, options) => segmenter.segment(slice, context, place, options),
    ...(segmentBatch && { segmentBatch }),
    ...(warmUp && { warmUp }),
    ...(encoderMeans && { encoderMeans }),
    ...(distance && { distance }),
    ...(reuse && { reuse }),
    dispose: () => segmenter.dispose(),
  };
}

/**
 * How the model was trained to do without its context.
 * @throws ModelError `bad-input` when it was not.
 */
export function requireContextDropout({
  id,
  context,
  contextDropout,
}: Pick<ModelManifest, 'id' | 'context' | 'contextDropout'>): NonNullable<ModelManifest['contextDropout']> {
  if (contextDropout !== undefined) return contextDropout;
  throw new ModelError(
    'bad-input',
    id,
    context === null
      ? 'This model reads no context that could be left out.'
      : 'This model was trained with its context in every sample; what it says without one means nothing.',
    'Use a model trained with "contextDropout", or segment with the context.',
  );
}

/** Opaque, of one colour. */
function uniformImage(width: number, height: number, [r, g, b]: MissingColour): InputImage {
  const data = new Uint8ClampedArray(4 * width * height);
  for (let i = 0; i < data.length; i += 4) {
    data[i] = r;
    data[i + 1] = g;
    data[i + 2] = b;
    data[i + 3] = 255;
  }
  return { width, height, data };
}
