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
   * Creates the variables and sets every batch norm's statistics to those of `samples`: where frozen
   * statistics stay, where the batch's own are used the moving ones start.
   */
  calibrate(samples: readonly Sample[]): void {
    tf.tidy(() => {
      this.loss(this.batch(samples), { norm: 'calibrate', dropoutSeed: null });
    });
  }

  /** One optimiser step. @returns the batch's mean cross-entropy before the step. */
  async train(samples: readonly Sample[]): Promise<number> {
    const variables = this.variables.trainable();
    const list = [...variables.values()];
    const dropoutSeed = Math.imul(this.config.seed + 1, 7919) + this.step;
    const { value, grads } = tf.tidy(() => {
      const batch = this.batch(samples);
      return tf.variableGrads(() => this.loss(batch, { norm: this.config.batchNorm, dropoutSeed }), list);
    });
    const loss = (await value.data())[0]!;
    await this.update(variables, grads);
    tf.dispose([value, ...Object.values(grads)]);
    if (!Number.isFinite(loss)) {
      throw new Error(`The loss is not finite at step ${String(this.step)}. Lower the learning rate.`);
    }
    return loss;
  }

  dispose(): void {
    this.variables.dispose();
  }

  /** One step of the optimiser. @param gradients by TF.js's own names of the variables */
  private async update(
    variables: ReadonlyMap<string, tf.Variable>,
    gradients: tf.NamedTensorMap,
  ): Promise<void> {
    const learningRate = learningRateAt(this.step, this.config);
    this.optimiser.begin();
    for (const [name, variable] of variables) {
      const gradient = await gradients[variable.name]!.data();
      const weight = { shape: variable.shape, data: Float32Array.from(await variable.data()) };
      this.optimiser.update(name, weight, gradient, learningRate);
      tf.tidy(() => {
        variable.assign(tf.tensor(weight.data, weight.shape));
      });
    }
  }

  /** Cross-entropy of the slice and, as the configuration weighs it, of the context. */
  private loss(batch: Batch, options: EagerOptions): tf.Scalar {
    const ops = new EagerOps(this.variables, options);
    const input = {
      slice: ops.input(batch.slice),
      context: batch.context === null ? null : ops.input(batch.context),
      sliceInContext: batch.boxes === null ? null : ops.input(batch.boxes),
    };
    const loss = crossEntropy(network(ops, input, this.preset.network).tensor, batch.truth);
    if (batch.context === null || this.config.contextLoss === 0) return loss;
    return tf.add(loss, tf.mul(this.contextLoss(ops, batch.samples), this.config.contextLoss));
  }

  /** Mean over the context path's stages of the cross-entropy of a 1×1 head on each. */
  private contextLoss(ops: EagerOps, samples: readonly Sample[]): tf.Scalar {
    const { classes } = this.preset.network;
    const side = this.preset.contextPx ?? 0;
    const truths = samples.map((sample) => sample.contextClasses!);
    const losses = [...ops.labels].map(([label, features]) => {
      const head = { filters: classes, kernel: 1, bias: true, init: 'glorot' } as const;
      const logits = ops.conv2d(features, `auxiliary/${label}`, head).tensor; // [n, h, w, classes]
      const weights = this.config.contextClassWeights;
      return crossEntropy(logits, oneHot(truths, side, logits.shape[1], classes, weights));
    });
    return tf.div(tf.addN(losses), losses.length);
  }

  private batch(samples: readonly Sample[]): Batch {
    const { slicePx, contextPx, network: config } = this.preset;
    const n = samples.length;
    // RefineNet decides at stride 4, U-Net at full resolution.
    const side = config.kind === 'unet' ? slicePx : Math.ceil(slicePx / 4);
    const boxes =
      contextPx === null ? null : samples.flatMap(({ place }) => [...sliceBox(place, contextPx, slicePx)]);
    const slices = samples.map((sample) => sample.slice);
    const contexts = samples.map((sample) => sample.context!);
    const truths = samples.map((sample) => sample.classes);
    return {
      samples,
      slice: images(slices, slicePx),
      context: contextPx === null ? null : images(contexts, contextPx),
      boxes: boxes === null ? null : tf.tensor4d(boxes, [n, 1, 1, 4]),
      truth: oneHot(truths, slicePx, side, config.classes),
    };
  }
}

interface Batch {
  readonly samples: readonly Sample[];
  /** [n, slicePx, slicePx, 3] */
  readonly slice: tf.Tensor4D;
  /** [n, contextPx, contextPx, 3] */
  readonly context: tf.Tensor4D | null;
  /** [n, 1, 1, 4] */
  readonly boxes: tf.Tensor4D | null;
  /** [n, h, w, classes] at the logits' size */
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
 * Truth of `side` × `side` pixels at `out` × `out`, nearest neighbour, [n, out, out, classes]. Logits are later
 * resized with aligned corners, so the first and last logits stand for the first and last pixels. A pixel counts as
 * its class's weight says, 1 by default.
 */
function oneHot(
  truths: readonly Uint8Array[],
  side: number,
  out: number,
  classes: number,
  weights?: readonly number[],
): tf.Tensor4D {
  const at = Array.from({ length: out }, (_, i) => Math.round((i * (side - 1)) / Math.max(1, out - 1)));
  const values = new Float32Array(truths.length * out * out * classes);
  truths.forEach((truth, index) => {
    for (let y = 0; y < out; y++) {
      for (let x = 0; x < out; x++) {
        const label = truth[at[y]! * side + at[x]!]!;
        values[((index * out + y) * out + x) * classes + label] = weights?.[label] ?? 1;
      }
    }
  });
  return tf.tensor4d(values, [truths.length, out, out, classes]);
}
