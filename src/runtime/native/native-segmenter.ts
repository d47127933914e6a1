/** A Segmenter on ONNX Runtime's native library. Bytes go in and bytes come out; see `native-graphs.ts`. */
import type { InferenceSession, OnnxValue, Tensor } from 'onnxruntime-node';
import type { EncoderMeans } from '../domain/feature-distance.ts';
import { BatchSegmenter } from '../batch-segmenter.ts';
import {
  blankImage,
  boxesOf,
  checkImage,
  contextSize,
  disposedContext,
  disposedModel,
  wrongContext,
} from '../input-checks.ts';
import { ModelError, type ModelManifest } from '../manifest.ts';
import type { ContextFeatures, InputImage, SegmenterOptions, SliceInput, SliceMaps } from '../segmenter.ts';
import { ortReason } from './ort-error.ts';
import type { ContextGraph, EncoderGraph, NetworkGraphs, SliceGraph } from './native-graphs.ts';

/** What a segmenter needs of ONNX Runtime. */
export interface NativeRuntime {
  /** @param keepOnDevice outputs stay where the provider computes them, if it can. */
  createSession(file: Uint8Array, keepOnDevice: boolean): Promise<InferenceSession>;
  readonly Tensor: typeof Tensor;
  /** Whether the first run of a graph compiles. */
  readonly compiles: boolean;
}

interface Ready<Graph> {
  readonly graph: Omit<Graph, 'file'>;
  readonly session: InferenceSession;
}

export class NativeSegmenter extends BatchSegmenter {
  readonly manifest: ModelManifest;
  readonly #graphs: NetworkGraphs;
  readonly #runtime: NativeRuntime;
  #disposed = false;
  #contexts: Promise<Ready<ContextGraph>> | null = null;
  /** By whether they compute log-probabilities. Created on first use: most runs need one of the two. */
  readonly #slices = new Map<boolean, Promise<Ready<SliceGraph>>>();
  /** By the names of the values that they measure. */
  readonly #encoders = new Map<string, Promise<Ready<EncoderGraph>>>();

  constructor(manifest: ModelManifest, graphs: NetworkGraphs, runtime: NativeRuntime) {
    super();
    this.manifest = manifest;
    this.#graphs = graphs;
    this.#runtime = runtime;
  }

  encodeContext(context: InputImage): ContextFeatures {
    this.#checkAlive();
    const sizePx = contextSize(this.manifest);
    checkImage(this.manifest.id, context, sizePx, 'context');
    // A copy: the caller may reuse the image as soon as this returns, and the run starts later.
    const rgba = new this.#runtime.Tensor('uint8', Uint8Array.from(context.data), [1, sizePx, sizePx, 4]);
    return new NativeFeatures(this.manifest.id, this.#encode(rgba));
  }

  /** @param into memory for the results, one block for each of `mapBytes`; new memory without. */
  async segmentBatch(
    slices: readonly SliceInput[],
    context: ContextFeatures | null,
    options: SegmenterOptions = {},
    into: readonly ArrayBuffer[] = [],
  ): Promise<SliceMaps[]> {
    this.#checkAlive();
    const { id, slice: field, classes } = this.manifest;
    const { sizePx } = field;
    for (const { image } of slices) checkImage(id, image, sizePx, 'slice');
    const features = await this.#featuresOf(context);
    const wantsLogits = options.logProbabilities === true;
    const { graph, session } = await this.#sliceSession(wantsLogits);
    const count = slices.length;
    const { Tensor: TensorOf } = this.#runtime;
    const feeds: Record<string, OnnxValue> = {
      [graph.slice]: new TensorOf('uint8', rgbaOf(slices), [count, sizePx, sizePx, 4]),
    };
    if (graph.boxes !== null) {
      const boxes = Float32Array.from(boxesOf(this.manifest, slices));
      feeds[graph.boxes] = new TensorOf('float32', boxes, [count, 1, 1, 4]);
    }
    graph.features.forEach((name, index) => {
      const tensor = features[index];
      if (tensor !== undefined) feeds[name] = tensor;
    });
    const { classes: classPlane, confidence, logProbabilities } = graph.outputs;
    const fetches: Record<string, OnnxValue | null> = { [classPlane]: null, [confidence]: null };
    if (logProbabilities !== null) fetches[logProbabilities] = null;
    const names = Object.keys(fetches);
    if (mapBytes(this.manifest, count, wantsLogits).every((length, i) => into[i]?.byteLength === length)) {
      into.forEach((memory, i) => {
        const name = names[i] ?? '';
        const shape = [count, sizePx, sizePx, ...(name === logProbabilities ? [classes.length] : [])];
        fetches[name] = new TensorOf('uint8', new Uint8Array(memory), shape);
      });
    }
    const results = await this.#run(session, feeds, fetches);
    const bytes = (name: string, length: number): ((index: number) => Uint8Array<ArrayBuffer>) => {
      const all = results[name]?.data as Uint8Array<ArrayBuffer>;
      return (index) => all.subarray(index * length, (index + 1) * length);
    };
    const pixels = sizePx * sizePx;
    const classesOf = bytes(classPlane, pixels);
    const confidenceOf = bytes(confidence, pixels);
    const logitsOf = logProbabilities === null ? null : bytes(logProbabilities, pixels * classes.length);
    return slices.map((_slice, index) => ({
      size: sizePx,
      classes: classesOf(index),
      confidence: confidenceOf(index),
      ...(logitsOf !== null && { logProbabilities: logitsOf(index) }),
    }));
  }

  async encoderMeans(slice: InputImage, nodes: readonly string[]): Promise<EncoderMeans> {
    this.#checkAlive();
    const { id, slice: field } = this.manifest;
    checkImage(id, slice, field.sizePx, 'slice');
    const { graph, session } = await this.#encoderSession(nodes);
    const rgba = new this.#runtime.Tensor('uint8', rgbaOf([{ image: slice, sliceInContext: null }]), [
      1,
      field.sizePx,
      field.sizePx,
      4,
    ]);
    const results = await this.#run(session, { [graph.slice]: rgba });
    return graph.means.map((name) => results[name]?.data as Float32Array);
  }

  /** Creates what the slices need; runs a blank one where the first run compiles. */
  async warmUp(options: SegmenterOptions = {}): Promise<void> {
    this.#checkAlive();
    const { slice, context } = this.manifest;
    if (!this.#runtime.compiles) {
      await this.#sliceSession(options.logProbabilities === true);
      if (context !== null) await this.#contextSession();
      return;
    }
    const features = context === null ? null : this.encodeContext(blankImage(context.sizePx));
    await this.segment(
      blankImage(slice.sizePx),
      features,
      context === null ? null : { x: 0, y: 0, size: 1 },
      options,
    );
    features?.dispose();
  }

  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    for (const ready of [this.#contexts, ...this.#slices.values(), ...this.#encoders.values()]) {
      // A session that was never created, or that its provider lost, has nothing to free.
      ready?.then(({ session }) => session.release()).catch(() => undefined);
    }
  }

  async #encode(rgba: Tensor): Promise<Tensor[]> {
    const { graph, session } = await this.#contextSession();
    const results = await this.#run(session, { [graph.input]: rgba });
    return graph.features.flatMap((name) => results[name] ?? []);
  }

  #contextSession(): Promise<Ready<ContextGraph>> {
    this.#contexts ??= this.#create(this.#graphs.context(), true);
    return this.#contexts;
  }

  #sliceSession(logProbabilities: boolean): Promise<Ready<SliceGraph>> {
    const known = this.#slices.get(logProbabilities);
    if (known !== undefined) return known;
    const created = this.#create(this.#graphs.slices(logProbabilities), false);
    this.#slices.set(logProbabilities, created);
    return created;
  }

  #encoderSession(nodes: readonly string[]): Promise<Ready<EncoderGraph>> {
    const key = nodes.join('\n');
    const created = this.#encoders.get(key) ?? this.#create(this.#graphs.encoder(nodes), false);
    this.#encoders.set(key, created);
    return created;
  }

  async #create<Graph extends { readonly file: Uint8Array }>(
    { file, ...graph }: Graph,
    keepOnDevice: boolean,
  ): Promise<Ready<Graph>> {
    try {
      return { graph, session: await this.#runtime.createSession(file, keepOnDevice) };
    } catch (error) {
      throw this.#failure('prepare the network', error);
    }
  }

  async #run(
    session: InferenceSession,
    feeds: Record<string, OnnxValue>,
    fetches?: Record<string, OnnxValue | null>,
  ): Promise<InferenceSession.OnnxValueMapType> {
    // It may have been disposed while the session was created.
    this.#checkAlive();
    try {
      return await (fetches === undefined ? session.run(feeds) : session.run(feeds, fetches));
    } catch (error) {
      throw this.#failure('compute', error);
    }
  }

  #failure(what: string, cause: unknown): ModelError {
    return new ModelError(
      'backend',
      this.manifest.id,
      `ONNX Runtime could not ${what}: ${ortReason(cause)}.`,
      'Try another backend, for example --backend cpu or --backend tfjs.',
      { cause },
    );
  }

  async #featuresOf(context: ContextFeatures | null): Promise<readonly Tensor[]> {
    const { id } = this.manifest;
    if (this.manifest.context === null) return [];
    if (context instanceof NativeFeatures && context.model === id) return context.tensors();
    throw wrongContext(id, context);
  }

  #checkAlive(): void {
    if (this.#disposed) throw disposedModel(this.manifest.id);
  }
}

/** Lengths of a batch's maps: class, confidence and, if asked for, log-probabilities. */
export function mapBytes(
  { slice, classes }: ModelManifest,
  count: number,
  logProbabilities: boolean,
): number[] {
  const pixels = count * slice.sizePx ** 2;
  return logProbabilities ? [pixels, pixels, pixels * classes.length] : [pixels, pixels];
}

/** Features of one context, which may still be in the making. */
class NativeFeatures implements ContextFeatures {
  readonly model: string;
  readonly #encoding: Promise<readonly Tensor[]>;
  #disposed = false;

  constructor(model: string, encoding: Promise<readonly Tensor[]>) {
    this.model = model;
    this.#encoding = encoding;
    // The slices of this context report a failure; without slices, nobody waits for it.
    encoding.catch(() => undefined);
  }

  /** Owned by this object. @throws ModelError `bad-input` when disposed, `backend` when the encoding failed. */
  async tensors(): Promise<readonly Tensor[]> {
    if (this.#disposed) throw disposedContext(this.model);
    return this.#encoding;
  }

  dispose(): void {
    if (this.#disposed) throw new Error('Context features must be disposed exactly once.');
    this.#disposed = true;
    this.#encoding.then((tensors) => tensors.forEach((tensor) => tensor.dispose())).catch(() => undefined);
  }
}

/** The pixels of a batch, one slice after the other; those of a single slice are not copied. */
function rgbaOf(slices: readonly SliceInput[]): Uint8Array {
  const [first] = slices;
  if (first !== undefined && slices.length === 1) {
    const { buffer, byteOffset, byteLength } = first.image.data;
    return new Uint8Array(buffer, byteOffset, byteLength);
  }
  const rgba = new Uint8Array(slices.reduce((sum, { image }) => sum + image.data.length, 0));
  let offset = 0;
  for (const { image } of slices) {
    rgba.set(image.data, offset);
    offset += image.data.length;
  }
  return rgba;
}
