/** A Segmenter on an exported TF.js graph. Tensors stay on the backend until the one read-back per slice. */
import type { GraphModel } from '@tensorflow/tfjs-converter';
import {
  dispose,
  engine,
  mean,
  tensor4d,
  tile,
  tidy,
  type NamedTensorMap,
  type Tensor,
  type Tensor4D,
} from '@tensorflow/tfjs-core';
import { BatchSegmenter } from './batch-segmenter.ts';
import type { EncoderMeans } from './domain/feature-distance.ts';
import type { GraphExecutor } from './graph-executor.ts';
import {
  blankImage,
  boxesOf,
  checkImage,
  contextSize,
  disposedContext,
  disposedModel,
  wrongContext,
} from './input-checks.ts';
import type { ModelManifest } from './manifest.ts';
import type { ContextFeatures, InputImage, SliceInput, SegmenterOptions, SliceMaps } from './segmenter.ts';
import { SliceOutputs } from './slice-outputs.ts';

export class GraphSegmenter extends BatchSegmenter {
  #disposed = false;
  readonly #slices: InputTensors;
  readonly #contexts: InputTensors;
  readonly manifest: ModelManifest;
  readonly #model: GraphModel;
  readonly #executor: GraphExecutor | null;

  /**
   * @param model owned from here on: `dispose` frees its weights.
   * @param executor runs the graph where it can; `model` runs it otherwise, and where this is null.
   */
  constructor(manifest: ModelManifest, model: GraphModel, executor: GraphExecutor | null) {
    super();
    this.manifest = manifest;
    this.#model = model;
    this.#executor = executor;
    this.#slices = new InputTensors(manifest.id);
    this.#contexts = new InputTensors(manifest.id);
  }

  encodeContext(context: InputImage): ContextFeatures {
    this.#checkAlive();
    const { id, graph } = this.manifest;
    const input = this.#contexts.of([context], contextSize(this.manifest), 'context');
    try {
      const tensors = this.#execute({ [graph.inputs.context ?? '']: input }, graph.contextFeatures);
      return new TensorFeatures(
        id,
        Object.fromEntries(graph.contextFeatures.map((name, i) => [name, tensors[i]])) as NamedTensorMap,
      );
    } finally {
      input.dispose();
    }
  }

  async segmentBatch(
    slices: readonly SliceInput[],
    context: ContextFeatures | null,
    options: SegmenterOptions = {},
  ): Promise<SliceMaps[]> {
    const outputs = this.#start(slices, context, options);
    try {
      return await outputs.maps();
    } finally {
      outputs.dispose();
    }
  }

  /**
   * Runs a blank slice and context through the network without waiting for it, so that a GPU compiles while
   * the first slices are read. A processor has nothing to compile.
   */
  warmUp(options: SegmenterOptions = {}): Promise<void> {
    if (!['webgpu', 'webgl'].includes(engine().backendName)) return Promise.resolve();
    const { slice, context } = this.manifest;
    const features = context === null ? null : this.encodeContext(blankImage(context.sizePx));
    const outputs = this.#start(
      [
        {
          image: blankImage(slice.sizePx),
          sliceInContext: context === null ? null : { x: 0, y: 0, size: 1 },
        },
      ],
      features,
      options,
    );
    outputs.dispose();
    features?.dispose();
    return Promise.resolve();
  }

  async encoderMeans(slice: InputImage, nodes: readonly string[]): Promise<EncoderMeans> {
    this.#checkAlive();
    const { slice: field, graph } = this.manifest;
    const means = tidy(() => {
      const inputs = { [graph.inputs.slice]: this.#slices.of([slice], field.sizePx, 'slice') };
      return this.#execute(inputs, [...nodes]).map((map) => mean(map, [0, 1, 2]));
    });
    try {
      return (await Promise.all(means.map((each) => each.data()))) as Float32Array[];
    } finally {
      dispose(means);
    }
  }

  /** Queues the work on the backend; nothing is awaited or read back here. */
  #start(
    slices: readonly SliceInput[],
    context: ContextFeatures | null,
    options: SegmenterOptions,
  ): SliceOutputs {
    this.#checkAlive();
    const { slice: field, graph } = this.manifest;
    const features = this.#featuresOf(context, slices.length);
    const [packed, logits] = tidy(() => {
      const images = slices.map(({ image }) => image);
      const inputs: NamedTensorMap = {
        ...features,
        [graph.inputs.slice]: this.#slices.of(images, field.sizePx, 'slice'),
      };
      if (graph.inputs.sliceInContext !== null) inputs[graph.inputs.sliceInContext] = this.#toBoxes(slices);
      const wanted = options.logProbabilities === true ? [graph.outputs.logits] : [];
      const [first, second] = this.#execute(inputs, [graph.outputs.packed, ...wanted]);
      if (first === undefined) throw new Error('The graph returned no output.');
      return second === undefined ? [first] : [first, second];
    });
    if (packed === undefined) throw new Error('The graph returned no output.');
    return new SliceOutputs(packed, logits ?? null, {
      size: field.sizePx,
      slices: slices.length,
      classes: this.manifest.classes.length,
    });
  }

  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.#model.dispose();
  }

  #execute(inputs: NamedTensorMap, outputs: string[]): Tensor[] {
    return this.#executor?.execute(inputs, outputs) ?? list(this.#model.execute(inputs, outputs));
  }

  #featuresOf(context: ContextFeatures | null, slices: number): NamedTensorMap {
    const { id, graph } = this.manifest;
    if (graph.inputs.context === null) return {};
    if (context instanceof TensorFeatures && context.model === id) return context.tensors(slices);
    throw wrongContext(id, context);
  }

  #toBoxes(slices: readonly SliceInput[]): Tensor4D {
    const boxes = boxesOf(this.manifest, slices);
    return tensor4d(boxes, [slices.length, 1, 1, 4], 'float32');
  }

  #checkAlive(): void {
    if (this.#disposed) throw disposedModel(this.manifest.id);
  }
}

/** Context features as tensors by node name. */
class TensorFeatures implements ContextFeatures {
  #disposed = false;
  /** The features of the last batch of more than one slice, repeated for each slice. */
  #repeated: { readonly slices: number; readonly byName: NamedTensorMap } | null = null;
  readonly model: string;
  readonly #byName: NamedTensorMap;

  constructor(model: string, byName: NamedTensorMap) {
    this.model = model;
    this.#byName = byName;
  }

  /** The features once per slice; owned by this object. */
  tensors(slices: number): NamedTensorMap {
    if (this.#disposed) throw disposedContext(this.model);
    if (slices === 1) return this.#byName;
    if (this.#repeated?.slices === slices) return this.#repeated.byName;
    if (this.#repeated !== null) dispose(this.#repeated.byName);
    const byName = Object.fromEntries(
      Object.entries(this.#byName).map(([name, features]) => [name, tile(features, [slices, 1, 1, 1])]),
    );
    this.#repeated = { slices, byName };
    return byName;
  }

  dispose(): void {
    if (this.#disposed) throw new Error('Context features must be disposed exactly once.');
    this.#disposed = true;
    dispose(this.#byName);
    if (this.#repeated !== null) dispose(this.#repeated.byName);
  }
}

function list(result: Tensor | Tensor[]): Tensor[] {
  return Array.isArray(result) ? result : [result];
}

class InputTensors {
  /** Refilled for every batch: whatever is computed from it is on the backend before the next one. */
  #scratch = new Float32Array(0);
  readonly #model: string;

  /** @param model its name, for errors. */
  constructor(model: string) {
    this.#model = model;
  }

  /**
   * Images of `sizePx` × `sizePx` as float32 [images, sizePx, sizePx, 3], red, green and blue from 0 to 255.
   * Use it at once: the next call reuses its memory.
   * @param what names the images in errors.
   * @throws ModelError `bad-input` on another size.
   */
  of(images: readonly InputImage[], sizePx: number, what: string): Tensor4D {
    const length = images.length * 3 * sizePx * sizePx;
    if (this.#scratch.length !== length) this.#scratch = new Float32Array(length);
    const rgb = this.#scratch;
    let to = 0;
    for (const image of images) {
      checkImage(this.#model, image, sizePx, what);
      const { data } = image;
      for (let from = 0; from < data.length; from += 4) {
        rgb[to++] = data[from]!;
        rgb[to++] = data[from + 1]!;
        rgb[to++] = data[from + 2]!;
      }
    }
    return tensor4d(rgb, [images.length, sizePx, sizePx, 3], 'float32');
  }
}
