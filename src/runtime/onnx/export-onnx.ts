/** A model's folder as one ONNX file that describes itself: inputs, classes, µm per pixel, licence. */
import { readGraphDef } from '../graph/read-graph-def.ts';
import type { ModelFiles } from '../model-files.ts';
import type { ModelManifest } from '../manifest.ts';
import { toOnnx, type OnnxLayout, type OnnxOpset } from './onnx-model.ts';

export interface OnnxExportOptions {
  readonly opset: OnnxOpset;
  readonly layout: OnnxLayout;
  /** Such as `Dualscope 0.1.0`. */
  readonly producer: string;
}

/**
 * The file computes in float32 and has one output, the logits: programs that expect a single output then need no
 * choice, and class and confidence are their softmax.
 * @throws ModelError `bad-graph` when the graph has anything that this version does not write.
 */
export function exportOnnx(files: ModelFiles, options: OnnxExportOptions): Uint8Array<ArrayBuffer> {
  const { manifest } = files;
  return toOnnx(readGraphDef(files), {
    ...options,
    dtype: 'float32',
    packed: false,
    metadata: onnxMetadata(manifest, options.layout),
    doc: `${manifest.title}. ${manifest.description} ${notice}`,
    docs: valueDocs(manifest, options.layout),
  });
}

const notice = 'Research use only. Not a medical device, not for diagnosis.';

/** Metadata properties by key. Numbers are decimal; lists and objects are JSON. */
function onnxMetadata(manifest: ModelManifest, layout: OnnxLayout): Record<string, string> {
  const { slice, context, provenance, specimen } = manifest;
  const field = (name: string, { fieldUm, sizePx }: typeof slice): Record<string, string> => ({
    [`${name}_px`]: String(sizePx),
    [`${name}_um`]: String(fieldUm),
    [`${name}_um_per_px`]: String(fieldUm / sizePx),
  });
  return {
    notice,
    id: manifest.id,
    title: manifest.title,
    description: manifest.description,
    intended_use: manifest.intendedUse,
    licence: provenance.licence,
    data: provenance.data,
    data_licence: provenance.dataLicence,
    classes: JSON.stringify(manifest.classes),
    layout,
    pixels: 'RGB, 0 to 255; normalisation is inside the graph',
    ...field('slice', slice),
    ...(context === null ? {} : { context_kind: context.kind }),
    ...(context === null || context.kind === 'slide' ? {} : field('context', context)),
    ...(context?.kind === 'slide' ? { context_px: String(context.sizePx) } : {}),
    ...(specimen === undefined ? {} : { organ: specimen.organ, stain: specimen.stain }),
    /** Complete, so that a program can turn the file back into a model. */
    manifest: JSON.stringify(manifest),
  };
}

function valueDocs(manifest: ModelManifest, layout: OnnxLayout): Record<string, string> {
  const { graph, slice, context } = manifest;
  const axes = layout === 'nchw' ? '[batch, channel, row, column]' : '[batch, row, column, channel]';
  const pixels = `${axes}, RGB from 0 to 255 as float32`;
  const docs: Record<string, string> = {
    [graph.inputs.slice]: `The slice to segment, ${String(slice.fieldUm)} µm wide. ${pixels}.`,
    [graph.outputs.logits]: `Scores of the classes for every pixel of the slice, before softmax. ${axes}.`,
  };
  if (graph.inputs.context !== null && context !== null) {
    const extent =
      context.kind === 'slide'
        ? 'The whole slide'
        : `The ${context.kind} context, ${String(context.fieldUm)} µm wide`;
    docs[graph.inputs.context] = `${extent}. ${pixels}.`;
  }
  if (graph.inputs.sliceInContext !== null) {
    docs[graph.inputs.sliceInContext] =
      'y1, x1, y2, x2: centres of the slice’s first and last pixel in the context, ' +
      'as fractions from the context’s first pixel centre (0) to its last (1).';
  }
  return docs;
}
