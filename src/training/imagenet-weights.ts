/**
 * ImageNet weights for encoders, read from the two folders of `../shared/data/weights`: Keras' ResNet-50 v1
 * (conv1 to conv4 complete) and torchvision's ResNet-18 with folded batch norms (layers 1 to 3 complete).
 * Variables that a folder lacks, or holds in another shape, keep their random values and are reported.
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import {
  caffePreprocessing,
  type Preprocessing,
  type ResNetConfig,
  torchvisionPreprocessing,
} from '../model/config.ts';
import { readsContext } from '../model/network.ts';
import { BATCH_NORM_EPSILON } from '../model/ops.ts';
import type { Preset } from '../model/presets.ts';
import type { WeightArray, Weights } from '../runtime/variables.ts';
import { presetCost } from '../runtime/zoo.ts';

/** A preset with initial weights. */
export interface PretrainedPreset {
  /** With the preprocessing and strides that the weights were trained with. */
  readonly preset: Preset;
  readonly weights: Weights;
  /** Encoder kernels that start at random. */
  readonly missing: readonly string[];
}

/**
 * ImageNet weights for all encoders of a preset.
 * @param folder as for `loadImageNetWeights`
 * @throws Error when the folder can't be read, or the weights fit no encoder of the preset.
 */
export async function pretrainedPreset(preset: Preset, folder: string): Promise<PretrainedPreset> {
  const { network } = preset;
  if (network.kind === 'unet') {
    throw new Error(`${preset.id}: there are no ImageNet weights for U-Net. Remove "encoderWeights".`);
  }
  const { variables } = presetCost(preset);
  const slice = await loadImageNetWeights(folder, variables, 'slice/encoder');
  const encoders: PretrainedEncoder[] = [slice];
  if (readsContext(network)) {
    encoders.push(await loadImageNetWeights(folder, variables, 'context/encoder'));
  }
  const weights = new Map<string, WeightArray>(encoders.flatMap((encoder) => [...encoder.weights]));
  if (weights.size === 0)
    throw new Error(`${folder}: none of these weights fit ${preset.id}. Choose another folder.`);
  const { preprocessing, strideOn } = slice;
  const contextEncoder = network.contextEncoder === null ? null : { ...network.contextEncoder, strideOn };
  return {
    preset: {
      ...preset,
      network: {
        ...network,
        preprocessing,
        sliceEncoder: { ...network.sliceEncoder, strideOn },
        contextEncoder,
      },
    },
    weights,
    missing: encoders.flatMap((encoder) => [...encoder.missing]),
  };
}

export interface PretrainedEncoder {
  /** By variable name, `<prefix>/stem/conv/kernel` and so on. */
  readonly weights: ReadonlyMap<string, WeightArray>;
  /** Encoder kernels that the folder does not contain in the right shape. */
  readonly missing: readonly string[];
  /** As in the training of the weights. A network that starts from them must use the same. */
  readonly preprocessing: Preprocessing;
  readonly strideOn: ResNetConfig['strideOn'];
}

interface Convolution {
  /** [out, in, k, k] */
  readonly kernel: WeightArray;
  readonly bias: Float32Array | null;
}

interface Norm {
  readonly gamma: Float32Array;
  readonly beta: Float32Array;
  readonly mean: Float32Array;
  readonly variance: Float32Array;
  readonly epsilon: number;
}

/** Reads a convolution and the batch norm after it, by its name in our encoder; null if it is missing. */
type Layers = (ours: string) => Promise<{ convolution: Convolution; norm: Norm | null } | null>;

/**
 * @param folder contains `manifest.json` and the arrays
 * @param variables names and shapes of the encoder's variables, from the cost interpreter
 * @param prefix of the encoder's variables, `slice/encoder` or `context/encoder`
 * @throws Error naming the file when the folder is neither of the two, or an array is truncated.
 */
export async function loadImageNetWeights(
  folder: string,
  variables: ReadonlyMap<string, { readonly shape: readonly number[] }>,
  prefix: string,
): Promise<PretrainedEncoder> {
  const file = join(folder, 'manifest.json');
  const manifest: unknown = JSON.parse(await readFile(file, 'utf8'));
  const keras = kerasSchema.safeParse(manifest);
  const torch = torchvisionSchema.safeParse(manifest);
  if (!keras.success && !torch.success) {
    throw new Error(
      `${file}: this is neither Keras' ResNet-50 nor torchvision's ResNet-18. Choose the folder of one of them.`,
    );
  }
  const layers = keras.success ? kerasLayers(folder, keras.data) : torchvisionLayers(folder, torch.data!);
  const weights = new Map<string, WeightArray>();
  const missing: string[] = [];
  for (const [name, { shape }] of variables) {
    if (!name.startsWith(`${prefix}/`) || !name.endsWith('/conv/kernel')) continue;
    const layer = name.slice(prefix.length + 1, -'/conv/kernel'.length);
    const found = await layers(layer);
    const isFor = found?.convolution.kernel.shape.join() === oihw(shape).join();
    if (found === null || !isFor) {
      missing.push(name);
      continue;
    }
    weights.set(name, toHwio(found.convolution.kernel, keras.success && layer === 'stem'));
    for (const [part, data] of Object.entries(foldedNorm(found.convolution, found.norm))) {
      weights.set(`${prefix}/${layer}/norm/${part}`, { shape: [data.length], data });
    }
  }
  return {
    weights,
    missing,
    preprocessing: keras.success ? caffePreprocessing : torchvisionPreprocessing,
    strideOn: keras.success ? '1x1' : '3x3',
  };
}

/** Converts to the batch norm of our networks, which have no bias before it and a different epsilon. */
function foldedNorm({ kernel, bias }: Convolution, norm: Norm | null): Record<string, Float32Array> {
  const channels = kernel.shape[0]!;
  const at = (values: Float32Array | null, i: number): number => values?.[i] ?? 0;
  const each = (value: (i: number) => number): Float32Array =>
    Float32Array.from({ length: channels }, (_, i) => value(i));
  if (norm === null) {
    // Already folded: this batch norm only adds the bias.
    return {
      gamma: each(() => 1),
      beta: each((i) => at(bias, i)),
      moving_mean: each(() => 0),
      moving_variance: each(() => 1 - BATCH_NORM_EPSILON),
    };
  }
  return {
    gamma: norm.gamma,
    beta: norm.beta,
    moving_mean: each((i) => norm.mean[i]! - at(bias, i)),
    moving_variance: each((i) => norm.variance[i]! + norm.epsilon - BATCH_NORM_EPSILON),
  };
}

/** [k, k, in, out] → [out, in, k, k], a shape. */
function oihw([height, width, channels, out]: readonly number[]): unknown[] {
  return [out, channels, height, width];
}

/** [out, in, k, k] → [k, k, in, out]. `reversed` converts a kernel for BGR to one for RGB. */
function toHwio({ shape, data }: WeightArray, reversed: boolean): WeightArray {
  const [out, channels, height, width] = shape as [number, number, number, number];
  const values = new Float32Array(data.length);
  for (let o = 0; o < out; o++) {
    for (let c = 0; c < channels; c++) {
      const source = reversed ? channels - 1 - c : c;
      for (let y = 0; y < height; y++) {
        for (let x = 0; x < width; x++) {
          values[((y * width + x) * channels + c) * out + o] =
            data[((o * channels + source) * height + y) * width + x]!;
        }
      }
    }
  }
  return { shape: [height, width, channels, out], data: values };
}

const kerasSchema = z.object({
  layers: z.record(
    z.string(),
    z.object({
      file: z.string().regex(/^[\w.]+$/),
      present: z.boolean(),
      weight_shape: z.array(z.number().int()).length(4).optional(),
      bias: z.number().int().optional(),
      channels: z.number().int().optional(),
      eps: z.number().optional(),
    }),
  ),
});

/** Keras names: conv1; conv2_block1_0 (shortcut), _1, _2, _3. */
function kerasLayers(folder: string, { layers }: z.infer<typeof kerasSchema>): Layers {
  return async (ours) => {
    const match = /^stage(\d)\/block(\d+)\/(conv(\d)|shortcut)$/.exec(ours);
    const name =
      ours === 'stem'
        ? 'conv1'
        : match === null
          ? ''
          : `conv${String(Number(match[1]) + 1)}_block${match[2]!}_${match[4] ?? '0'}`;
    const conv = layers[`${name}_conv`];
    const norm = layers[`${name}_bn`];
    if (conv?.present !== true || norm?.present !== true || conv.weight_shape === undefined) return null;
    const size = conv.weight_shape.reduce((product, side) => product * side, 1);
    const values = await readFloats(join(folder, conv.file), size + (conv.bias ?? 0));
    const channels = norm.channels ?? 0;
    const four = await readFloats(join(folder, norm.file), 4 * channels);
    const [gamma, beta, mean, variance] = [0, 1, 2, 3].map((i) =>
      four.slice(i * channels, (i + 1) * channels),
    ) as [Float32Array, Float32Array, Float32Array, Float32Array];
    return {
      convolution: {
        kernel: { shape: conv.weight_shape, data: values.slice(0, size) },
        bias: conv.bias === undefined ? null : values.slice(size),
      },
      norm: { gamma, beta, mean, variance, epsilon: norm.eps ?? BATCH_NORM_EPSILON },
    };
  };
}

async function readFloats(file: string, count: number): Promise<Float32Array> {
  const bytes = await readFile(file);
  if (bytes.length !== count * 4) {
    throw new Error(
      `${file}: expected ${String(count * 4)} bytes, found ${String(bytes.length)}. Download it again.`,
    );
  }
  return new Float32Array(Uint8Array.from(bytes).buffer);
}

const torchvisionSchema = z.object({ arrays: z.record(z.string(), z.array(z.number().int())) });

/** torchvision names: conv1; layer1.0.conv1, layer1.0.conv2, layer2.0.downsample.0. */
function torchvisionLayers(folder: string, { arrays }: z.infer<typeof torchvisionSchema>): Layers {
  return async (ours) => {
    const match = /^stage(\d)\/block(\d+)\/(conv\d|shortcut)$/.exec(ours);
    const part = match?.[3] === 'shortcut' ? 'downsample.0' : (match?.[3] ?? '');
    const name =
      ours === 'stem'
        ? 'conv1'
        : match === null
          ? ''
          : `layer${match[1]!}.${String(Number(match[2]) - 1)}.${part}`;
    if (arrays[`${name}.weight`] === undefined || arrays[`${name}.bias`] === undefined) return null;
    const kernel = await readNpy(join(folder, 'weights', `${name}.weight.npy`));
    const bias = await readNpy(join(folder, 'weights', `${name}.bias.npy`));
    return { convolution: { kernel, bias: bias.data }, norm: null };
  };
}

/**
 * Reads a NumPy array file, version 1 to 3 (numpy.lib.format), of float32 in C order.
 * @throws Error naming the file when it is not such an array, or is truncated.
 */
export async function readNpy(file: string): Promise<WeightArray> {
  const bytes = await readFile(file);
  const version = bytes[6] ?? 0;
  if (bytes.toString('latin1', 0, 6) !== '\x93NUMPY' || version < 1 || version > 3) {
    throw new Error(`${file}: this is not a NumPy array file.`);
  }
  const start = version === 1 ? 10 : 12;
  const length = version === 1 ? bytes.readUInt16LE(8) : bytes.readUInt32LE(8);
  const header = bytes.toString('latin1', start, start + length);
  const shape = /'shape':\s*\(([^)]*)\)/.exec(header)?.[1];
  if (!/'descr':\s*'<f4'/.test(header) || !/'fortran_order':\s*False/.test(header) || shape === undefined) {
    throw new Error(`${file}: only float32 arrays in C order are supported, not ${header.trim()}`);
  }
  const sides = shape
    .split(',')
    .map((side) => side.trim())
    .filter((side) => side !== '')
    .map(Number);
  const count = sides.reduce((product, side) => product * side, 1);
  const data = bytes.subarray(start + length, start + length + count * 4);
  if (data.length !== count * 4) throw new Error(`${file}: the file is truncated. Download it again.`);
  return { shape: sides, data: new Float32Array(Uint8Array.from(data).buffer) };
}
