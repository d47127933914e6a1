/** One training run in memory: draws batches, takes steps, and can be saved and continued exactly. */
import * as tf from '@tensorflow/tfjs-core';
import { network } from '../model/network.ts';
import type { Preset } from '../model/presets.ts';
import { EagerOps, type EagerOptions } from '../runtime/eager.ts';
import { sliceBox } from '../runtime/slice-box.ts';
import { VariableStore } from '../runtime/variables.ts';
import { AdamW } from './adamw.ts';
import { crossEntropy } from './loss.ts';
import type { Sample } from './sampler.ts';
import { learningRateAt, type TrainingConfig } from './training-config.ts';

export class Trainer {
  readonly variables: VariableStore;
  readonly optimiser: AdamW;

  constructor(
    private readonly preset: Preset,
    private readonly config: TrainingConfig,
  ) {
    this.variables = new VariableStore(config.seed);
    this.optimiser = new AdamW({
      beta1: 0.9,
      beta2: 0.999,
      epsilon: 1e-8,
      weightDecay: config.optimiser.weightDecay,
    });
  }

  /** Steps taken. */
  get step(): number {
    return this.optimiser.step;
  }

  /**
   * Creates the variables and sets every batch norm's statistics to those of `samples`; they stay frozen
   * from then on, so that training and the exported graph compute the same.
   */
  calibrate(samples: readonly Sample[]): void {
    tf.tidy(() => {
      this.logits(this.batch(samples), { norm: 'calibrate', dropoutSeed: null }).dispose();
    });
  }

  /** One optimiser step. @returns the batch's mean cross-entropy before the step. */
  async train(samples: readonly Sample[]): Promise<number> {
    const variables = this.variables.trainable();
    const list = [...variables.values()];
    const names = new Map([...variables].map(([name, variable]) => [variable.name, name]));
    const dropoutSeed = Math.imul(this.config.seed + 1, 7919) + this.step;
    const { value, grads } = tf.tidy(() => {
      const batch = this.batch(samples);
      return tf.variableGrads(
        () => crossEntropy(this.logits(batch, { norm: 'frozen', dropoutSeed }), batch.truth),
        list,
      );
    });
    const gradients = new Map(
      Object.entries(grads).map(([variable, gradient]) => [names.get(variable)!, gradient]),
    );
    this.optimiser.apply(variables, gradients, learningRateAt(this.step, this.config));
    const loss = (await value.data())[0]!;
    tf.dispose([value, ...gradients.values()]);
    if (!Number.isFinite(loss)) {
      throw new Error(`The loss is not finite at step ${String(this.step)}. Lower the learning rate.`);
    }
    return loss;
  }

  dispose(): void {
    this.variables.dispose();
    this.optimiser.dispose();
  }

  /** Logits at the decoder's resolution. */
  private logits(batch: Batch, options: EagerOptions): tf.Tensor4D {
    const ops = new EagerOps(this.variables, options);
    const input = {
      slice: ops.input(batch.slice),
      context: batch.context === null ? null : ops.input(batch.context),
      sliceInContext: batch.boxes === null ? null : ops.input(batch.boxes),
    };
    return network(ops, input, this.preset.network).tensor;
  }

  private batch(samples: readonly Sample[]): Batch {
    const { slicePx, contextPx, network: config } = this.preset;
    const n = samples.length;
    // RefineNet decides at stride 4, U-Net at full resolution; classes are sampled at the nearest pixel.
    const stride = config.kind === 'unet' ? 1 : 4;
    const boxes =
      contextPx === null ? null : samples.flatMap(({ place }) => [...sliceBox(place, contextPx, slicePx)]);
    return {
      slice: images(
        samples.map((sample) => sample.slice),
        slicePx,
      ),
      context:
        contextPx === null
          ? null
          : images(
              samples.map((sample) => sample.context!),
              contextPx,
            ),
      boxes: boxes === null ? null : tf.tensor4d(boxes, [n, 1, 1, 4]),
      truth: oneHot(samples, slicePx, stride, config.classes),
    };
  }
}

interface Batch {
  /** [n, slicePx, slicePx, 3] */
  readonly slice: tf.Tensor4D;
  /** [n, contextPx, contextPx, 3] */
  readonly context: tf.Tensor4D | null;
  /** [n, 1, 1, 4] */
  readonly boxes: tf.Tensor4D | null;
  /** [n, slicePx / stride, slicePx / stride, classes] */
  readonly truth: tf.Tensor4D;
}

function images(squares: readonly Uint8Array[], side: number): tf.Tensor4D {
  const values = new Float32Array(squares.length * side * side * 3);
  squares.forEach((square, index) => {
    values.set(square, index * side * side * 3);
  });
  return tf.tensor4d(values, [squares.length, side, side, 3]);
}

/**
 * Truth at the logits' resolution, nearest neighbour. Logits are later resized with aligned corners, so the
 * first and last logits stand for the first and last pixels.
 */
function oneHot(samples: readonly Sample[], side: number, stride: number, classes: number): tf.Tensor4D {
  const out = Math.ceil(side / stride);
  const at = Array.from({ length: out }, (_, i) => Math.round((i * (side - 1)) / (out - 1)));
  const values = new Float32Array(samples.length * out * out * classes);
  samples.forEach((sample, index) => {
    for (let y = 0; y < out; y++) {
      for (let x = 0; x < out; x++) {
        const label = sample.classes[at[y]! * side + at[x]!]!;
        values[((index * out + y) * out + x) * classes + label] = 1;
      }
    }
  });
  return tf.tensor4d(values, [samples.length, out, out, classes]);
}
