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

/** @param x normalised image [n, h, w, 3]. */
export function resnet<T>(ops: Ops<T>, x: T, name: string, config: ResNetConfig): Pyramid<T> {
  let y = convNorm(ops, x, `${name}/stem`, config.stem, 7, 2); // [n, h/2, w/2, stem]
  y = ops.maxPool(ops.relu(y), { kernel: 3, stride: 2, pad: 1 }); // [n, h/4, w/4, stem]
  const block = config.block === 'bottleneck' ? bottleneck : basicBlock;
  const stages: T[] = [];
  config.blocks.forEach((count, stage) => {
    const width = config.widths[stage as 0 | 1 | 2 | 3];
    for (let index = 0; index < count; index++) {
      const stride = stage > 0 && index === 0 ? 2 : 1;
      y = block(ops, y, `${name}/stage${stage + 1}/block${index + 1}`, width, stride, config.strideOn);
    }
    stages.push(y); // [n, h/4/2^stage, w/4/2^stage, width·expansion]
  });
  return stages as unknown as Pyramid<T>;
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
