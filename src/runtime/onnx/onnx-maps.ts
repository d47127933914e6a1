/** Writes the operations of a graph as ONNX nodes on NCHW maps. */
import type { GraphNode, OperationOf } from '../graph/graph.ts';
import { planesLast } from './kernel-layout.ts';
import { writeAttend, writeWithMap } from './onnx-attention.ts';
import { writeCropResize, type OnnxNodes } from './onnx-nodes.ts';

export class MapWriter {
  readonly #out: OnnxNodes;
  readonly #maps = new Map<GraphNode, string>();

  constructor(out: OnnxNodes) {
    this.#out = out;
  }

  /** Gives a value, such as an input, the name of its NCHW map (of its boxes, for boxes). */
  set(node: GraphNode, name: string): void {
    this.#maps.set(node, name);
  }

  /** The name of a value that has been written or set. */
  of(node: GraphNode): string {
    return this.#maps.get(node) ?? this.#out.names.of(node);
  }

  /**
   * Writes a value whose inputs have been written or set.
   * @returns `name`, which becomes the name of its map.
   */
  write(node: GraphNode, name: string): string {
    const { operation, shape } = node;
    const inputs = node.inputs.map((input) => this.of(input));
    const [x = ''] = inputs;
    this.#maps.set(node, name);
    switch (operation.kind) {
      case 'identity':
        this.#out.node('Identity', name, inputs);
        break;
      case 'conv':
        this.#conv(name, x, operation);
        break;
      case 'upConv':
        this.#upConv(name, x, operation);
        break;
      case 'scaleShift': {
        const sides = [1, shape[3], 1, 1];
        const scaled = this.#out.add('Mul', `${name}/scaled`, [
          x,
          this.#out.weight(operation.scale, sides, operation.scale.data),
        ]);
        this.#out.node('Add', name, [scaled, this.#out.weight(operation.shift, sides, operation.shift.data)]);
        break;
      }
      case 'relu':
        this.#out.node('Relu', name, inputs);
        break;
      case 'sigmoid':
        this.#out.node('Sigmoid', name, inputs);
        break;
      case 'add':
        this.#out.node('Add', name, inputs);
        break;
      case 'mul':
        this.#out.node('Mul', name, inputs);
        break;
      case 'concat':
        this.#out.node('Concat', name, inputs, { axis: { int: 1 } });
        break;
      case 'maxPool': {
        const { size, stride, pad } = operation;
        this.#out.node('MaxPool', name, [x], {
          kernel_shape: { ints: [size, size] },
          strides: { ints: [stride, stride] },
          pads: { ints: [pad, pad, pad, pad] },
        });
        break;
      }
      case 'resize': {
        const [, height = 1, width = 1] = node.inputs[0]?.shape ?? [];
        // Sizes would have to include the open batch before opset 18.
        const scales = Float32Array.of(1, 1, scaleTo(shape[1], height), scaleTo(shape[2], width));
        this.#out.node('Resize', name, [x, '', this.#out.floats(`${name}/scales`, scales, [4])], {
          mode: { string: 'linear' },
          coordinate_transformation_mode: { string: 'align_corners' },
        });
        break;
      }
      case 'cropResize':
        writeCropResize(this.#out, name, x, inputs[1] ?? '', shape[1], shape[2]);
        break;
      case 'withMap':
        writeWithMap(this.#out, name, x, operation.map, shape[3]);
        break;
      case 'attend':
        writeAttend(this.#out, name, inputs, node);
        break;
      case 'globalMean':
        this.#out.node('GlobalAveragePool', name, inputs);
        break;
      case 'input':
      case 'pack':
        throw new Error(`The ${operation.kind} "${name}" is not an operation on maps.`);
    }
    return name;
  }

  #conv(name: string, x: string, { kernel, bias, stride, pad, relu }: OperationOf<'conv'>): void {
    const [side = 1, , inputs = 1, outputs = 1] = kernel.shape;
    const weights = this.#out.weight(
      kernel,
      [outputs, inputs, side, side],
      () => planesLast(kernel.data(), kernel.shape),
      true,
    );
    this.#activated(name, relu, (output) =>
      this.#out.node(
        'Conv',
        output,
        [x, weights, ...(bias === null ? [] : [this.#out.weight(bias, bias.shape, bias.data)])],
        {
          kernel_shape: { ints: [side, side] },
          strides: { ints: [stride, stride] },
          pads: { ints: [pad, pad, pad, pad] },
        },
      ),
    );
  }

  #upConv(name: string, x: string, { kernel, bias, relu }: OperationOf<'upConv'>): void {
    const [, , outputs = 1, inputs = 1] = kernel.shape;
    const weights = this.#out.weight(
      kernel,
      [inputs, outputs, 2, 2],
      () => planesLast(kernel.data(), kernel.shape),
      true,
    );
    this.#activated(name, relu, (output) =>
      this.#out.node('ConvTranspose', output, [x, weights, this.#out.weight(bias, bias.shape, bias.data)], {
        kernel_shape: { ints: [2, 2] },
        strides: { ints: [2, 2] },
      }),
    );
  }

  /** ONNX has no fused ReLU; runtimes do the fusing. */
  #activated(name: string, relu: boolean, write: (output: string) => void): void {
    if (!relu) {
      write(name);
      return;
    }
    const linear = this.#out.names.free(`${name}/linear`);
    write(linear);
    this.#out.node('Relu', name, [linear]);
  }
}

/** The scale, as a float32, whose product with `from` rounds down to `to`. */
function scaleTo(to: number, from: number): number {
  const scale = Math.fround(to / from);
  return from * scale >= to ? scale : Math.fround(scale * (1 + 2 ** -23));
}
