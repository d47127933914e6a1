/** Runs a trained network on slices of collages, also with its context changed: the study's controls. */
import * as ort from 'onnxruntime-node';
import { fullSizeLogits, readsPlace } from '../../src/model/network.ts';
import type { Preset } from '../../src/model/presets.ts';
import { recordNetwork } from '../../src/runtime/graph/graph-model.ts';
import { missingColour } from '../../src/runtime/missing-context.ts';
import { toOnnx } from '../../src/runtime/onnx/onnx-model.ts';
import { sliceBox } from '../../src/runtime/slice-box.ts';
import type { Weights } from '../../src/runtime/variables.ts';
import { withMissingContext } from '../../src/training/context-dropout.ts';
import type { Sample } from '../../src/training/sample.ts';
import type { MeasuredSlice } from './sampler.ts';

/**
 * What is done to the context before the network sees it: nothing; that of another slice; the slice said to lie in its
 * middle, wherever it does; the tile that the slice shows cut out of it; or no context at all.
 */
export const CONTROLS = ['as it is', 'exchanged', 'place withheld', 'own tile cut out', 'left out'] as const;
export type Control = (typeof CONTROLS)[number];

/** Pixels by true class (rows) and predicted class. */
export type Counts = number[][];
/** By patient. */
export type CountsOfCases = Record<string, Counts>;

const BATCH = 16;

/** Controls that change what a network computes. */
export function controlsOf({ network, contextKind }: Preset): readonly Control[] {
  if (contextKind === 'none' || contextKind === 'same') return ['as it is'];
  return CONTROLS.filter((control) => control !== 'place withheld' || readsPlace(network));
}

/** A network with its weights, ready to be asked. */
export class CollagePredictor {
  readonly #preset: Preset;
  readonly #session: ort.InferenceSession;

  /** Use `open`. */
  constructor(preset: Preset, session: ort.InferenceSession) {
    this.#preset = preset;
    this.#session = session;
  }

  static async open(preset: Preset, weights: Weights): Promise<CollagePredictor> {
    const { network, slicePx, contextPx } = preset;
    const sizes = { slice: slicePx, context: contextPx };
    const recorded = recordNetwork((ops, input) => fullSizeLogits(ops, input, network), weights, sizes);
    const file = toOnnx(recorded, { dtype: 'float32', producer: 'study' });
    return new CollagePredictor(preset, await ort.InferenceSession.create(file));
  }

  async close(): Promise<void> {
    await this.#session.release();
  }

  /** Pixels by true and predicted class, patient by patient. */
  async measure(slices: readonly MeasuredSlice[], control: Control): Promise<CountsOfCases> {
    const cases: CountsOfCases = {};
    const samples = slices.map((_, i) => controlled(slices, i, control, this.#preset));
    for (let from = 0; from < samples.length; from += BATCH) {
      const batch = samples.slice(from, from + BATCH);
      const classes = await this.#classes(batch);
      batch.forEach(({ classes: truth }, i) => {
        const { owners, cases: names } = slices[from + i]!;
        truth.forEach((label, pixel) => {
          const name = names[owners[pixel]!]!;
          const counts = (cases[name] ??= Array.from({ length: 4 }, () => [0, 0, 0, 0]));
          counts[label]![classes[i * truth.length + pixel]!]!++;
        });
      });
    }
    return cases;
  }

  async #classes(samples: readonly Sample[]): Promise<Uint8Array> {
    const { slicePx, contextPx } = this.#preset;
    const image = (squares: readonly Uint8Array[], side: number): ort.Tensor => {
      const values = new Float32Array(squares.length * side * side * 3);
      squares.forEach((square, i) => {
        values.set(square, i * side * side * 3);
      });
      return new ort.Tensor('float32', values, [squares.length, side, side, 3]);
    };
    const feeds: Record<string, ort.Tensor> = {
      slice: image(
        samples.map(({ slice }) => slice),
        slicePx,
      ),
    };
    if (contextPx !== null) {
      feeds.context = image(
        samples.map(({ context }) => context!),
        contextPx,
      );
      const boxes = samples.flatMap(({ place }) => [...sliceBox(place, contextPx, slicePx)]);
      feeds.slice_in_context = new ort.Tensor('float32', Float32Array.from(boxes), [samples.length, 1, 1, 4]);
    }
    const known = this.#session.inputNames;
    const given = Object.fromEntries(Object.entries(feeds).filter(([name]) => known.includes(name)));
    const { packed } = await this.#session.run(given, ['packed']);
    return Uint8Array.from(packed!.data as Int32Array, (value) => value >> 8);
  }
}

/** The slice of a number as the network is to see it. */
function controlled(
  slices: readonly MeasuredSlice[],
  index: number,
  control: Control,
  { network }: Preset,
): Sample {
  const { sample, ownTile } = slices[index]!;
  const colour = missingColour(network.preprocessing);
  const { context, place } = sample;
  switch (control) {
    case 'as it is':
      return sample;
    case 'exchanged':
      return { ...sample, context: slices[(index + 1) % slices.length]!.sample.context };
    case 'place withheld':
      return { ...sample, place: { x: (1 - place.size) / 2, y: (1 - place.size) / 2, size: place.size } };
    case 'left out':
      return withMissingContext(sample, colour);
    case 'own tile cut out': {
      if (context === null || ownTile === null) return sample;
      const cut = Uint8Array.from(context);
      ownTile.forEach((isOwn, pixel) => {
        if (isOwn === 1) cut.set(colour, 3 * pixel);
      });
      return { ...sample, context: cut };
    }
  }
}
