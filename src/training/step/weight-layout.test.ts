import { describe, expect, it } from 'vitest';
import { fromGraphLayout, graphShape, toGraphLayout } from './weight-layout.ts';

function counted(shape: readonly number[]): { shape: readonly number[]; data: Float32Array } {
  const length = shape.reduce((product, side) => product * side, 1);
  return { shape, data: Float32Array.from({ length }, (_, i) => i) };
}

describe('the layout of weights in a training step', () => {
  it('moves kernels from [k, k, in, out] to [out, in, k, k]', () => {
    const [k, inputs, outputs] = [3, 2, 4];
    const kernel = counted([k, k, inputs, outputs]);
    const { shape, data } = toGraphLayout(kernel);
    expect(shape).toEqual([outputs, inputs, k, k]);
    expect(graphShape(kernel.shape)).toEqual(shape);
    for (let i = 0; i < k; i++) {
      for (let j = 0; j < k; j++) {
        for (let c = 0; c < inputs; c++) {
          for (let f = 0; f < outputs; f++) {
            const value = kernel.data[((i * k + j) * inputs + c) * outputs + f];
            expect(data[((f * inputs + c) * k + i) * k + j]).toBe(value);
          }
        }
      }
    }
  });

  it.each([[[1, 1, 5, 3]], [[7, 7, 3, 2]], [[3, 3, 1, 4]], [[3, 3, 4, 1]], [[2, 2, 3, 5]], [[6]], [[1]]])(
    'gives back a variable of shape %j',
    (shape) => {
      const variable = counted(shape);
      const inGraph = toGraphLayout(variable);
      const back = fromGraphLayout(inGraph.data, shape);
      expect(back.shape).toEqual(shape);
      expect(back.data).toEqual(variable.data);
      // Both ways copy: a step overwrites its buffers.
      expect(inGraph.data.buffer).not.toBe(variable.data.buffer);
      expect(back.data.buffer).not.toBe(inGraph.data.buffer);
    },
  );

  it('keeps up-convolutions and vectors as they are', () => {
    for (const shape of [[2, 2, 3, 5], [6]]) expect(toGraphLayout(counted(shape))).toEqual(counted(shape));
  });
});
