/** What a training step is fed for a batch of samples: images, truths, boxes and dropout masks. */
import type { Preset } from '../../model/presets.ts';
import { sliceBox } from '../../runtime/slice-box.ts';
import {
  encodedMaps,
  hasImages,
  isEncoded,
  sizeOfMap,
  type EncodedSample,
  type TrainingSample,
} from '../encoded-sample.ts';
import type { Sample } from '../sample.ts';
import type { DropoutMask } from './differentiable-ops.ts';
import { DropoutMasks } from './dropout-masks.ts';
import { contextTruthName, stepInputs, type StepConfig, type StepGraph } from './training-step.ts';

export interface Feed {
  readonly data: Uint8Array | Float32Array;
  readonly shape: readonly number[];
}

/**
 * @param samples either all with images or all encoded
 * @param dropoutSeed differs for every step and part
 * @returns by name; the masks are valid until the next call for the same step
 */
export function batchFeeds(
  { contextTruths, masks }: Pick<StepGraph, 'contextTruths' | 'masks'>,
  preset: Preset,
  config: StepConfig,
  samples: readonly TrainingSample[],
  dropoutSeed: number,
): Map<string, Feed> {
  const { slicePx, contextPx, network } = preset;
  const n = samples.length;
  const encoded = samples.filter(isEncoded);
  const feeds =
    encoded.length > 0
      ? featureFeeds(preset, config, encoded)
      : imageFeeds(preset, samples.filter(hasImages));
  // RefineNet has logits at stride 4, U-Net at full resolution.
  const side = network.kind === 'unet' ? slicePx : Math.ceil(slicePx / 4);
  const truths = samples.map(({ classes }) => classes);
  feeds.set(stepInputs.truth, oneHot(truths, slicePx, side, network.classes, config.classWeights));
  if (contextPx !== null) {
    const boxes = samples.flatMap(({ place }) => [...sliceBox(place, contextPx, slicePx)]);
    feeds.set(stepInputs.boxes, { data: Float32Array.from(boxes), shape: [n, 4] });
    const contexts = samples.map((sample) => sample.contextClasses!);
    for (const [label, size] of contextTruths) {
      const truth = oneHot(contexts, contextPx, size, network.classes, config.contextClassWeights);
      feeds.set(contextTruthName(label), truth);
    }
  }
  for (const [name, mask] of masksOf(masks).draw(dropoutSeed)) feeds.set(name, mask);
  return feeds;
}

/** The memory of each step's masks. */
const memories = new WeakMap<readonly DropoutMask[], DropoutMasks>();

function masksOf(masks: readonly DropoutMask[]): DropoutMasks {
  const known = memories.get(masks) ?? new DropoutMasks(masks);
  memories.set(masks, known);
  return known;
}

/** The images alone, which are all that encoders read. */
export function imageFeeds({ slicePx, contextPx }: Preset, samples: readonly Sample[]): Map<string, Feed> {
  const slices = samples.map(({ slice }) => slice);
  const feeds = new Map<string, Feed>([[stepInputs.slice, images(slices, slicePx)]]);
  if (contextPx !== null) {
    const contexts = samples.map((sample) => sample.context!);
    feeds.set(stepInputs.context, images(contexts, contextPx));
  }
  return feeds;
}

/** Each map of the encoders, [n, c, h, w] */
function featureFeeds(
  preset: Preset,
  config: StepConfig,
  samples: readonly EncodedSample[],
): Map<string, Feed> {
  const feeds = new Map<string, Feed>();
  let from = 0;
  for (const map of encodedMaps(preset, config)) {
    const size = sizeOfMap(map);
    const data = new Float32Array(samples.length * size);
    samples.forEach(({ features }, index) => {
      data.set(features.subarray(from, from + size), index * size);
    });
    feeds.set(map.name, { data, shape: [samples.length, map.channels, map.height, map.width] });
    from += size;
  }
  return feeds;
}

/** [n, side, side, 3] */
export function images(squares: readonly Uint8Array[], side: number): Feed {
  const data = new Uint8Array(squares.length * side * side * 3);
  squares.forEach((square, index) => {
    data.set(square, index * side * side * 3);
  });
  return { data, shape: [squares.length, side, side, 3] };
}

/**
 * Truth of `side` × `side` pixels, sampled to `out` × `out` by nearest neighbour and one-hot encoded. Logits
 * are later resized with aligned corners, so the first and last logits correspond to the first and last
 * pixels.
 * @param weights of a pixel of each class; 1 by default
 * @returns [n, out, out, classes]; all 0 for a pixel that does not count
 */
export function oneHot(
  truths: readonly Uint8Array[],
  side: number,
  out: number,
  classes: number,
  weights?: readonly number[],
): Feed {
  const at = Array.from({ length: out }, (_, i) => Math.round((i * (side - 1)) / Math.max(1, out - 1)));
  const data = new Float32Array(truths.length * out * out * classes);
  truths.forEach((truth, index) => {
    for (let y = 0; y < out; y++) {
      for (let x = 0; x < out; x++) {
        const classIndex = truth[at[y]! * side + at[x]!]!;
        if (classIndex >= classes) continue; // Not counted.
        data[((index * out + y) * out + x) * classes + classIndex] = weights?.[classIndex] ?? 1;
      }
    }
  });
  return { data, shape: [truths.length, out, out, classes] };
}
