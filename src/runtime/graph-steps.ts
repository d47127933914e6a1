/**
 * Translates the nodes of an exported graph into calls of TF.js's kernels: which kernel, which inputs, which
 * attributes. Supports exactly the operations that `graph/graph-def.ts` writes.
 */
import type { NamedAttrMap, NamedTensorInfoMap, TensorInfo } from '@tensorflow/tfjs-core';
import { NodeAttributes, type TopologyNode } from './node-attributes.ts';

/** One call of a kernel. */
export interface KernelStep {
  /** Name of the node and of its value. */
  readonly name: string;
  readonly kernel: string;
  /** Names of the values that the kernel reads. */
  readonly reads: readonly string[];
  /** The kernel's inputs from the values read, in that order. */
  readonly inputs: (values: readonly TensorInfo[]) => NamedTensorInfoMap;
  readonly attributes: NamedAttrMap;
}

/** The values of an integer or float constant. */
export type ConstantValues = (name: string) => readonly number[];

/**
 * The call that computes `node`; null for unknown operations.
 * @param valuesOf reads constants that become kernel attributes: sizes, axes, paddings.
 */
export function kernelStep(node: TopologyNode, valuesOf: ConstantValues): KernelStep | null {
  const inputs = node.input ?? [];
  const attributes = new NodeAttributes(node.attr ?? {});
  const step = (
    kernel: string,
    names: readonly string[],
    given: NamedAttrMap = {},
    count = names.length,
  ): KernelStep => ({
    name: node.name,
    kernel,
    reads: inputs.slice(0, count),
    inputs: named(names),
    attributes: given,
  });
  const constant = (index: number): number[] => [...valuesOf(inputs[index] ?? '')];
  switch (node.op) {
    case 'Conv2D':
      return step('Conv2D', ['x', 'filter'], convolution(attributes));
    case '_FusedConv2D':
      return step('FusedConv2D', ['x', 'filter', 'bias'], {
        ...convolution(attributes),
        activation: attributes.strings('fused_ops').includes('Relu') ? 'relu' : 'linear',
      });
    case 'AddV2':
      return step('Add', ['a', 'b']);
    case 'Mul':
      return step('Multiply', ['a', 'b']);
    case 'Relu':
      return step('Relu', ['x']);
    case 'Sigmoid':
      return step('Sigmoid', ['x']);
    case 'Identity':
      return step('Identity', ['x']);
    case 'OnesLike':
      return step('OnesLike', ['x']);
    case 'Cast':
      return step('Cast', ['x'], { dtype: 'int32' });
    case 'MaxPool':
      return step('MaxPool', ['x'], {
        filterSize: attributes.spatial('ksize'),
        strides: attributes.spatial('strides'),
        pad: attributes.padding(),
      });
    case 'PadV2': {
      const sides = constant(1);
      const paddings = sides.flatMap((before, i) => (i % 2 === 0 ? [[before, sides[i + 1] ?? 0]] : []));
      return step('PadV2', ['x'], { paddings, constantValue: constant(2)[0] ?? 0 }, 1);
    }
    case 'ConcatV2': {
      const parts = inputs.length - 1;
      const [axis = 3] = constant(parts);
      // This kernel takes a list, not names.
      return {
        ...step('Concat', [], { axis }, parts),
        inputs: (values) => values as unknown as NamedTensorInfoMap,
      };
    }
    case 'ResizeBilinear':
      return step(
        'ResizeBilinear',
        ['images'],
        {
          alignCorners: attributes.flag('align_corners'),
          halfPixelCenters: attributes.flag('half_pixel_centers'),
          size: constant(1),
        },
        1,
      );
    case 'CropAndResize':
      return step(
        'CropAndResize',
        ['image', 'boxes', 'boxInd'],
        { method: 'bilinear', extrapolationValue: 0, cropSize: constant(3) },
        3,
      );
    case 'Mean':
      return step('Mean', ['x'], { axis: constant(1), keepDims: attributes.flag('keep_dims') }, 1);
    case 'Max':
      return step('Max', ['x'], { reductionIndices: constant(1), keepDims: attributes.flag('keep_dims') }, 1);
    case 'ArgMax':
      return step('ArgMax', ['x'], { axis: constant(1)[0] ?? -1 }, 1);
    case 'Softmax':
      // The wasm kernel accepts no negative axis.
      return step('Softmax', ['logits'], { dim: 3 });
    case 'BatchMatMulV2':
      return step('BatchMatMul', ['a', 'b'], {
        transposeA: attributes.flag('adj_x'),
        transposeB: attributes.flag('adj_y'),
      });
    case 'DepthToSpace':
      return step('DepthToSpace', ['x'], { blockSize: attributes.whole('block_size'), dataFormat: 'NHWC' });
    case 'Reshape':
      return step('Reshape', ['x'], { shape: constant(1) }, 1);
    case 'Slice':
      return step('Slice', ['x'], { begin: constant(1), size: constant(2) }, 1);
    case 'Cumsum':
      return step(
        'Cumsum',
        ['x'],
        {
          axis: constant(1)[0] ?? 0,
          exclusive: attributes.flag('exclusive'),
          reverse: attributes.flag('reverse'),
        },
        1,
      );
    default:
      return null;
  }
}

/** Assigns names to values. Called for every kernel of every slice, so it builds no lists. */
function named(names: readonly string[]): KernelStep['inputs'] {
  const [a = '', b = '', c = ''] = names;
  const given =
    names.length === 1
      ? (values: readonly TensorInfo[]) => ({ [a]: values[0] })
      : names.length === 2
        ? (values: readonly TensorInfo[]) => ({ [a]: values[0], [b]: values[1] })
        : (values: readonly TensorInfo[]) => ({ [a]: values[0], [b]: values[1], [c]: values[2] });
  return given;
}

function convolution(attributes: NodeAttributes): NamedAttrMap {
  return {
    strides: attributes.spatial('strides'),
    pad: attributes.padding(),
    dataFormat: 'NHWC',
    dilations: attributes.spatial('dilations'),
  };
}
