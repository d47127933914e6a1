/** Network blocks against naive loops, and a few against numbers worked by hand. */
import '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { EagerOps, type EagerMap } from '../runtime/eager.ts';
import { useTestBackend } from '../runtime/test-backend.ts';
import { mulberry32, VariableStore } from '../runtime/variables.ts';
import { crossAttention } from './cross-attention.ts';
import { fusions } from './fusion.ts';
import { NaiveOps, type NaiveMap } from './naive-ops.ts';
import { network } from './network.ts';
import type { Ops, Shape4 } from './ops.ts';
import { presetById } from './presets.ts';
import { chainedResidualPooling, residualConvUnit } from './refine-blocks.ts';
import { resnet } from './resnet.ts';
import { resnet50, scaled } from './encoders.ts';

function randomMap(shape: Shape4, seed: number, low = -1, high = 1): NaiveMap {
  const random = mulberry32(seed);
  const values = new Float64Array(shape.reduce((product, side) => product * side, 1));
  return { shape, values: values.map(() => Math.fround(low + (high - low) * random())) };
}

/** Runs `block` eagerly and by naive loops on the same weights; returns both results. */
async function both(
  inputs: readonly NaiveMap[],
  block: <T>(ops: Ops<T>, xs: readonly T[]) => T,
): Promise<{ eager: Float32Array; naive: NaiveMap }> {
  const store = new VariableStore(11);
  const tensors = inputs.map(({ shape, values }) => tf.tensor4d(Float32Array.from(values), [...shape]));
  const run = (norm: 'calibrate' | 'frozen'): tf.Tensor4D =>
    tf.tidy(() => {
      const ops = new EagerOps(store, { norm, dropoutSeed: null });
      return block(
        ops as Ops<EagerMap>,
        tensors.map((tensor) => ops.input(tensor)),
      ).tensor;
    });
  run('calibrate').dispose();
  const result = run('frozen');
  const eager = (await result.data()) as Float32Array;
  const naive = block(new NaiveOps(await store.read()), inputs);
  expect(result.shape).toEqual([...naive.shape]);
  tf.dispose([result, ...tensors]);
  store.dispose();
  return { eager, naive };
}

function expectClose(actual: ArrayLike<number>, expected: ArrayLike<number>, tolerance = 1e-4): void {
  let scale = 1e-6;
  let error = 0;
  for (let i = 0; i < expected.length; i++) {
    scale = Math.max(scale, Math.abs(expected[i]!));
    error = Math.max(error, Math.abs(actual[i]! - expected[i]!));
  }
  expect(error / scale).toBeLessThan(tolerance);
}

beforeAll(async () => {
  await useTestBackend('wasm');
});

describe('blocks equal naive loops', () => {
  it('residual convolution unit', async () => {
    const { eager, naive } = await both([randomMap([2, 5, 6, 3], 1)], (ops, [x]) =>
      residualConvUnit(ops, x!, 'rcu'),
    );
    expectClose(eager, naive.values);
  });

  it('chained residual pooling', async () => {
    const { eager, naive } = await both([randomMap([1, 9, 7, 3], 2)], (ops, [x]) =>
      chainedResidualPooling(ops, x!, 'crp'),
    );
    expectClose(eager, naive.values);
  });

  it.each([
    [65, 70],
    [64, 96],
  ])('the stem and first stages of ResNet-50 at %d × %d: symmetric padding', async (height, width) => {
    const config = { ...scaled(resnet50, 1 / 16), blocks: [1, 1, 1, 1] as const };
    const { eager, naive } = await both(
      [randomMap([1, height, width, 3], 3)],
      (ops, [x]) => resnet(ops, x!, 'encoder', config)[3],
    );
    expectClose(eager, naive.values);
  });

  for (const kind of ['add', 'concat', 'attention', 'aligned', 'cross-attention'] as const) {
    for (const deepest of [true, false]) {
      it(`fusion ${kind}${deepest ? ', deepest' : ''}`, async () => {
        const boxes: NaiveMap = {
          shape: [2, 1, 1, 4],
          values: Float64Array.from([0.1, 0.4, 0.3, 0.6, 0, 0.25, 0.5, 0.75]),
        };
        const maps = [1, 2, 3].map((seed) => randomMap([2, 6, 6, 4], seed + 40));
        const { eager, naive } = await both([...maps, boxes], (ops, [s, f, p, box]) =>
          fusions[kind](ops, 'fusion', { s: s!, f: f!, p: deepest ? null : p!, sliceInContext: box! }),
        );
        expectClose(eager, naive.values);
      });
    }
  }

  it.each([
    'nano-single',
    'nano-multisize',
    'nano-concat',
    'nano-attention',
    'nano-aligned',
    'nano-cross-attention',
    'nano-unet',
  ])('the whole of %s at 33 × 40 pixels', async (id) => {
    const { network: config } = presetById(id);
    const boxes: NaiveMap = { shape: [1, 1, 1, 4], values: Float64Array.from([0.2, 0.4, 0.4, 0.6]) };
    const inputs = [randomMap([1, 33, 40, 3], 7, 0, 255), randomMap([1, 40, 33, 3], 8, 0, 255), boxes];
    const { eager, naive } = await both(inputs, (ops, [slice, context, box]) =>
      network(ops, { slice: slice!, context: context!, sliceInContext: box! }, config),
    );
    expectClose(eager, naive.values, 1e-3);
  });
});

describe('cross-attention', () => {
  const width = 300;
  const [s, f] = [randomMap([1, 3, 3, 8], 1), randomMap([1, 5, 5, 8], 2)];
  const box = (y: number, x: number): NaiveMap => ({
    shape: [1, 1, 1, 4],
    values: Float64Array.from([y, x, y + 0.25, x + 0.25]),
  });
  /** What one slice position of each head sees, by the formula of cross-attention.ts over pairs of positions. */
  const byPairs = (weights: (name: string) => ArrayLike<number>, place: NaiveMap): number[] => {
    const depth = 4;
    const product = (map: NaiveMap, pixel: number, name: string, filters: number): number[] =>
      Array.from({ length: filters }, (_, o) => {
        let sum = 0;
        for (let c = 0; c < 8; c++) sum += map.values[pixel * 8 + c]! * weights(name)[c * filters + o]!;
        return sum;
      });
    const [y1, x1, y2, x2] = place.values;
    // µm from the context's corner.
    const from = (pixel: number): [number, number] => [
      width * (y1! + ((y2! - y1!) * Math.floor(pixel / 3)) / 2),
      width * (x1! + ((x2! - x1!) * (pixel % 3)) / 2),
    ];
    return Array.from({ length: 9 }, (_, i) =>
      [60, 240, Infinity].flatMap((sigma, head) => {
        const name = `a/head${String(head + 1)}`;
        const q = product(s, i, `${name}/query/kernel`, depth + 3);
        const scores = Array.from({ length: 25 }, (_score, j) => {
          const k = product(f, j, `${name}/key/kernel`, depth);
          const [dy, dx] = [(width * Math.floor(j / 5)) / 4 - from(i)[0], (width * (j % 5)) / 4 - from(i)[1]];
          const content = k.reduce((sum, value, c) => sum + value * q[c]!, 0);
          const direction = (q[depth]! * dy + q[depth + 1]! * dx) / 100;
          return Math.exp(content + direction - (dy ** 2 + dx ** 2) / (2 * sigma ** 2));
        });
        const total = scores.reduce((sum, value) => sum + value, 0);
        return Array.from({ length: depth }, (_value, o) =>
          scores.reduce((sum, score, j) => {
            return sum + (score / total) * product(f, j, `${name}/value/kernel`, depth)[o]!;
          }, 0),
        );
      }),
    ).flat();
  };
  /** The identity in place of the last convolution, which starts at 0: 12 channels of the heads. */
  const weightsOf = async (): Promise<Map<string, { data: Float32Array }>> => {
    const store = new VariableStore(3);
    tf.tidy(() => {
      const ops = new EagerOps(store, { norm: 'frozen', dropoutSeed: null });
      const maps = [s, f, box(0, 0)].map(({ shape, values }) =>
        ops.input(tf.tensor4d(Float32Array.from(values), [...shape])),
      );
      void crossAttention(ops, 'a', {
        s: maps[0]!,
        f: maps[1]!,
        sliceInContext: maps[2]!,
        contextFieldUm: width,
      }).tensor;
    });
    const weights = new Map<string, { data: Float32Array }>(await store.read());
    store.dispose();
    expect(weights.get('a/out/kernel')!.data.every((value) => value === 0)).toBe(true);
    // Queries large enough that content and direction count.
    for (const [name, { data }] of weights)
      if (name.includes('query')) weights.set(name, { data: data.map((x) => 8 * x) });
    return weights;
  };

  it('weights positions by content, direction and distance in µm, wherever the slice is', async () => {
    const weights = await weightsOf();
    const seen: number[][] = [];
    for (const place of [box(0, 0), box(0.5, 0.75)]) {
      const heads: number[][] = [];
      const ops = new (class extends NaiveOps {
        override attend(q: NaiveMap, k: NaiveMap, v: NaiveMap): NaiveMap {
          const found = super.attend(q, k, v);
          heads.push([...found.values]);
          return found;
        }
      })(weights);
      crossAttention(ops, 'a', { s, f, sliceInContext: place, contextFieldUm: width });
      const found = Array.from({ length: 9 }, (_, i) =>
        heads.flatMap((head) => head.slice(4 * i, 4 * i + 4)),
      ).flat();
      expectClose(
        found,
        byPairs((name) => weights.get(name)!.data, place),
        1e-6,
      );
      seen.push(found);
    }
    expect(seen[0]).not.toEqual(seen[1]);
  });
});

describe('worked by hand', () => {
  const image = (rows: number[][]): NaiveMap => ({
    shape: [1, rows.length, rows[0]!.length, 1],
    values: Float64Array.from(rows.flat()),
  });
  const weights = (entries: Record<string, number[]>): NaiveOps =>
    new NaiveOps(new Map(Object.entries(entries).map(([name, data]) => [name, { data }])));

  it('align-corners: 2 pixels to 3 puts the mean in the middle and keeps the ends', () => {
    expect([...new NaiveOps(new Map()).resizeBilinear(image([[0, 6]]), 1, 3).values]).toEqual([0, 3, 6]);
  });

  it('RCU: x + 2·ReLU(3·ReLU(x) + 1) with kernels that are non-zero only in the middle', () => {
    const middle = (value: number): number[] => [0, 0, 0, 0, value, 0, 0, 0, 0];
    const ops = weights({ 'r/conv1/kernel': middle(3), 'r/conv1/bias': [1], 'r/conv2/kernel': middle(2) });
    expect([...residualConvUnit(ops, image([[1, -1]]), 'r').values]).toEqual([9, 1]);
  });

  it('CRP: four poolings, each weighted, summed on ReLU(x)', () => {
    const ops = weights(
      Object.fromEntries([1, 2, 3, 4].map((index) => [`c/conv${String(index)}/kernel`, [0.5]])),
    );
    // Maximum of [4, -1] is 4 everywhere: 4 + 2 + 1 + 0.5 + 0.25 and 0 + the same poolings.
    expect([...chainedResidualPooling(ops, image([[4, -1]]), 'c').values]).toEqual([7.75, 3.75]);
  });

  it('attention: p + s · sigmoid(W2 ReLU(W1 [mean s; mean f; mean p]))', () => {
    const ops = weights({ 'a/gate1/kernel': [1, 10, 100], 'a/gate2/kernel': [0.01] });
    const input = { s: image([[1, 3]]), f: image([[0.5, 0.5]]), p: image([[0, -2]]), sliceInContext: null };
    // 1·2 + 10·0.5 + 100·(-1) < 0: the gate is sigmoid(0) = ½.
    expect([...fusions.attention(ops, 'a', input).values]).toEqual([0.5, -0.5]);
  });
});
