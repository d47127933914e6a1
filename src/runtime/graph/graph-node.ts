/** Makes the values of a graph: infers a value's shape from its operation and inputs, and checks that they fit. */
import type { Shape4 } from '../../model/ops.ts';
import type { GraphNode, Operation } from './graph.ts';

/** An input of a network under its public name, [n, height, width, channels]. */
export function inputNode(name: string, height: number, width: number, channels: number): GraphNode {
  return {
    operation: { kind: 'input' },
    inputs: [],
    shape: [1, height, width, channels],
    scope: name,
    label: name,
  };
}

/**
 * A value computed by any other operation.
 * @param size [height, width] of the result; only `resize` and `cropResize` need it.
 * @throws RangeError when the inputs do not fit the operation or each other.
 */
export function graphNode(
  operation: Exclude<Operation, { kind: 'input' }>,
  inputs: readonly GraphNode[],
  scope: string = operation.kind,
  size?: readonly [height: number, width: number],
): GraphNode {
  const shape = shapeOf(operation, inputs, scope, size);
  if (shape.some((side) => !Number.isInteger(side) || side < 1)) {
    throw new RangeError(`${scope}: the input is too small; its result would be ${text(shape)}.`);
  }
  return { operation, inputs, shape, scope, label: null };
}

function shapeOf(
  operation: Exclude<Operation, { kind: 'input' }>,
  inputs: readonly GraphNode[],
  scope: string,
  size: readonly [number, number] | undefined,
): Shape4 {
  const [first, second] = inputs;
  if (first === undefined) throw new RangeError(`${scope} needs an input.`);
  const [n, h, w, c] = first.shape;
  const channels = (expected: number | undefined): void => {
    if (expected === c) return;
    throw new RangeError(`${scope}: ${c} channels where the weights have ${String(expected)}.`);
  };
  switch (operation.kind) {
    case 'conv': {
      const { kernel, stride, pad } = operation;
      const [side = 1, , from, to = 1] = kernel.shape;
      channels(from);
      return [n, windows(h, side, stride, pad), windows(w, side, stride, pad), to];
    }
    case 'upConv':
      channels(operation.kernel.shape[3]);
      return [n, 2 * h, 2 * w, operation.kernel.shape[2] ?? 1];
    case 'scaleShift':
      channels(operation.scale.shape[0]);
      channels(operation.shift.shape[0]);
      return first.shape;
    case 'identity':
    case 'relu':
    case 'sigmoid':
      return first.shape;
    case 'add':
    case 'mul':
      if (second === undefined) throw new RangeError(`${scope} needs two inputs.`);
      return broadcast(operation.kind, first.shape, second.shape);
    case 'concat': {
      for (const { shape } of inputs) {
        if (shape[1] === h && shape[2] === w) continue;
        throw new RangeError(`concat of maps of different sizes: ${text(first.shape)} and ${text(shape)}.`);
      }
      return [n, h, w, inputs.reduce((sum, { shape }) => sum + shape[3], 0)];
    }
    case 'maxPool': {
      const { size: side, stride, pad } = operation;
      return [n, windows(h, side, stride, pad), windows(w, side, stride, pad), c];
    }
    case 'resize':
    case 'cropResize':
      if (size === undefined) throw new RangeError(`${scope} needs a size.`);
      return [n, size[0], size[1], c];
    case 'withMap': {
      const [, height = 0, width = 0, added = 0] = operation.map.shape;
      if (height !== h || width !== w) {
        throw new RangeError(`${scope}: a map of ${text(operation.map.shape)} beside ${text(first.shape)}.`);
      }
      return [n, h, w, c + added];
    }
    case 'attend': {
      const [keys, values] = [second?.shape, inputs[2]?.shape];
      if (keys === undefined || values === undefined) throw new RangeError(`${scope} needs keys and values.`);
      if (keys[3] !== c || keys[1] !== values[1] || keys[2] !== values[2]) {
        throw new RangeError(
          `${scope}: keys ${text(keys)} fit neither ${text(first.shape)} nor ${text(values)}.`,
        );
      }
      return [n, h, w, values[3]];
    }
    case 'globalMean':
      return [n, 1, 1, c];
    case 'pack':
      return [n, h, w, 1];
  }
}

/**
 * Positions of a window of side `size` along `length` pixels padded on both ends.
 * @throws RangeError for a window that no layer has; kernels crash on some of them.
 */
function windows(length: number, size: number, stride: number, pad: number): number {
  const isWindow = size >= 1 && stride >= 1 && pad >= 0 && pad < size;
  if (!isWindow || ![size, stride, pad].every(Number.isInteger)) {
    throw new RangeError(`A window of ${size} pixels with stride ${stride} and padding ${pad} is not valid.`);
  }
  return Math.floor((length + 2 * pad - size) / stride) + 1;
}

function broadcast(name: string, a: Shape4, b: Shape4): Shape4 {
  const side = (axis: 0 | 1 | 2 | 3): number => {
    if (a[axis] === b[axis] || b[axis] === 1) return a[axis];
    if (a[axis] === 1) return b[axis];
    throw new RangeError(`${name}: shapes ${text(a)} and ${text(b)} are incompatible.`);
  };
  return [side(0), side(1), side(2), side(3)];
}

/** A shape as messages write it. */
export function text(shape: readonly number[]): string {
  return `[${shape.join(', ')}]`;
}
