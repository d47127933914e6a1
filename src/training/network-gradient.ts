/** For tests: loss and gradients of the eager network, the reference for the training step. */
import '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs-core';
import { network } from '../model/network.ts';
import type { Preset } from '../model/presets.ts';
import { EagerOps, type EagerOptions } from '../runtime/eager.ts';
import { sliceBox } from '../runtime/slice-box.ts';
import { VariableStore } from '../runtime/variables.ts';
import { crossEntropy, diceLoss } from './loss.ts';
import type { Sample } from './sample.ts';
import { images, oneHot, type Feed } from './step/batch-feeds.ts';
import type { TrainingConfig } from './training-config.ts';

/** The part of a configuration that the loss depends on. */
export type LossConfig = Pick<
  TrainingConfig,
  'seed' | 'batchNorm' | 'contextLoss' | 'contextClassWeights' | 'classWeights' | 'dice'
>;

export interface BatchGradient {
  /** Mean over the batch. */
  readonly loss: number;
  /** Gradients of that mean, by name of the trainable variable. */
  readonly gradients: ReadonlyMap<string, Float32Array>;
}

/** A network with its variables. `dispose` frees them. */
export class NetworkGradient {
  readonly variables: VariableStore;
  readonly #preset: Preset;
  readonly #config: LossConfig;

  constructor(preset: Preset, config: LossConfig) {
    this.#preset = preset;
    this.#config = config;
    this.variables = new VariableStore(config.seed);
  }

  /** Creates the variables. Where `sets` returns true, a batch norm takes its statistics from the samples. */
  calibrate(samples: readonly Sample[], sets: (variable: string) => boolean): void {
    tf.tidy(() => {
      this.#loss(this.#batch(samples), { norm: 'calibrate', calibrates: sets, dropoutSeed: null });
    });
  }

  /**
   * @param samples a batch or a part of one
   * @param dropoutSeed differs for every step and part
   */
  async compute(samples: readonly Sample[], dropoutSeed: number): Promise<BatchGradient> {
    const variables = this.variables.trainable();
    const { value, grads } = tf.tidy(() => {
      const batch = this.#batch(samples);
      return tf.variableGrads(
        () => this.#loss(batch, { norm: this.#config.batchNorm, dropoutSeed }),
        [...variables.values()],
      );
    });
    const loss = (await value.data())[0]!;
    const gradients = new Map<string, Float32Array>();
    for (const [name, variable] of variables) {
      gradients.set(name, (await grads[variable.name]!.data()) as Float32Array);
    }
    tf.dispose([value, ...Object.values(grads)]);
    return { loss, gradients };
  }

  dispose(): void {
    this.variables.dispose();
  }

  /** Loss of the slices plus the weighted loss of the contexts. */
  #loss(batch: Batch, options: EagerOptions): tf.Scalar {
    const ops = new EagerOps(this.variables, options);
    const input = {
      slice: ops.input(batch.slice),
      context: batch.context === null ? null : ops.input(batch.context),
      sliceInContext: batch.boxes === null ? null : ops.input(batch.boxes),
    };
    const logits = network(ops, input, this.#preset.network).tensor; // [n, h, w, classes]
    let loss = crossEntropy(logits, batch.truth);
    const { dice = 0 } = this.#config;
    if (dice > 0) loss = tf.add(loss, tf.mul(diceLoss(logits, batch.truth), dice));
    if (batch.context === null || this.#config.contextLoss === 0) return loss;
    return tf.add(loss, tf.mul(this.#contextLoss(ops, batch.samples), this.#config.contextLoss));
  }

  /** Cross-entropy of a 1×1 head on each stage of the context path, averaged over the stages. */
  #contextLoss(ops: EagerOps, samples: readonly Sample[]): tf.Scalar {
    const { classes } = this.#preset.network;
    const side = this.#preset.contextPx ?? 0;
    const truths = samples.map((sample) => sample.contextClasses!);
    const losses = [...ops.labels].map(([label, features]) => {
      const head = { filters: classes, kernel: 1, bias: true, init: 'glorot' } as const;
      const logits = ops.conv2d(features, `auxiliary/${label}`, head).tensor; // [n, h, w, classes]
      const weights = this.#config.contextClassWeights;
      return crossEntropy(logits, tensorOf(oneHot(truths, side, logits.shape[1], classes, weights)));
    });
    return tf.div(tf.addN(losses), losses.length);
  }

  #batch(samples: readonly Sample[]): Batch {
    const { slicePx, contextPx, network: config } = this.#preset;
    const n = samples.length;
    // RefineNet has logits at stride 4, U-Net at full resolution.
    const side = config.kind === 'unet' ? slicePx : Math.ceil(slicePx / 4);
    const boxes =
      contextPx === null ? null : samples.flatMap(({ place }) => [...sliceBox(place, contextPx, slicePx)]);
    const slices = samples.map((sample) => sample.slice);
    const contexts = samples.map((sample) => sample.context!);
    const truths = samples.map((sample) => sample.classes);
    return {
      samples,
      slice: tensorOf(images(slices, slicePx)),
      context: contextPx === null ? null : tensorOf(images(contexts, contextPx)),
      boxes: boxes === null ? null : tf.tensor4d(boxes, [n, 1, 1, 4]),
      truth: tensorOf(oneHot(truths, slicePx, side, config.classes, this.#config.classWeights)),
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

/** Inputs are prepared as for the step; only the computation is the reference's own. */
function tensorOf({ data, shape }: Feed): tf.Tensor4D {
  return tf.tensor4d(Float32Array.from(data), shape as [number, number, number, number]);
}
