/** AdamW (Loshchilov & Hutter 2019) with its state readable, so that a run resumes exactly. */
import * as tf from '@tensorflow/tfjs-core';

export interface AdamWOptions {
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  /** Per step and unit of learning rate; kernels only, not biases and batch norms. */
  readonly weightDecay: number;
}

export class AdamW {
  /** Steps taken. */
  step = 0;
  private readonly moments = new Map<string, { m: tf.Variable; v: tf.Variable }>();

  constructor(private readonly options: AdamWOptions) {}

  /** Changes `variables` by their gradients; both by name. */
  apply(
    variables: ReadonlyMap<string, tf.Variable>,
    gradients: ReadonlyMap<string, tf.Tensor>,
    learningRate: number,
  ): void {
    this.step++;
    const { beta1, beta2, epsilon, weightDecay } = this.options;
    const rate = (learningRate * Math.sqrt(1 - beta2 ** this.step)) / (1 - beta1 ** this.step);
    const correctedEpsilon = epsilon * Math.sqrt(1 - beta2 ** this.step);
    tf.tidy(() => {
      for (const [name, gradient] of gradients) {
        const variable = variables.get(name)!;
        const { m, v } = this.momentsOf(name, variable.shape);
        m.assign(tf.add(tf.mul(m, beta1), tf.mul(gradient, 1 - beta1)));
        v.assign(tf.add(tf.mul(v, beta2), tf.mul(tf.square(gradient), 1 - beta2)));
        const change = tf.div(tf.mul(m, rate), tf.add(tf.sqrt(v), correctedEpsilon));
        const decay = variable.rank > 1 ? learningRate * weightDecay : 0;
        variable.assign(tf.sub(decay === 0 ? variable : tf.mul(variable, 1 - decay), change));
      }
    });
  }

  /** Both moments of every variable under `m/<name>` and `v/<name>`. */
  async read(): Promise<Map<string, { shape: readonly number[]; data: Float32Array }>> {
    const state = new Map<string, { shape: readonly number[]; data: Float32Array }>();
    for (const [name, { m, v }] of this.moments) {
      state.set(`m/${name}`, { shape: m.shape, data: Float32Array.from(await m.data()) });
      state.set(`v/${name}`, { shape: v.shape, data: Float32Array.from(await v.data()) });
    }
    return state;
  }

  load(
    step: number,
    state: ReadonlyMap<string, { readonly shape: readonly number[]; readonly data: Float32Array }>,
  ): void {
    this.step = step;
    for (const [key, { shape, data }] of state) {
      const { m, v } = this.momentsOf(key.slice(2), shape);
      tf.tidy(() => {
        (key.startsWith('m/') ? m : v).assign(tf.tensor(data, [...shape]));
      });
    }
  }

  dispose(): void {
    for (const { m, v } of this.moments.values()) tf.dispose([m, v]);
    this.moments.clear();
  }

  private momentsOf(name: string, shape: readonly number[]): { m: tf.Variable; v: tf.Variable } {
    let pair = this.moments.get(name);
    if (pair === undefined) {
      const zeros = (): tf.Variable => tf.tidy(() => tf.variable(tf.zeros([...shape]), false));
      pair = { m: zeros(), v: zeros() };
      this.moments.set(name, pair);
    }
    return pair;
  }
}
