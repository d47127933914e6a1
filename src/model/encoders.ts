/** The encoders by name, at the paper's width and scaled. */
import type { ResNetConfig } from './config.ts';

const paperWidths = [64, 128, 256, 512] as const;

export const resnet18: ResNetConfig = basic('resnet18', [2, 2, 2, 2]);
export const resnet34: ResNetConfig = basic('resnet34', [3, 4, 6, 3]);
export const resnet50: ResNetConfig = deep('resnet50', [3, 4, 6, 3]);
export const resnet101: ResNetConfig = deep('resnet101', [3, 4, 23, 3]);
export const resnet152: ResNetConfig = deep('resnet152', [3, 8, 36, 3]);

/** The same topology with all channels multiplied by `width` (at least 4). */
export function scaled(config: ResNetConfig, width: number): ResNetConfig {
  const scale = (channels: number): number => Math.max(4, Math.round(channels * width));
  const [a, b, c, d] = config.widths;
  return {
    ...config,
    name: `${config.name} × ${String(width)}`,
    stem: scale(config.stem),
    widths: [scale(a), scale(b), scale(c), scale(d)],
  };
}

function basic(name: string, blocks: ResNetConfig['blocks']): ResNetConfig {
  return { name, block: 'basic', blocks, stem: 64, widths: paperWidths, strideOn: '3x3' };
}

/** Stride on the 3×3 (v1.5), which gives the multiply-accumulates of DESIGN 3; Keras' weights need `1x1`. */
function deep(name: string, blocks: ResNetConfig['blocks']): ResNetConfig {
  return { name, block: 'bottleneck', blocks, stem: 64, widths: paperWidths, strideOn: '3x3' };
}
