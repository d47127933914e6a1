/** A Segmenter on an exported TF.js graph. Tensors stay on the backend until the one read-back per slice. */
import {
  add,
  cast,
  dispose,
  logSoftmax,
  maximum,
  mul,
  round,
  tensor4d,
  tidy,
  type NamedTensorMap,
  type Tensor,
  type Tensor4D,
} from '@tensorflow/tfjs-core';
import type { GraphModel } from '@tensorflow/tfjs-converter';
import { ModelError, type ModelManifest } from './manifest.ts';
import type {
  ContextFeatures,
  InputImage,
  SegmentOptions,
  Segmenter,
  SliceInContext,
  SliceMaps,
} from './segmenter.ts';
import { leastLogProbability } from './segmenter.ts';
import { sliceBox } from './slice-box.ts';

export class GraphSegmenter implements Segmenter {
  private disposed = false;

  /** @param model is owned from here on: `dispose` frees its weights. */
  constructor(
    readonly manifest: ModelManifest,
    private readonly model: GraphModel,
  ) {}

  encodeContext(context: InputImage): ContextFeatures {
    this.checkAlive();
    const { id, context: field, graph } = this.manifest;
    if (field === null || graph.inputs.context === null) {
      throw new ModelError('bad-input', id, 'This model reads no context.', 'Give it slices alone.');
    }
    const input = this.toTensor(context, field.sizePx, 'context');
    try {
      const tensors = list(this.model.execute({ [graph.inputs.context]: input }, graph.contextFeatures));
      return new TensorFeatures(
        id,
        Object.fromEntries(graph.contextFeatures.map((name, i) => [name, tensors[i]])) as NamedTensorMap,
      );
    } finally {
      input.dispose();
    }
  }

  async segment(
    slice: InputImage,
    context: ContextFeatures | null,
    where: SliceInContext | null,
    options: SegmentOptions = {},
  ): Promise<SliceMaps> {
    this.checkAlive();
    const { slice: field, graph } = this.manifest;
    const features = this.featuresOf(context);
    const outputs = tidy(() => {
      const inputs: NamedTensorMap = {
        ...features,
        [graph.inputs.slice]: this.toTensor(slice, field.sizePx, 'slice'),
      };
      if (graph.inputs.sliceInContext !== null) inputs[graph.inputs.sliceInContext] = this.toBox(where);
      if (options.logProbabilities !== true) return list(this.model.execute(inputs, [graph.outputs.packed]));
      const [packed, logits] = list(this.model.execute(inputs, [graph.outputs.packed, graph.outputs.logits]));
      if (packed === undefined || logits === undefined) return [];
      return [packed, toBytes(logits)];
    });
    const [packed, logProbabilities] = outputs;
    if (packed === undefined) throw new Error('The graph gave no output.');
    try {
      // Both are asked for before either is awaited: one wait for the device, not two.
      const [values, bytes] = await Promise.all([packed.data<'int32'>(), logProbabilities?.data<'int32'>()]);
      const maps = this.unpack(values);
      return bytes === undefined ? maps : { ...maps, logProbabilities: Uint8Array.from(bytes) };
    } finally {
      dispose(outputs);
    }
  }

  dispose(): void {
    if (this.disposed) return;
    this.disposed = true;
    this.model.dispose();
  }

  private featuresOf(context: ContextFeatures | null): NamedTensorMap {
    const { id, graph } = this.manifest;
    if (graph.inputs.context === null) return {};
    if (context instanceof TensorFeatures && context.model === id) return context.tensors();
    throw new ModelError(
      'bad-input',
      id,
      context === null ? 'The slice came without its context.' : 'The context was encoded by another model.',
      'Call encodeContext of this model first and pass its result.',
    );
  }

  private toBox(where: SliceInContext | null): Tensor4D {
    const { id, context, slice } = this.manifest;
    if (where === null || context === null) {
      throw new ModelError(
        'bad-input',
        id,
        'This model must know where the slice lies in its context.',
        'Pass the slice’s square as fractions of the context.',
      );
    }
    return tensor4d([...sliceBox(where, context.sizePx, slice.sizePx)], [1, 1, 1, 4], 'float32');
  }

  private toTensor(image: InputImage, sizePx: number, what: string): Tensor4D {
    const { width, height, data } = image;
    if (width !== sizePx || height !== sizePx || data.length !== 4 * sizePx * sizePx) {
      throw new ModelError(
        'bad-input',
        this.manifest.id,
        `The ${what} is ${width} × ${height} with ${data.length} bytes; the model reads ${sizePx} × ${sizePx} RGBA.`,
        'Resize it first.',
      );
    }
    const rgb = new Float32Array(3 * sizePx * sizePx);
    for (let from = 0, to = 0; from < data.length; from += 4) {
      rgb[to++] = data[from] ?? 0;
      rgb[to++] = data[from + 1] ?? 0;
      rgb[to++] = data[from + 2] ?? 0;
    }
    return tensor4d(rgb, [1, sizePx, sizePx, 3], 'float32');
  }

  private unpack(values: Int32Array): SliceMaps {
    const size = this.manifest.slice.sizePx;
    const classes = new Uint8Array(size * size);
    const confidence = new Uint8Array(size * size);
    for (let i = 0; i < classes.length; i++) {
      const value = values[i] ?? 0;
      classes[i] = value >> 8;
      confidence[i] = value & 255;
    }
    return { size, classes, confidence };
  }

  private checkAlive(): void {
    if (this.disposed) {
      throw new ModelError('bad-input', this.manifest.id, 'The model has been disposed.', 'Load it again.');
    }
  }
}

/** Context features as tensors by node name. */
class TensorFeatures implements ContextFeatures {
  private disposed = false;

  constructor(
    readonly model: string,
    private readonly byName: NamedTensorMap,
  ) {}

  tensors(): NamedTensorMap {
    if (this.disposed) {
      throw new ModelError('bad-input', this.model, 'The context has been disposed.', 'Encode it again.');
    }
    return this.byName;
  }

  dispose(): void {
    if (this.disposed) throw new Error('Context features are to be disposed exactly once.');
    this.disposed = true;
    dispose(this.byName);
  }
}

/** Log-probabilities as `SliceMaps` has them, on the backend. */
function toBytes(logits: Tensor): Tensor {
  const kept = maximum(logSoftmax(logits), leastLogProbability);
  return cast(round(mul(add(kept, -leastLogProbability), -255 / leastLogProbability)), 'int32');
}

function list(result: Tensor | Tensor[]): Tensor[] {
  return Array.isArray(result) ? result : [result];
}
