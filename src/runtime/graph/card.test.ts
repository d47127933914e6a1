import { expect, it } from 'vitest';
import { parseManifest } from '../manifest.ts';
import { modelCard, resourceDescription } from './card.ts';
import { manifestFields } from './testing.ts';

const manifest = parseManifest(
  {
    ...manifestFields({ slicePx: 192, contextPx: 192, classes: 2 }),
    specimen: { organ: 'colon', stain: 'PAS' },
    specVersion: 1,
    metrics: { data: 'held-out phantoms', miou: 0.75, iou: [0.9, null], accuracy: 0.95, score: null },
    furtherMetrics: [{ data: 'other phantoms', miou: 0.25, iou: [0.4, 0.1], accuracy: 0.5, score: null }],
    graph: {
      file: 'model.json',
      sha256: 'a'.repeat(64),
      weightsSha256: 'b'.repeat(64),
      weightsBytes: 780_000,
      dtype: 'float16',
      inputs: { slice: 'slice', context: 'context', sliceInContext: 'slice_in_context' },
      outputs: { logits: 'logits', packed: 'packed' },
      contextFeatures: ['context_features_4'],
    },
    golden: {
      slice: 's.bin',
      context: 'c.bin',
      sliceInContext: { x: 0.25, y: 0.25, size: 0.5 },
      classes: 'o.bin',
      agreement: 0.99,
    },
  },
  'manifest.json',
);

it('the card states what users must know about the model', () => {
  const card = modelCard(manifest);
  expect(card).toMatch(/^# Test model\n/);
  for (const part of [
    '**Intended use.** Tests.',
    '| Tissue | organ: colon; stain: PAS |',
    '467 µm in 192 × 192 pixels (2.432 µm per pixel)',
    '| 0 | class 0 (background) | `#0072B2` |',
    'On held-out phantoms:',
    '| mIoU | 0.750 |',
    'On other phantoms:',
    '| mIoU | 0.250 |',
    '| IoU class 1 | class absent |',
    'Licence of the weights: Apache-2.0',
    '0.78 MB, float16',
    '`context_features_4`',
  ]) {
    expect(card).toContain(part);
  }
});

it('eight-bit models are not said to be plain TensorFlow.js', () => {
  const card = modelCard({ ...manifest, graph: { ...manifest.graph, dtype: 'int8' } });
  expect(card).toContain('0.78 MB, int8');
  expect(card).toContain('`dualscope export --model test-model --format tfjs`');
  expect(card).not.toContain('reads without Dualscope');
});

it('the resource description names the weights and survives quotes and colons', () => {
  const lines = resourceDescription(manifest).split('\n');
  expect(lines).toContain('type: model');
  expect(lines).toContain('  tensorflow_js:');
  expect(lines).toContain('    source: "model.json"');
  expect(lines).toContain(`    sha256: ${'a'.repeat(64)}`);
  expect(lines).toContain('description: "A network with random weights: \\"quoted\\", with a colon."');
  // One entry per line, indented by pairs of spaces, no tabs: YAML's block style.
  for (const line of lines.filter((text) => text !== ''))
    expect(line).toMatch(/^(?: {2})*(?:- )?\w+: ?|^(?: {2})*\w+:$/);
});
