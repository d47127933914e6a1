import { describe, expect, it } from 'vitest';
import type { PoolSpec } from '../../model/ops.ts';
import { mulberry32 } from '../../runtime/variables.ts';
import type { Feed } from './batch-feeds.ts';
import { maxPool } from './pooling.ts';
import { loadOrt, StepSession } from './step-session.node.ts';
import { StepState } from './step-state.ts';
import { Tape, Tracked } from './tape.ts';
import { TensorGraph } from './tensor-graph.ts';

/** @param map and @param seed [n, 1, h, w], the input and the gradient of the result */
async function pooled(
  spec: PoolSpec,
  map: Float32Array,
  seed: Float32Array,
  shape: readonly number[],
): Promise<{ value: Float32Array; gradient: Float32Array }> {
  const graph = new TensorGraph();
  const tape = new Tape(graph);
  const x = new Tracked(graph.input('x', shape), true);
  const y = maxPool(tape, x, spec);
  tape.contribute(y, graph.input('dy', shape));
  tape.backward();
  graph.output('value', y.value);
  graph.output('gradient', tape.gradient(x)!);
  const step = { graph, parameters: new Map(), masks: [], contextTruths: new Map() };
  const session = await StepSession.open(await loadOrt(), step, { threads: 1 });
  const feeds = new Map<string, Feed>([
    ['x', { data: map, shape }],
    ['dy', { data: seed, shape }],
  ]);
  const results = await session.run(new StepState(), feeds);
  await session.close();
  return { value: results.get('value')!, gradient: results.get('gradient')! };
}

describe('max pooling', () => {
  it.each([
    { kernel: 5, stride: 1, pad: 2 },
    { kernel: 3, stride: 1, pad: 1 },
  ])('gives a large batch what it gives each image, with equal maxima, too: $kernel', async (spec) => {
    // Two images exceed the size up to which whole maps are compared; one does not.
    const [h, w] = [260, 256];
    const random = mulberry32(1);
    // Five values: most windows have several maxima. Gradients are small integers, whose sums are exact.
    const [map, seed] = [0, 0].map(() =>
      Float32Array.from({ length: 2 * h * w }, () => Math.floor(random() * 5) - 2),
    ) as [Float32Array, Float32Array];
    const whole = await pooled(spec, map, seed, [2, 1, h, w]);
    for (const image of [0, 1]) {
      const [from, to] = [image * h * w, (image + 1) * h * w];
      const alone = await pooled(spec, map.slice(from, to), seed.slice(from, to), [1, 1, h, w]);
      expect(Buffer.compare(bytes(alone.value), bytes(whole.value.subarray(from, to)))).toBe(0);
      const differences = alone.gradient.filter((value, i) => value !== whole.gradient[from + i]);
      expect(differences).toHaveLength(0);
    }
  });
});

function bytes(values: Float32Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}
