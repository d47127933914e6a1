/** The variables of a network as inputs of a graph. Large kernels are inputs of their own, all others share a few. */
import type { Initialiser } from '../../runtime/variables.ts';
import { isEncoderVariable, type LearningRates } from '../learning-rates.ts';
import type { PackedInput, Value } from './onnx-graph.ts';
import { sizeOf } from './shapes.ts';
import { Tracked } from './tape.ts';
import type { TensorGraph } from './tensor-graph.ts';
import { graphShape } from './weight-layout.ts';

/** A variable of the network. */
export interface Parameter {
  readonly name: string;
  /** As in checkpoints; the graph's input has the shape `graphShape` of weight-layout.ts. */
  readonly shape: readonly number[];
  readonly initial: Initialiser;
  readonly trainable: boolean;
  readonly tracked: Tracked;
  /** The graph's input that holds the variable, and where it starts there. */
  readonly slot: Slot;
}

export interface Slot {
  readonly input: string;
  readonly offset: number;
}

/** Inputs that hold all biases and batch norms, and all small kernels: every tensor and node costs time, whatever its size. */
export const packNames = {
  vectors: { encoder: 'vectors/encoder', decoder: 'vectors/decoder' },
  kernels: { encoder: 'kernels/encoder', decoder: 'kernels/decoder' },
  moving: 'vectors/moving',
  /** Of variables that keep their values: apart, so that no update or weight decay of others reaches them. */
  frozen: { vectors: 'frozen/vectors', kernels: 'frozen/kernels', moving: 'frozen/moving' },
} as const;

/** Kernels of at most as many elements share an input; larger ones would be copied for too long. */
const sharedKernel = 2 ** 16;

/** The part of a network whose learning rate applies to a variable, or to an input of `packNames`. */
export function groupOf(name: string): keyof LearningRates {
  const isEncoder = name === packNames.vectors.encoder || name === packNames.kernels.encoder;
  return isEncoder || isEncoderVariable(name) ? 'encoder' : 'decoder';
}

/** Whether weight decay applies to a graph's input: not to biases and batch norms. */
export function isKernelInput(name: string): boolean {
  return name !== packNames.vectors.encoder && name !== packNames.vectors.decoder;
}

export class NetworkVariables {
  readonly parameters = new Map<string, Parameter>();
  /** Whole shared inputs by name, [length]; known once `close` has been called. */
  readonly packs = new Map<string, Value>();
  readonly #graph: TensorGraph;
  readonly #trains: (variable: string) => boolean;
  readonly #open = new Map<string, PackedInput>();

  /** @param trains whether a trainable variable gets a gradient */
  constructor(graph: TensorGraph, trains: (variable: string) => boolean) {
    this.#graph = graph;
    this.#trains = trains;
  }

  /** @param shape as in checkpoints */
  kernel(name: string, shape: readonly number[], initial: Initialiser): Tracked {
    const shared = this.#trains(name) ? packNames.kernels[groupOf(name)] : packNames.frozen.kernels;
    const pack = sizeOf(shape) <= sharedKernel ? shared : null;
    return this.#declare({ name, shape, initial, trainable: true }, pack);
  }

  /** [length] */
  vector(name: string, length: number, value: number, trainable = true): Tracked {
    const { vectors, moving, frozen } = packNames;
    const pack = this.#trains(name)
      ? trainable
        ? vectors[groupOf(name)]
        : moving
      : trainable
        ? frozen.vectors
        : frozen.moving;
    const initial: Initialiser = { kind: 'constant', value };
    return this.#declare({ name, shape: [length], initial, trainable }, pack);
  }

  /** Completes the shared inputs once all variables exist. */
  close(): void {
    for (const pack of this.#open.values()) this.packs.set(pack.name, this.#graph.close(pack));
  }

  #declare(declared: Omit<Parameter, 'tracked' | 'slot'>, packName: string | null): Tracked {
    const { name, shape, trainable } = declared;
    if (this.parameters.has(name)) throw new Error(`Variable "${name}" is declared twice.`);
    const pack = packName === null ? null : this.#pack(packName);
    const slot = pack === null ? { input: name, offset: 0 } : { input: pack.name, offset: pack.length };
    const value =
      pack === null
        ? this.#graph.input(name, graphShape(shape))
        : this.#graph.reshape(this.#graph.take(pack, sizeOf(shape)), graphShape(shape));
    const tracked = new Tracked(value, trainable && this.#trains(name));
    this.parameters.set(name, { ...declared, tracked, slot });
    return tracked;
  }

  #pack(name: string): PackedInput {
    const known = this.#open.get(name);
    if (known !== undefined) return known;
    const pack = this.#graph.packedInput(name);
    this.#open.set(name, pack);
    return pack;
  }
}
