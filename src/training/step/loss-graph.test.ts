import { beforeAll, describe, expect, it } from 'vitest';
import { mulberry32 } from '../../runtime/variables.ts';
import type { Feed } from './batch-feeds.ts';
import { crossEntropy, diceLoss } from './loss-graph.ts';
import { loadOrt, StepSession } from './step-session.node.ts';
import { StepState } from './step-state.ts';
import { sizeOf } from './shapes.ts';
import { TensorGraph } from './tensor-graph.ts';

const shape = [2, 3, 4, 3] as const;
const classes = shape[3];
const pixels = sizeOf(shape) / classes;
const classWeights = [1, 0.5, 3];

const random = mulberry32(8);
const logits = Float32Array.from({ length: sizeOf(shape) }, () => 6 * random() - 3);
/** By pixel; `classes` where the pixel does not count. */
const labels = Array.from({ length: pixels }, () => Math.floor(random() * (classes + 1)));

function truthOf(weights: readonly number[], from: readonly number[] = labels): Float32Array {
  return Float32Array.from({ length: sizeOf(shape) }, (_, i) =>
    from[Math.floor(i / classes)] === i % classes ? weights[i % classes]! : 0,
  );
}

/** Softmax of one pixel in double precision. */
function probabilities(values: ArrayLike<number>, pixel: number): number[] {
  const exps = Array.from({ length: classes }, (_, c) => Math.exp(values[pixel * classes + c]!));
  const sum = exps.reduce((total, value) => total + value, 0);
  return exps.map((value) => value / sum);
}

function expectedCrossEntropy(values: ArrayLike<number>, weights: readonly number[]): number {
  let [sum, counted] = [0, 0];
  labels.forEach((label, pixel) => {
    if (label === classes) return;
    sum -= weights[label]! * Math.log(probabilities(values, pixel)[label]!);
    counted += weights[label]!;
  });
  return sum / counted;
}

function expectedDice(values: ArrayLike<number>): number {
  let mean = 0;
  for (let c = 0; c < classes; c++) {
    let [overlap, sizes] = [0, 0];
    labels.forEach((label, pixel) => {
      if (label === classes) return;
      const p = probabilities(values, pixel)[c]!;
      const t = label === c ? 1 : 0;
      overlap += p * t;
      sizes += p + t;
    });
    mean += (2 * overlap + 1) / (sizes + 1) / classes;
  }
  return 1 - mean;
}

function slopes(loss: (values: ArrayLike<number>) => number): number[] {
  const values = Float64Array.from(logits);
  const step = 1e-4;
  return [...values].map((value, i) => {
    const at = (shift: number): number => {
      values[i] = value + shift;
      return loss(values);
    };
    const slope = (at(step) - at(-step)) / (2 * step);
    values[i] = value;
    return slope;
  });
}

const truths = {
  equal: truthOf([1, 1, 1]),
  weighted: truthOf(classWeights),
  none: new Float32Array(sizeOf(shape)),
};
const terms = { crossEntropy, diceLoss };

describe('losses', () => {
  let results: Map<string, Float32Array>;

  beforeAll(async () => {
    const graph = new TensorGraph();
    const feeds = new Map<string, Feed>([['logits', { data: logits, shape }]]);
    const input = graph.input('logits', shape);
    for (const [name, data] of Object.entries(truths)) {
      feeds.set(name, { data, shape });
      const truth = graph.input(name, shape);
      for (const [term, loss] of Object.entries(terms)) {
        const nodes = loss(graph, input, truth);
        graph.output(`${term} ${name}`, nodes.loss);
        graph.output(`${term} ${name} gradient`, nodes.gradient);
      }
    }
    const step = { graph, parameters: new Map(), masks: [], contextTruths: new Map() };
    const session = await StepSession.open(await loadOrt(), step, { threads: 1, optimise: false });
    results = await session.run(new StepState(), feeds);
    await session.close();
  });

  function expectTerm(name: string, loss: (values: ArrayLike<number>) => number): void {
    expect(results.get(name)![0]).toBeCloseTo(loss(logits), 6);
    const gradient = results.get(`${name} gradient`)!;
    const expected = slopes(loss);
    const largest = Math.max(...expected.map(Math.abs));
    expected.forEach((slope, i) => {
      expect(Math.abs(gradient[i]! - slope) / largest).toBeLessThan(1e-6);
    });
  }

  it('is the cross-entropy over the pixels that count', () => {
    expectTerm('crossEntropy equal', (values) => expectedCrossEntropy(values, [1, 1, 1]));
  });

  it('weighs the pixels of each class in the cross-entropy', () => {
    expectTerm('crossEntropy weighted', (values) => expectedCrossEntropy(values, classWeights));
  });

  it('is the Dice loss over the pixels that count', () => {
    expectTerm('diceLoss equal', expectedDice);
  });

  it('does not weigh pixels in the Dice loss', () => {
    expectTerm('diceLoss weighted', expectedDice);
  });

  it.each(Object.keys(terms))('is 0 without gradient where no pixel counts: %s', (term) => {
    expect(results.get(`${term} none`)![0]).toBeCloseTo(0, 6);
    for (const value of results.get(`${term} none gradient`)!) expect(value).toBeCloseTo(0, 12);
  });
});
