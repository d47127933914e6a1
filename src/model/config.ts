/** What distinguishes one network from another: plain data, stored with a trained model. */

export type FusionKind = 'none' | 'add' | 'concat' | 'attention' | 'aligned' | 'cross-attention';
export type ContextKind = 'none' | 'same' | 'region' | 'centred' | 'slide';

export interface ResNetConfig {
  /** For display: `resnet50`, `resnet18 × 1/8`. */
  readonly name: string;
  readonly block: 'basic' | 'bottleneck';
  /** Residual blocks in each of the four stages. */
  readonly blocks: readonly [number, number, number, number];
  /** Channels of the stem. */
  readonly stem: number;
  /** Inner channels of each stage; a bottleneck outputs four times as many. */
  readonly widths: readonly [number, number, number, number];
  /**
   * Where a downsampling bottleneck has its stride: `3x3` as in torchvision (v1.5), `1x1` as in the original
   * paper and Keras (v1). Basic blocks always stride on their first 3×3.
   */
  readonly strideOn: '1x1' | '3x3';
}

export interface RefineNetConfig {
  readonly kind: 'refinenet';
  readonly sliceEncoder: ResNetConfig;
  /** null for single-input networks. */
  readonly contextEncoder: ResNetConfig | null;
  readonly fusion: FusionKind;
  /**
   * Side of the context's field, µm: distances of `cross-attention`, which needs it. For contexts of whole slides, whose
   * field differs, that of the preset.
   */
  readonly contextFieldUm?: number | undefined;
  /** Channels of the decoder, deepest stage (stride 32) first. */
  readonly decoder: readonly [number, number, number, number];
  readonly classes: number;
  /** Rate on the two deepest features of each encoder and before the head; the paper's is 0.5. */
  readonly dropout: number;
  /** Input normalisation of RGB 0 to 255. */
  readonly preprocessing: Preprocessing;
}

export interface UNetConfig {
  readonly kind: 'unet';
  /** Channels of the five levels, full resolution first. */
  readonly widths: readonly [number, number, number, number, number];
  readonly classes: number;
  readonly preprocessing: Preprocessing;
}

export type NetworkConfig = RefineNetConfig | UNetConfig;

/**
 * `(value - mean) / scale` per channel of RGB 0 to 255. Weights trained on BGR are converted to RGB on
 * loading (the first kernel's input channels reversed), so that no graph has to swap channels.
 */
export interface Preprocessing {
  readonly mean: readonly [number, number, number];
  readonly scale: readonly [number, number, number];
}

/** torchvision's normalisation: RGB / 255, minus mean, over standard deviation. */
export const torchvisionPreprocessing: Preprocessing = {
  mean: [0.485 * 255, 0.456 * 255, 0.406 * 255],
  scale: [0.229 * 255, 0.224 * 255, 0.225 * 255],
};

/** Keras' (caffe's) normalisation of ResNet v1: minus mean, no scaling. */
export const caffePreprocessing: Preprocessing = {
  mean: [123.68, 116.779, 103.939],
  scale: [1, 1, 1],
};
