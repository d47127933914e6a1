import type { ModelManifest } from '../manifest.ts';

/**
 * The model's resource description for bioimage.io (`rdf.yaml`, model format 0.4 with TensorFlow.js weights).
 * Strings are written in YAML's JSON subset, so that no value can break the file.
 */
export function resourceDescription(manifest: ModelManifest): string {
  const { graph, slice, context, provenance, golden } = manifest;
  const image = (name: string, sizePx: number): string[] => [
    `  - name: ${text(name)}`,
    '    axes: byxc',
    '    data_type: float32',
    '    data_range: [0, 255]',
    `    shape: [1, ${sizePx}, ${sizePx}, 3]`,
  ];
  const lines = [
    'format_version: 0.4.10',
    'type: model',
    `name: ${text(manifest.title)}`,
    `description: ${text(manifest.description)}`,
    `timestamp: ${text(provenance.date)}`,
    `license: ${text(provenance.licence)}`,
    'documentation: README.md',
    'authors:',
    '  - name: "Dualscope"',
    'cite: []',
    `tags: ${JSON.stringify(['histopathology', 'semantic-segmentation', 'whole-slide-image', 'h&e', `fusion-${manifest.fusion}`])}`,
    'inputs:',
    ...image(graph.inputs.slice, slice.sizePx),
    ...(graph.inputs.context === null || context === null ? [] : image(graph.inputs.context, context.sizePx)),
    ...(graph.inputs.sliceInContext === null
      ? []
      : [
          `  - name: ${text(graph.inputs.sliceInContext)}`,
          '    axes: byxc',
          '    data_type: float32',
          '    data_range: [0, 1]',
          '    shape: [1, 1, 1, 4]',
        ]),
    'outputs:',
    `  - name: ${text(graph.outputs.logits)}`,
    '    axes: byxc',
    '    data_type: float32',
    `    shape: [1, ${slice.sizePx}, ${slice.sizePx}, ${manifest.classes.length}]`,
    `test_inputs: ${JSON.stringify([golden.slice, golden.context].filter((file) => file !== null))}`,
    `test_outputs: ${JSON.stringify([golden.classes])}`,
    'weights:',
    '  tensorflow_js:',
    `    source: ${text(graph.file)}`,
    `    sha256: ${graph.sha256}`,
    '    tensorflow_version: 4.22.0',
    'config:',
    '  dualscope:',
    '    manifest: manifest.json',
    `    classes: ${JSON.stringify(manifest.classes.map((entry) => entry.name))}`,
    `    slice_um: ${slice.fieldUm}`,
    `    context_um: ${context === null ? 'null' : context.fieldUm}`,
  ];
  return `${lines.join('\n')}\n`;
}

/** A double-quoted YAML scalar; JSON strings are a subset of YAML's. */
function text(value: string): string {
  return JSON.stringify(value);
}
