/**
 * Every system of the DA-RefineNet paper's two tables as a named preset, plus ours (`aligned`) and two
 * smaller siblings of each: `compact-*` for real training on a laptop, `nano-*` for tests and demos. Smaller
 * presets scale widths, never the topology.
 */
import {
  torchvisionPreprocessing,
  type ContextKind,
  type FusionKind,
  type NetworkConfig,
  type ResNetConfig,
} from './config.ts';
import { resnet101, resnet152, resnet18, resnet50, scaled } from './encoders.ts';

export interface Preset {
  readonly id: string;
  /** The row of the paper's tables, or what it is instead. */
  readonly table: string;
  readonly network: NetworkConfig;
  readonly contextKind: ContextKind;
  /** Sides of the slice's and the context's input, pixels. */
  readonly slicePx: number;
  readonly contextPx: number | null;
  /** Sides of the slice's and the context's field, µm. */
  readonly sliceFieldUm: number;
  readonly contextFieldUm: number | null;
}

/** DESIGN 3: slices of 1000 px and regions of 5000 px at 0.467 µm/px. */
const SLICE_FIELD_UM = 467;
const REGION_FIELD_UM = 2335;
const CLASSES = 4;

interface Size {
  readonly prefix: '' | 'compact-' | 'nano-';
  readonly px: number;
  readonly decoder: readonly [number, number, number, number];
  readonly unet: readonly [number, number, number, number, number];
  /** The paper's 0.5 overwhelms a decoder of 16 channels. */
  readonly dropout: number;
}

/** 512 rather than the paper's 500: a multiple of 32, and the size for which DESIGN gives the costs. */
const paper: Size = {
  prefix: '',
  px: 512,
  decoder: [512, 256, 256, 256],
  unet: [64, 128, 256, 512, 1024],
  dropout: 0.5,
};
const compact: Size = {
  prefix: 'compact-',
  px: 256,
  decoder: [64, 32, 32, 32],
  unet: [16, 32, 64, 128, 256],
  dropout: 0.5,
};
const nano: Size = {
  prefix: 'nano-',
  px: 128,
  decoder: [16, 16, 16, 16],
  unet: [8, 16, 32, 48, 64],
  dropout: 0.1,
};

/** ResNet-18 with its ImageNet stages 1 to 3 unchanged and stage 4 at half width, to stay within 24 MB. */
const compactEncoder: ResNetConfig = {
  ...resnet18,
  name: 'resnet18, stage 4 × 0.5',
  widths: [64, 128, 256, 256],
};
/** Stage 4 narrower than an eighth, to stay under 1 MB together with a context encoder. */
const nanoEncoder: ResNetConfig = {
  ...scaled(resnet18, 1 / 8),
  name: 'resnet18 × 1/8',
  widths: [8, 16, 32, 48],
};

/** Table 1 of the paper compares inputs, Table 2 fusions. */
export const presets: readonly Preset[] = [
  unet(paper, 'Table 1, U-Net'),
  single(paper, 'resnet50-single', 'Table 1, RefineNet ResNet-50', resnet50),
  single(paper, 'resnet101-single', 'Table 1, RefineNet ResNet-101', resnet101),
  single(paper, 'resnet152-single', 'Table 1, RefineNet ResNet-152', resnet152),
  multisize(paper, 'resnet50-multisize', 'Table 1, multi-size dual inputs ResNet-50', resnet50, resnet50),
  multisize(paper, 'resnet101-multisize', 'Table 1, multi-size dual inputs ResNet-101', resnet101, resnet50),
  multisize(paper, 'resnet152-multisize', 'Table 1, multi-size dual inputs ResNet-152', resnet152, resnet50),
  dual(paper, 'resnet50-add', 'Table 1 and 2, dual inputs, add, ResNet-50', resnet50, resnet50, 'add'),
  dual(paper, 'resnet101-add', 'Table 1 and 2, dual inputs, add, ResNet-101', resnet101, resnet50, 'add'),
  dual(paper, 'resnet152-add', 'Table 1, dual inputs, add, ResNet-152', resnet152, resnet50, 'add'),
  dual(paper, 'resnet50-concat', 'Table 2, concat, ResNet-50', resnet50, resnet50, 'concat'),
  dual(paper, 'resnet101-concat', 'Table 2, concat, ResNet-101', resnet101, resnet50, 'concat'),
  dual(paper, 'resnet50-attention', 'Table 2, attention, ResNet-50', resnet50, resnet50, 'attention'),
  dual(paper, 'resnet101-attention', 'Table 2, attention, ResNet-101', resnet101, resnet50, 'attention'),
  dual(paper, 'resnet50-aligned', 'ours, aligned, ResNet-50', resnet50, resnet50, 'aligned'),
  dual(
    paper,
    'resnet50-cross-attention',
    'ours, cross-attention, ResNet-50',
    resnet50,
    resnet50,
    'cross-attention',
  ),
  dual(paper, 'resnet101-aligned', 'ours, aligned, ResNet-101', resnet101, resnet50, 'aligned'),
  ...siblings(compact, compactEncoder),
  ...siblings(nano, nanoEncoder),
];

/** @throws Error listing the known presets. */
export function presetById(id: string): Preset {
  const preset = presets.find((candidate) => candidate.id === id);
  if (preset === undefined) {
    throw new Error(`There is no preset "${id}". Known: ${presets.map((p) => p.id).join(', ')}.`);
  }
  return preset;
}

/** The small sibling of every kind of row. */
function siblings(size: Size, encoder: ResNetConfig): Preset[] {
  const row = size.prefix.slice(0, -1);
  return [
    unet(size, `${row} sibling of U-Net`),
    single(size, 'single', `${row} sibling of RefineNet, one input`, encoder),
    multisize(size, 'multisize', `${row} sibling of multi-size dual inputs`, encoder, encoder),
    dual(size, 'add', `${row} sibling of add`, encoder, encoder, 'add'),
    dual(size, 'concat', `${row} sibling of concat`, encoder, encoder, 'concat'),
    dual(size, 'attention', `${row} sibling of attention`, encoder, encoder, 'attention'),
    dual(size, 'aligned', `${row} sibling of aligned (ours)`, encoder, encoder, 'aligned'),
    dual(
      size,
      'cross-attention',
      `${row} sibling of cross-attention (ours)`,
      encoder,
      encoder,
      'cross-attention',
    ),
  ];
}

function unet(size: Size, table: string): Preset {
  const network: NetworkConfig = {
    kind: 'unet',
    widths: size.unet,
    classes: CLASSES,
    preprocessing: torchvisionPreprocessing,
  };
  return { ...inputs(size, 'none'), id: `${size.prefix}unet`, table, network };
}

function single(size: Size, name: string, table: string, encoder: ResNetConfig): Preset {
  return {
    ...inputs(size, 'none'),
    id: size.prefix + name,
    table,
    network: refinenet(size, encoder, null, 'none'),
  };
}

/** Both inputs are the slice, the second at half the size; fused by addition. */
function multisize(
  size: Size,
  name: string,
  table: string,
  encoder: ResNetConfig,
  contextEncoder: ResNetConfig,
): Preset {
  return {
    ...inputs(size, 'same'),
    id: size.prefix + name,
    table,
    network: refinenet(size, encoder, contextEncoder, 'add'),
  };
}

function dual(
  size: Size,
  name: string,
  table: string,
  encoder: ResNetConfig,
  contextEncoder: ResNetConfig,
  fusion: FusionKind,
): Preset {
  return {
    ...inputs(size, 'region'),
    id: size.prefix + name,
    table,
    network: refinenet(size, encoder, contextEncoder, fusion),
  };
}

function refinenet(
  size: Size,
  sliceEncoder: ResNetConfig,
  contextEncoder: ResNetConfig | null,
  fusion: FusionKind,
): NetworkConfig {
  return {
    kind: 'refinenet',
    sliceEncoder,
    contextEncoder,
    fusion,
    ...(fusion === 'cross-attention' ? { contextFieldUm: REGION_FIELD_UM } : {}),
    decoder: size.decoder,
    classes: CLASSES,
    dropout: size.dropout,
    preprocessing: torchvisionPreprocessing,
  };
}

function inputs(
  size: Size,
  contextKind: 'none' | 'same' | 'region',
): Omit<Preset, 'id' | 'table' | 'network'> {
  return {
    contextKind,
    slicePx: size.px,
    sliceFieldUm: SLICE_FIELD_UM,
    contextPx: contextKind === 'none' ? null : contextKind === 'same' ? size.px / 2 : size.px,
    contextFieldUm: contextKind === 'none' ? null : contextKind === 'same' ? SLICE_FIELD_UM : REGION_FIELD_UM,
  };
}
