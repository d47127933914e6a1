import { existsSync } from 'node:fs';
import * as tf from '@tensorflow/tfjs-core';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Preprocessing, ResNetConfig } from '../model/config.ts';
import { resnet18, resnet50 } from '../model/encoders.ts';
import { normalise } from '../model/refinenet.ts';
import { resnet } from '../model/resnet.ts';
import { CostOps } from '../runtime/cost.ts';
import { EagerOps, type EagerMap } from '../runtime/eager.ts';
import { useTestBackend } from '../runtime/test-backend.ts';
import { VariableStore } from '../runtime/variables.ts';
import { nodePlatform } from '../slide/node-platform.node.ts';
import { openSlide } from '../slide/open-slide.ts';
import { pathByteSource } from '../slide/path-byte-source.node.ts';
import { readRegion } from '../slide/region.ts';
import { loadImageNetWeights, type PretrainedEncoder } from './imagenet-weights.ts';

const folder = new URL('../../../shared/data/weights/', import.meta.url).pathname;
const slideFile = new URL('../../public/slides/CMU-1-Small-Region.svs', import.meta.url).pathname;
const hasWeights = existsSync(folder);
if (!hasWeights) console.warn('skipped: ../shared/data/weights is missing');

function variablesOf(config: ResNetConfig): CostOps['variables'] {
  const cost = new CostOps();
  resnet(cost, [1, 224, 224, 3], 'slice/encoder', config);
  return cost.variables;
}

async function load(name: string, config: ResNetConfig): Promise<PretrainedEncoder> {
  return loadImageNetWeights(folder + name, variablesOf(config), 'slice/encoder');
}

/** 224 × 224 pixels of real H&E tissue at 20×, [1, 224, 224, 3]. */
async function tissue(): Promise<tf.Tensor4D> {
  const platform = nodePlatform();
  const slide = await openSlide([await pathByteSource(slideFile)], platform);
  const rect = { x: 700, y: 1200, width: 448, height: 448 };
  const { data } = await readRegion(slide, rect, 224, 224, { decoder: platform.decoder });
  slide.close();
  const rgb = Float32Array.from({ length: 224 * 224 * 3 }, (_, i) => data[Math.floor(i / 3) * 4 + (i % 3)]!);
  return tf.tensor4d(rgb, [1, 224, 224, 3]);
}

/** Correlates the moving means of each batch norm with the actual means of its input. */
class Witness extends EagerOps {
  readonly correlations = new Map<string, number>();
  readonly #store: VariableStore;

  constructor(store: VariableStore) {
    super(store, { norm: 'reference', dropoutSeed: null });
    this.#store = store;
  }

  override batchNorm(x: EagerMap, name: string): EagerMap {
    const seen = tf.mean(x.tensor, [0, 1, 2]).dataSync();
    const expected = this.#store
      .get(`${name}/moving_mean`, [x.shape[3]], { kind: 'constant', value: 0 }, false)
      .dataSync();
    this.correlations.set(name, correlation(seen, expected));
    return super.batchNorm(x, name);
  }
}

function correlation(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const mean = (v: ArrayLike<number>): number => Array.from(v).reduce((sum, x) => sum + x, 0) / v.length;
  const [ma, mb] = [mean(a), mean(b)];
  let [ab, aa, bb] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    ab += (a[i]! - ma) * (b[i]! - mb);
    aa += (a[i]! - ma) ** 2;
    bb += (b[i]! - mb) ** 2;
  }
  return ab / Math.sqrt(aa * bb);
}

/** Over the batch norms of conv1 to conv4. */
function median(correlations: ReadonlyMap<string, number>): number {
  const early = [...correlations].filter(([name]) => !name.includes('/stage4/'));
  const sorted = early.map(([, r]) => r).sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)]!;
}

function run(
  config: ResNetConfig,
  weights: PretrainedEncoder['weights'],
  image: tf.Tensor4D,
  p: Preprocessing,
): Witness {
  const store = new VariableStore(1);
  store.load(weights);
  const witness = new Witness(store);
  tf.tidy(() => {
    const pyramid = resnet(witness, normalise(witness, witness.input(image), p), 'slice/encoder', config);
    pyramid[3].tensor.dataSync();
  });
  store.dispose();
  return witness;
}

describe.skipIf(!hasWeights)('ImageNet weights', () => {
  beforeAll(async () => {
    await useTestBackend('wasm');
  });

  it('ResNet-50: conv1 to conv4 are complete; missing kernels of conv5 are listed', async () => {
    const { weights, missing, strideOn } = await load('resnet50-imagenet', resnet50);
    expect(strideOn).toBe('1x1');
    expect(missing).toHaveLength(9);
    expect(missing.every((name) => name.includes('/stage4/'))).toBe(true);
    expect(weights.get('slice/encoder/stem/conv/kernel')?.shape).toEqual([7, 7, 3, 64]);
  });

  it('ResNet-50 works on tissue: activations match its moving means up to conv4', async () => {
    const config: ResNetConfig = { ...resnet50, strideOn: '1x1' };
    const { weights, preprocessing } = await load('resnet50-imagenet', config);
    const image = await tissue();
    const { correlations } = run(config, weights, image, preprocessing);
    expect(median(correlations)).toBeGreaterThan(0.7);
    const lastOfConv4 = correlations.get('slice/encoder/stage3/block6/conv3/norm')!;
    expect(lastOfConv4).toBeGreaterThan(0.5);

    // Shows that the test can fail: the same numbers in the wrong order, with every kernel reversed.
    const mirrored = new Map(
      [...weights].map(([name, { shape, data }]) => [
        name,
        { shape, data: name.endsWith('/kernel') ? Float32Array.from(data).reverse() : data },
      ]),
    );
    const wrong = run(config, mirrored, image, preprocessing).correlations;
    expect(median(correlations)).toBeGreaterThan(median(wrong) + 0.3);
    image.dispose();
  });

  it('ResNet-18: layers 1 to 3 are complete, layer 4 has only its shortcut', async () => {
    const { weights, missing, strideOn } = await load('resnet18-imagenet', resnet18);
    expect(strideOn).toBe('3x3');
    expect(missing.map((name) => name.replace('slice/encoder/', ''))).toEqual([
      'stage4/block1/conv1/conv/kernel',
      'stage4/block1/conv2/conv/kernel',
      'stage4/block2/conv1/conv/kernel',
      'stage4/block2/conv2/conv/kernel',
    ]);
    // The batch norm was folded: ours must only add the bias.
    const part = (name: string): number => weights.get(`slice/encoder/stem/norm/${name}`)!.data[5]!;
    expect(part('gamma') / Math.sqrt(part('moving_variance') + 1e-5)).toBeCloseTo(1, 6);
  });

  it('a compact encoder takes stages 1 to 3 and lists stage 4, whose shape differs', async () => {
    const compact: ResNetConfig = { ...resnet18, widths: [64, 128, 256, 256] };
    const { missing } = await load('resnet18-imagenet', compact);
    expect(missing).toHaveLength(5);
    expect(missing).toContain('slice/encoder/stage4/block1/shortcut/conv/kernel');
  });

  it('names the file that is missing', async () => {
    await expect(loadImageNetWeights(`${folder}../glas`, new Map(), 'x')).rejects.toThrow(/manifest\.json/);
  });
});
