/** U-Net (Ronneberger et al. 2015), single input, same padding and batch norm: the paper's baseline. */
import type { UNetConfig } from './config.ts';
import type { Ops } from './ops.ts';
import { normalise } from './refinenet.ts';

/**
 * @param slice [n, h, w, 3] RGB, 0 to 255; sides need not be multiples of 16: each upsampled map is resized
 * to its skip connection.
 * @returns logits at full resolution, [n, h, w, classes].
 */
export function unet<T>(ops: Ops<T>, slice: T, config: UNetConfig): T {
  const skips: T[] = [];
  let y = normalise(ops, slice, config.preprocessing);
  config.widths.forEach((filters, level) => {
    if (level > 0) {
      skips.push(y);
      y = ops.maxPool(y, { kernel: 2, stride: 2, pad: 0 }); // [n, h/2, w/2, c]
    }
    y = doubleConv(ops, y, `down${level + 1}`, filters); // [n, h/2^level, w/2^level, filters]
  });
  for (let level = skips.length; level >= 1; level--) {
    const skip = skips[level - 1]!;
    const filters = config.widths[(level - 1) as 0 | 1 | 2 | 3];
    const [, height, width] = ops.shape(skip);
    y = ops.upConv2d(y, `up${level}/upconv`, filters); // [n, 2h, 2w, filters]
    const [, upHeight, upWidth] = ops.shape(y);
    if (upHeight !== height || upWidth !== width) y = ops.resizeBilinear(y, height, width);
    y = doubleConv(ops, ops.concat([skip, y]), `up${level}`, filters);
  }
  return ops.conv2d(y, 'head/logits', { filters: config.classes, kernel: 1, bias: true, init: 'glorot' });
}

/** Two times 3×3 convolution, batch norm, ReLU. */
function doubleConv<T>(ops: Ops<T>, x: T, name: string, filters: number): T {
  let y = x;
  for (const index of [1, 2]) {
    y = ops.conv2d(y, `${name}/conv${index}/conv`, { filters, kernel: 3, bias: false });
    y = ops.relu(ops.batchNorm(y, `${name}/conv${index}/norm`)); // [n, h, w, filters]
  }
  return y;
}
