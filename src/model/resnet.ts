/**
 * ResNet feature pyramid (He et al. 2016). Features after each of the four stages, strides 4, 8, 16, 32.
 * Padding is symmetric everywhere, so a map of n pixels becomes ceil(n / 2) where the stride is 2.
 */
import type { ResNetConfig } from './config.ts';
import type { Ops } from './ops.ts';

/** Outputs of the four stages, strides 4, 8, 16, 32. */
export type Pyramid<T> = readonly [T, T, T, T];

/** Output channels of each stage. */
export function pyramidChannels(config: ResNetConfig): [number, number, number, number] {
  const expansion = config.block === 'bottleneck' ? 4 : 1;
  const [a, b, c, d] = config.widths;
  return [a * expansion, b * expansion, c * expansion, d * expansion];
}

/** Outputs of the first three stages, strides 4, 8, 16. */
export type FirstStages<T> = readonly [T, T, T];

/** @param x normalised image [n, h, w, 3]. */
export function resnet<T>(ops: Ops<T>, x: T, name: string, config: ResNetConfig): Pyramid<T> {
  return withLastStage(ops, firstStages(ops, x, name, config), name, config);
}

/** All but the last stage. @param x normalised image [n, h, w, 3]. */
export function firstStages<T>(ops: Ops<T>, x: T, name: string, config: ResNetConfig): FirstStages<T> {
  const y = convNorm(ops, x, `${name}/stem`, config.stem, 7, 2); // [n, h/2, w/2, stem]
  const pooled = ops.maxPool(ops.relu(y), { kernel: 3, stride: 2, pad: 1 }); // [n, h/4, w/4, stem]
  const first = oneStage(ops, pooled, name, config, 0);
  const second = oneStage(ops, first, name, config, 1);
  return [first, second, oneStage(ops, second, name, config, 2)];
}

/** The last stage on top of the others. */
export function withLastStage<T>(
  ops: Ops<T>,
  stages: FirstStages<T>,
  name: string,
  config: ResNetConfig,
): Pyramid<T> {
  return [...stages, oneStage(ops, stages[2], name, config, 3)];
}

/** @returns [n, h/4/2^stage, w/4/2^stage, width·expansion] */
function oneStage<T>(ops: Ops<T>, x: T, name: string, config: ResNetConfig, stage: 0 | 1 | 2 | 3): T {
  const block = config.block === 'bottleneck' ? bottleneck : basicBlock;
  let y = x;
  for (let index = 0; index < config.blocks[stage]; index++) {
    const stride = stage > 0 && index === 0 ? 2 : 1;
    const blockName = `${name}/stage${stage + 1}/block${index + 1}`;
    y = block(ops, y, blockName, config.widths[stage], stride, config.strideOn);
  }
  return y;
}

/** Two 3×3 convolutions and a shortcut: [n, h, w, c] → [n, h/stride, w/stride, width]. */
function basicBlock<T>(ops: Ops<T>, x: T, name: string, width: number, stride: number): T {
  let y = ops.relu(convNorm(ops, x, `${name}/conv1`, width, 3, stride));
  y = convNorm(ops, y, `${name}/conv2`, width, 3, 1);
  return ops.relu(ops.add(y, shortcut(ops, x, name, width, stride)));
}

/** 1×1 → 3×3 → 1×1 with four times the channels: [n, h, w, c] → [n, h/stride, w/stride, 4·width]. */
function bottleneck<T>(
  ops: Ops<T>,
  x: T,
  name: string,
  width: number,
  stride: number,
  strideOn: '1x1' | '3x3',
): T {
  let y = ops.relu(convNorm(ops, x, `${name}/conv1`, width, 1, strideOn === '1x1' ? stride : 1));
  y = ops.relu(convNorm(ops, y, `${name}/conv2`, width, 3, strideOn === '3x3' ? stride : 1));
  y = convNorm(ops, y, `${name}/conv3`, width * 4, 1, 1);
  return ops.relu(ops.add(y, shortcut(ops, x, name, width * 4, stride)));
}

/** The identity, or a strided 1×1 projection where the shape changes. */
function shortcut<T>(ops: Ops<T>, x: T, name: string, filters: number, stride: number): T {
  if (stride === 1 && ops.shape(x)[3] === filters) return x;
  return convNorm(ops, x, `${name}/shortcut`, filters, 1, stride);
}

function convNorm<T>(ops: Ops<T>, x: T, name: string, filters: number, kernel: number, stride: number): T {
  return ops.batchNorm(
    ops.conv2d(x, `${name}/conv`, { filters, kernel, stride, bias: false }),
    `${name}/norm`,
  );
}
