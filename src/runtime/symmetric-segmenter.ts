/** A Segmenter that asks another one about each slice in all eight orientations, and averages the probabilities. */
import { wrongContext } from './input-checks.ts';
import { natsPerSquare, relativeLogits } from './relative-logits.ts';
import type {
  ContextFeatures,
  InputImage,
  Segmenter,
  SegmenterOptions,
  SliceInput,
  SliceMaps,
} from './segmenter.ts';
import { orientations, oriented, orientedPlace, originalPixels, type Orientation } from './symmetries.ts';

/** Share of the winner's probability that each byte of `relativeLogits` stands for. */
const shareOfByte = Float32Array.from({ length: 256 }, (_, byte) =>
  Math.exp(-natsPerSquare * (255 - byte) ** 2),
);

/** Below any probability that the bytes can tell from none. */
const leastProbability = 1e-14;

/** @param segmenter may be any; this one takes eight times as long. */
export function withSymmetries(segmenter: Segmenter): Segmenter {
  const { manifest } = segmenter;
  const classes = manifest.classes.length;
  const sliceSide = manifest.slice.sizePx;
  const positions = new Map<string, Uint32Array>();
  const positionsOf = (side: number, orientation: Orientation): Uint32Array => {
    const key = `${side} ${orientation}`;
    const known = positions.get(key) ?? originalPixels(side, orientation);
    positions.set(key, known);
    return known;
  };

  const segmentOriented = (
    slices: readonly SliceInput[],
    context: ContextFeatures | null,
    orientation: Orientation,
    options: SegmenterOptions,
  ): Promise<SliceMaps[]> => {
    const turned = slices.map(({ image, sliceInContext }) => ({
      image: oriented(image, positionsOf(image.width, orientation)),
      sliceInContext: sliceInContext === null ? null : orientedPlace(sliceInContext, orientation),
    }));
    const [first] = turned;
    if (turned.length === 1 && first !== undefined) {
      return segmenter.segment(first.image, context, first.sliceInContext, options).then((maps) => [maps]);
    }
    if (segmenter.segmentBatch === undefined) throw new Error('This network takes one slice at a time.');
    return segmenter.segmentBatch(turned, context, options);
  };

  const segmentBatch = async (
    slices: readonly SliceInput[],
    context: ContextFeatures | null,
    { logProbabilities = false, onComputed }: SegmenterOptions = {},
  ): Promise<SliceMaps[]> => {
    if (context !== null && !(context instanceof OrientedFeatures)) throw wrongContext(manifest.id, context);
    const sums = slices.map(() => new Float32Array(sliceSide * sliceSide * classes));
    let computedMs: number | null = null;
    for (const orientation of orientations) {
      const maps = await segmentOriented(slices, context?.of(orientation) ?? null, orientation, {
        logProbabilities: true,
        // Oriented images are copies.
        takesImages: true,
        onComputed: (ms) => (computedMs = (computedMs ?? 0) + ms),
      });
      const places = positionsOf(sliceSide, orientation);
      maps.forEach((each, i) => addProbabilities(sums[i]!, each, places, classes));
    }
    if (computedMs !== null) onComputed?.(computedMs);
    return sums.map((sum) => mapsOf(sum, sliceSide, classes, logProbabilities));
  };

  const warmUp = segmenter.warmUp?.bind(segmenter);
  const encoderMeans = segmenter.encoderMeans?.bind(segmenter);
  const distance = segmenter.distance?.bind(segmenter);
  return {
    manifest,
    ...(segmenter.failedCheck !== undefined && { failedCheck: segmenter.failedCheck }),
    encodeContext: (context: InputImage) =>
      new OrientedFeatures(
        orientations.map((orientation) =>
          segmenter.encodeContext(oriented(context, positionsOf(context.width, orientation))),
        ),
      ),
    segment: async (image, context, sliceInContext, options) => {
      const [maps] = await segmentBatch([{ image, sliceInContext }], context, options);
      if (maps === undefined) throw new Error('The network returned no slice.');
      return maps;
    },
    ...(segmenter.segmentBatch !== undefined && { segmentBatch }),
    ...(warmUp && { warmUp: () => warmUp({ logProbabilities: true }) }),
    ...(encoderMeans && { encoderMeans }),
    ...(distance && { distance }),
    dispose: () => segmenter.dispose(),
  };
}

class OrientedFeatures implements ContextFeatures {
  readonly #features: readonly ContextFeatures[];

  constructor(features: readonly ContextFeatures[]) {
    this.#features = features;
  }

  of(orientation: Orientation): ContextFeatures {
    return this.#features[orientation]!;
  }

  dispose(): void {
    for (const features of this.#features) features.dispose();
  }
}

/** Adds a slice's probabilities at the pixels of the original. */
function addProbabilities(
  sum: Float32Array,
  { logProbabilities }: SliceMaps,
  places: Uint32Array,
  classes: number,
): void {
  if (logProbabilities === undefined) throw new Error('The network returned no log-probabilities.');
  for (let pixel = 0; pixel < places.length; pixel++) {
    const from = pixel * classes;
    const to = places[pixel]! * classes;
    let all = 0;
    for (let c = 0; c < classes; c++) all += shareOfByte[logProbabilities[from + c]!]!;
    for (let c = 0; c < classes; c++) sum[to + c]! += shareOfByte[logProbabilities[from + c]!]! / all;
  }
}

function mapsOf(sum: Float32Array, size: number, classes: number, logProbabilities: boolean): SliceMaps {
  const winners = new Uint8Array(size * size);
  const confidence = new Uint8Array(size * size);
  for (let pixel = 0; pixel < winners.length; pixel++) {
    const first = pixel * classes;
    let winner = 0;
    for (let c = 1; c < classes; c++) if (sum[first + c]! > sum[first + winner]!) winner = c;
    winners[pixel] = winner;
    confidence[pixel] = Math.round((255 * sum[first + winner]!) / orientations.length);
  }
  if (!logProbabilities) return { size, classes: winners, confidence };
  const logits = sum.map((value) => Math.log(Math.max(leastProbability, value / orientations.length)));
  return { size, classes: winners, confidence, logProbabilities: relativeLogits(logits, classes) };
}
