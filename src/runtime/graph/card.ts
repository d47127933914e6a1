/**
 * The descriptions in a model's folder: the model card README.md, which says what to know before using the model, and
 * the resource description for bioimage.io (`rdf.yaml`, model format 0.4 with TensorFlow.js weights).
 */
import type { ModelManifest } from '../manifest.ts';

/** The model card, README.md of a model's folder: what to know before using the model. */
export function modelCard(manifest: ModelManifest): string {
  const { title, description, provenance, metrics, slice, context, graph } = manifest;
  const { specimen } = manifest;
  const rows: [string, string][] = [
    ['Tissue', specimen === undefined ? 'not stated' : `organ: ${specimen.organ}; stain: ${specimen.stain}`],
    [
      'Network',
      `\`${manifest.preset}\`: encoder ${manifest.encoder}${manifest.contextEncoder === null ? '' : `, context encoder ${manifest.contextEncoder}`}, fusion \`${manifest.fusion}\``,
    ],
    ['Slice', field(slice)],
    ['Context', context === null ? 'none' : `${field(context)}, \`${context.kind}\``],
    ...(manifest.contextDropout === undefined
      ? []
      : [
          [
            'Without context',
            `works, too: ${(100 * manifest.contextDropout.share).toFixed(0)} % of the training samples had none`,
          ] as [string, string],
        ]),
    ['Parameters', manifest.parameters.toLocaleString('en-GB')],
    [
      'Work per slice',
      `${giga(manifest.macs)} GMAC with its context, ${giga(manifest.macsReusedContext)} GMAC when the context is reused`,
    ],
    ['Weights', `${(graph.weightsBytes / 1e6).toFixed(2)} MB, ${graph.dtype}`],
  ];
  const { storageAgreement } = manifest;
  if (storageAgreement !== undefined) {
    const { slices, share } = storageAgreement;
    rows.push([
      graph.dtype === 'int8' ? 'Eight bits' : 'Half precision',
      `${(100 * share).toFixed(3)} % of pixels get the same class as with float32 weights (${String(slices)} slices)`,
    ]);
  }
  return [
    `# ${title}`,
    description,
    `**Intended use.** ${manifest.intendedUse}`,
    table(['', ''], rows),
    '## Classes',
    table(
      ['value', 'name', 'colour'],
      manifest.classes.map(({ name, colour, background }, value) => [
        String(value),
        background ? `${name} (background)` : name,
        `\`${colour}\``,
      ]),
    ),
    '## Measured',
    metrics === null ? 'Not measured.' : measured(manifest, metrics),
    ...(manifest.furtherMetrics ?? []).map((further) => measured(manifest, further)),
    '## Training',
    [
      `- Data: ${provenance.data}${provenance.synthetic && !provenance.data.includes('synthetic') ? ' (synthetic)' : ''}, ${provenance.dataLicence}`,
      `- Split: ${provenance.split}`,
      `- ${provenance.steps} steps, seed ${provenance.seed}, ${provenance.date}, Dualscope ${provenance.codeVersion}`,
      `- Licence of the weights: ${provenance.licence}`,
    ].join('\n'),
    '## Using it elsewhere',
    [
      graph.dtype === 'int8'
        ? `Its kernels are stored in eight bits, which plain TensorFlow.js does not read: \`dualscope export --model ${manifest.id} --format tfjs\` writes a folder for \`tf.loadGraphModel\`.`
        : `\`${graph.file}\` is a TensorFlow.js GraphModel, which \`tf.loadGraphModel\` reads without Dualscope.`,
      `Inputs are RGB from 0 to 255 as float32 [batch, height, width, 3]; normalisation is inside the graph.`,
      `\`${graph.outputs.logits}\` gives float32 logits [batch, ${slice.sizePx}, ${slice.sizePx}, ${manifest.classes.length}], ` +
        `\`${graph.outputs.packed}\` int32 class × 256 + confidence (0 to 255).`,
      graph.contextFeatures.length === 0
        ? ''
        : `Nodes that depend on the context alone can be fetched once and fed back for every slice: ${graph.contextFeatures.map((name) => `\`${name}\``).join(', ')}.`,
    ]
      .filter((line) => line !== '')
      .join('\n'),
  ]
    .join('\n\n')
    .concat('\n');
}

function measured({ classes }: ModelManifest, metrics: NonNullable<ModelManifest['metrics']>): string {
  const { iou, miou, accuracy, score, ece, objects, intervals } = metrics;
  const rows: [string, string, string][] = classes.map(({ name }, index) => [
    `IoU ${name}`,
    figure(iou[index] ?? null),
    range(intervals?.iou[index]),
  ]);
  rows.push(['mIoU', figure(miou), range(intervals?.miou)], ['pixel accuracy', figure(accuracy), '']);
  if (score !== null) rows.push(['BACH score', figure(score), '']);
  if (ece !== undefined) rows.push(['calibration error (ECE)', figure(ece), '']);
  if (objects !== undefined) {
    const distance = objects.hausdorff === null ? 'none' : `${objects.hausdorff.toFixed(1)} µm`;
    rows.push(
      ['F1 of objects', figure(objects.f1), range(intervals?.objectF1)],
      ['Dice of objects', figure(objects.dice), range(intervals?.objectDice)],
      ['Hausdorff distance of objects', distance, ''],
    );
  }
  const heading = `On ${metrics.data}:\n\n`;
  if (intervals === undefined) {
    return (
      heading +
      table(
        ['measure', 'value'],
        rows.map(([name, value]) => [name, value]),
      )
    );
  }
  return heading + table(['measure', 'value', `95 % over ${intervals.patients} patients`], rows);
}

function range(interval: readonly [number, number] | null | undefined): string {
  return interval == null ? '' : `${interval[0].toFixed(3)} to ${interval[1].toFixed(3)}`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

function field({ fieldUm, sizePx }: { fieldUm: number; sizePx: number }): string {
  return `${fieldUm} µm in ${sizePx} × ${sizePx} pixels (${(fieldUm / sizePx).toFixed(3)} µm per pixel)`;
}

function figure(value: number | null): string {
  return value === null ? 'class absent' : value.toFixed(3);
}

function giga(macs: number): string {
  return (macs / 1e9).toPrecision(3);
}

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
    `description: ${text(`${manifest.description}${graph.dtype === 'int8' ? ' For TensorFlow.js, convert the eight-bit weights with dualscope export first.' : ''}`)}`,
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
