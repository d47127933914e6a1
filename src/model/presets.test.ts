/** Contracts of every preset, checked by the cost interpreter without allocating weights. */
import { describe, expect, it } from 'vitest';
import { CostOps } from '../runtime/cost.ts';
import { zooRow } from '../runtime/zoo.ts';
import { encodeContext, fullSizeLogits, fullSizeLogitsOfSlice, network, readsContext } from './network.ts';
import type { Shape4 } from './ops.ts';
import { presetById, presets } from './presets.ts';

/** DESIGN 3, "Exact sizes at width 1, four classes". */
const paperSizes = [
  { id: 'resnet50-single', parameters: 84_341_060, movingStatistics: 53_120, checkpointMB: 337.6 },
  { id: 'resnet101-single', parameters: 103_333_188, movingStatistics: 105_344, checkpointMB: 413.8 },
  { id: 'resnet152-single', parameters: 118_976_836, movingStatistics: 151_424, checkpointMB: 476.5 },
  { id: 'resnet50-add', parameters: 110_145_412, movingStatistics: 106_240, checkpointMB: 441.0 },
  { id: 'resnet101-add', parameters: 129_137_540, movingStatistics: 158_464, checkpointMB: 517.2 },
  { id: 'resnet152-add', parameters: 144_781_188, movingStatistics: 204_544, checkpointMB: 579.9 },
  { id: 'resnet50-concat', parameters: 111_259_524, movingStatistics: 106_240, checkpointMB: 445.5 },
  { id: 'resnet101-concat', parameters: 130_251_652, movingStatistics: 158_464, checkpointMB: 521.6 },
  { id: 'resnet50-attention', parameters: 111_456_132, movingStatistics: 106_240, checkpointMB: 446.3 },
  { id: 'resnet101-attention', parameters: 130_448_260, movingStatistics: 158_464, checkpointMB: 522.4 },
];

describe('sizes of the paper', () => {
  for (const expected of paperSizes) {
    it(expected.id, () => {
      expect(zooRow(presetById(expected.id))).toMatchObject(expected);
    });
  }

  it('dual add models cost 241, 260 and 280 GMAC at 512 pixels', () => {
    const costs = ['resnet50-add', 'resnet101-add', 'resnet152-add'].map((id) => zooRow(presetById(id)).gmac);
    expect(costs.map(Math.round)).toEqual([241, 260, 280]);
  });
});

describe('limits of the smaller siblings', () => {
  it('compact: 24 MB in float16 and 5 GMAC at 256 pixels', () => {
    for (const preset of presets.filter(({ id }) => id.startsWith('compact-'))) {
      const row = zooRow(preset);
      expect(((row.parameters + row.movingStatistics) * 2) / 1e6, preset.id).toBeLessThanOrEqual(24);
      expect(row.gmac, preset.id).toBeLessThanOrEqual(5);
    }
  });

  it('nano: 1 MB in float16', () => {
    for (const preset of presets.filter(({ id }) => id.startsWith('nano-'))) {
      const row = zooRow(preset);
      expect(((row.parameters + row.movingStatistics) * 2) / 1e6, preset.id).toBeLessThan(1);
    }
  });
});

describe('cross-attention', () => {
  it.each(['compact-', 'nano-', 'resnet50-'])(
    '%s: under 5 percent more multiply-accumulates than attention',
    (size) => {
      const [ours, theirs] = ['cross-attention', 'attention'].map((id) => zooRow(presetById(size + id)));
      expect(ours!.gmac / theirs!.gmac).toBeLessThan(1.05);
      expect(ours!.gmacReusedContext / theirs!.gmacReusedContext).toBeLessThan(1.05);
    },
  );
});

describe.each(presets.map((preset) => [preset.id, preset] as const))('%s', (_id, preset) => {
  const dual = readsContext(preset.network);
  const shapes = (side: number, height = side): [Shape4, Shape4 | null] => [
    [2, height, side, 3],
    dual ? [2, height, side, 3] : null,
  ];

  it.each([
    [256, 256],
    [250, 250],
    [97, 130],
    [33, 64],
  ])('gives logits of the size of a %d × %d slice', (width, height) => {
    const [slice, context] = shapes(width, height);
    const input = { slice, context, sliceInContext: [2, 1, 1, 4] as Shape4 };
    expect(fullSizeLogits(new CostOps(), input, preset.network)).toEqual([2, height, width, 4]);
    const stride = preset.network.kind === 'unet' ? 1 : 4;
    expect(network(new CostOps(), input, preset.network)).toEqual([
      2,
      Math.ceil(height / stride),
      Math.ceil(width / stride),
      4,
    ]);
  });

  it('explains invalid channels and sizes', () => {
    const run = (slice: Shape4, context: Shape4): unknown =>
      network(new CostOps(), { slice, context, sliceInContext: [2, 1, 1, 4] }, preset.network);
    expect(() => run([2, 64, 64, 4], [2, 64, 64, 3])).toThrow(/slice is \[2, 64, 64, 4\]; give RGB/);
    expect(() => run([2, 64, 31, 3], [2, 64, 64, 3])).toThrow(/slice.*at least 32 pixels/);
    if (dual) expect(() => run([2, 64, 64, 3], [2, 64, 64, 1])).toThrow(/context.*give RGB/);
  });

  if (dual) {
    it('splits into context and slice without duplicating or dropping work', () => {
      const [slice, context] = shapes(128);
      const input = { slice, context, sliceInContext: [2, 1, 1, 4] as Shape4 };
      const joint = new CostOps();
      fullSizeLogits(joint, input, preset.network);
      const first = new CostOps();
      const features = encodeContext(first, context!, preset.network);
      const second = new CostOps();
      fullSizeLogitsOfSlice(second, input, features, preset.network);
      expect(first.macs + second.macs).toBe(joint.macs);
      expect(first.parameters + second.parameters).toBe(joint.parameters);
      expect([...first.labels.keys()]).toHaveLength(4);
    });

    it('explains a missing context', () => {
      const [slice] = shapes(128);
      const input = { slice, context: null, sliceInContext: null };
      expect(() => network(new CostOps(), input, preset.network)).toThrow(/give `context`/);
    });
  }
});

it('names are unique, and an unknown one lists the known presets', () => {
  expect(new Set(presets.map(({ id }) => id)).size).toBe(presets.length);
  expect(() => presetById('resnet9')).toThrow(/"resnet9".*resnet50-attention/);
});
