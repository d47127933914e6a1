/** Fine-tuning: turns an exported graph back into the variables of the network that it was exported from. */
import * as tf from '@tensorflow/tfjs-core';
import { caffePreprocessing, type NetworkConfig, type ResNetConfig } from '../model/config.ts';
import { fullSizeLogits } from '../model/network.ts';
import { BATCH_NORM_EPSILON } from '../model/ops.ts';
import type { Preset } from '../model/presets.ts';
import { EagerOps } from '../runtime/eager.ts';
import { readModelFiles, type ReadFile } from '../runtime/model-files.ts';
import type { ModelManifest } from '../runtime/manifest.ts';
import { constantsOf } from '../runtime/model-constants.ts';
import { sliceBox } from '../runtime/slice-box.ts';
import { VariableStore, type WeightArray, type Weights } from '../runtime/variables.ts';
import { presetCost } from '../runtime/zoo.ts';
import type { PretrainedPreset } from './imagenet-weights.ts';

export interface StartModel extends PretrainedPreset {
  readonly manifest: ModelManifest;
}

/**
 * The variables of a model. Its batch norms are folded: here they get a gamma of 1 and statistics of (0, 1),
 * so training must keep the statistics frozen. The model's golden slice verifies that the result computes the
 * same.
 * @param id names the model in messages
 * @throws ModelError when the model can't be read; Error when it has another preset.
 */
export async function startModel(preset: Preset, id: string, readFile: ReadFile): Promise<StartModel> {
  const files = await readModelFiles(id, readFile);
  const { manifest } = files;
  if (manifest.preset !== preset.id) {
    throw new Error(
      `${id}: the preset of this model is ${manifest.preset}, but the configuration trains ${preset.id}. Choose a model of that preset.`,
    );
  }
  const network = { ...preset.network, classes: manifest.classes.length };
  const weights = unfolded(id, { ...preset, network }, constantsOf(files));
  for (const variant of variantsOf(network)) {
    if (!(await reproducesGoldenClasses(manifest, variant, weights, readFile))) continue;
    const { classes } = preset.network;
    const isKept = (name: string): boolean =>
      classes === manifest.classes.length || !name.startsWith('head/');
    return {
      manifest,
      preset: { ...preset, network: { ...variant, classes } },
      weights: new Map([...weights].filter(([name]) => isKept(name))),
      missing: [...weights.keys()].filter((name) => !isKept(name)),
    };
  }
  throw new Error(
    `${id}: with these weights, ${preset.id} does not reproduce the model's golden classes. Choose a model that this version of Dualscope exported.`,
  );
}

/** All variables of the network. @throws Error when the graph lacks one. */
function unfolded(id: string, preset: Preset, constants: Weights): Weights {
  const weights = new Map<string, WeightArray>();
  for (const [name, { shape }] of presetCost(preset).variables) {
    const filled = (value: number): WeightArray => ({
      shape,
      data: new Float32Array(shape.reduce((product, side) => product * side, 1)).fill(value),
    });
    const [, layer, part] = /^(.*)\/norm\/(\w+)$/.exec(name) ?? [];
    if (layer !== undefined && part !== 'beta') {
      weights.set(name, filled(part === 'gamma' ? 1 : part === 'moving_mean' ? 0 : 1 - BATCH_NORM_EPSILON));
      continue;
    }
    const found = constants.get(layer === undefined ? name : `${layer}/conv/bias`);
    if (found?.shape.join() !== shape.join()) {
      throw new Error(
        `${id}: the graph has no "${name}" of shape [${shape.join(', ')}]. Choose a model that this version of Dualscope exported.`,
      );
    }
    weights.set(name, found);
  }
  return weights;
}

/**
 * Possible preprocessings and strides of the encoders, which the weights do not reveal (imagenet-weights.ts).
 */
function variantsOf(network: NetworkConfig): NetworkConfig[] {
  if (network.kind === 'unet') return [network];
  const kerasStrides = (encoder: ResNetConfig): ResNetConfig => ({ ...encoder, strideOn: '1x1' });
  const keras = {
    ...network,
    preprocessing: caffePreprocessing,
    sliceEncoder: kerasStrides(network.sliceEncoder),
    contextEncoder: network.contextEncoder === null ? null : kerasStrides(network.contextEncoder),
  };
  return [network, keras];
}

async function reproducesGoldenClasses(
  { slice, context, golden }: ModelManifest,
  network: NetworkConfig,
  weights: Weights,
  readFile: ReadFile,
): Promise<boolean> {
  const image = async (name: string, side: number): Promise<tf.Tensor4D> =>
    tf.tensor4d(Float32Array.from(await readFile(name)), [1, side, side, 3]);
  const expected = await readFile(golden.classes);
  const inputs = {
    slice: await image(golden.slice, slice.sizePx),
    context: context === null || golden.context === null ? null : await image(golden.context, context.sizePx),
  };
  const place = golden.sliceInContext ?? { x: 0, y: 0, size: 1 };
  const box = sliceBox(place, context?.sizePx ?? slice.sizePx, slice.sizePx);
  const store = new VariableStore(null);
  store.load(weights);
  const classes = tf.tidy(() => {
    const ops = new EagerOps(store, { norm: 'reference', dropoutSeed: null });
    const input = {
      slice: ops.input(inputs.slice),
      context: inputs.context === null ? null : ops.input(inputs.context),
      sliceInContext: ops.input(tf.tensor4d([...box], [1, 1, 1, 4])),
    };
    return tf.argMax(fullSizeLogits(ops, input, network).tensor, 3); // [1, h, w]
  });
  const given = await classes.data();
  tf.dispose([classes, inputs.slice, ...(inputs.context === null ? [] : [inputs.context])]);
  store.dispose();
  const agreeing = given.filter((classIndex, i) => classIndex === expected[i]).length;
  return agreeing >= golden.agreement * expected.length;
}
