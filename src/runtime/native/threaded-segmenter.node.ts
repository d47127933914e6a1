/**
 * A Segmenter whose network runs in threads of its own. ONNX Runtime blocks the thread that calls it, so that this one stays
 * free to read, store and stitch. On the processor several threads compute a batch each, with one core each: the cores
 * of a single batch would wait for each other after every operation, and for whatever else needs one of them.
 */
import { startNodeThread, type NodeThread } from '../../base/node-thread.node.ts';
import { WorkerError } from '../../base/error-report.ts';
import type { EncoderMeans } from '../domain/feature-distance.ts';
import { BatchSegmenter } from '../batch-segmenter.ts';
import { checkImage, contextSize, disposedContext, disposedModel, wrongContext } from '../input-checks.ts';
import { isModelErrorCode, ModelError, type ModelManifest } from '../manifest.ts';
import type { ContextFeatures, InputImage, SegmenterOptions, SliceInput, SliceMaps } from '../segmenter.ts';
import type { NetworkGraphs } from './native-graphs.ts';
import type { NetworkThreadApi, SharedGraph } from './network-service.ts';
import type { NativeBackendName } from './node-backends.ts';

export interface ThreadedOptions {
  readonly provider: NativeBackendName;
  /** Network threads. */
  readonly lanes: number;
  /** Cores of each, for the processor's provider and for operations that another provider lacks. */
  readonly threadsPerLane: number;
}

/** Most network threads, and the bytes of weights that they may hold together: each has a copy. */
const mostLanes = 8;
const mostWeightBytes = 1.5e9;

/**
 * How the processor's threads are divided.
 * @param threads in all.
 * @param weightBytes of the network.
 */
export function lanesOf(
  threads: number,
  weightBytes: number,
): Pick<ThreadedOptions, 'lanes' | 'threadsPerLane'> {
  const affordable = Math.max(1, Math.floor(mostWeightBytes / Math.max(1, weightBytes)));
  const threadsPerLane = Math.ceil(threads / Math.min(mostLanes, affordable));
  return { lanes: Math.max(1, Math.floor(threads / threadsPerLane)), threadsPerLane };
}

/** Batches in flight that keep `lanes` network threads at work: one computed, two waiting. */
export function batchesInFlight(lanes: number): number {
  return 3 * lanes;
}

export class ThreadedSegmenter extends BatchSegmenter {
  readonly manifest: ModelManifest;
  readonly #graphs: NetworkGraphs;
  readonly #lanes: readonly Lane[];
  /** What a context costs, in slices. */
  readonly #contextCost: number;
  /** Graphs that the threads have: the context's, and the slices' by whether they give log-probabilities. */
  readonly #handedOver = new Set<'context' | boolean>();
  /** Encoder graphs that the first thread has, by the values that they measure. */
  readonly #encoders = new Set<string>();
  #nextContext = 1;
  #disposed = false;

  private constructor(manifest: ModelManifest, graphs: NetworkGraphs, lanes: readonly Lane[]) {
    super();
    this.manifest = manifest;
    this.#graphs = graphs;
    this.#lanes = lanes;
    const { macs, macsReusedContext } = manifest;
    this.#contextCost = (macs - macsReusedContext) / Math.max(1, macsReusedContext);
  }

  /** Starts the threads. @throws ModelError `backend` when ONNX Runtime does not start there. */
  static async start(
    manifest: ModelManifest,
    graphs: NetworkGraphs,
    { provider, lanes, threadsPerLane }: ThreadedOptions,
  ): Promise<ThreadedSegmenter> {
    const started = Array.from({ length: lanes }, () => new Lane());
    try {
      await Promise.all(started.map((lane) => lane.open(manifest, provider, threadsPerLane)));
    } catch (error) {
      for (const lane of started) lane.close();
      throw error;
    }
    return new ThreadedSegmenter(manifest, graphs, started);
  }

  encodeContext(context: InputImage): ContextFeatures {
    this.#checkAlive();
    checkImage(this.manifest.id, context, contextSize(this.manifest), 'context');
    // A copy: the caller may reuse the image, and a thread that joins later encodes it again.
    const image = { ...context, data: Uint8ClampedArray.from(context.data) };
    return new ThreadedContext(this.manifest.id, this.#nextContext++, image);
  }

  async segmentBatch(
    slices: readonly SliceInput[],
    context: ContextFeatures | null,
    options: SegmenterOptions = {},
  ): Promise<SliceMaps[]> {
    this.#checkAlive();
    const { id, slice, context: field } = this.manifest;
    for (const { image } of slices) checkImage(id, image, slice.sizePx, 'slice');
    const own = field === null ? null : this.#own(context);
    const lane = this.#laneFor(own);
    this.#handOver(options.logProbabilities === true);
    const encodes = own !== null && !own.lanes.has(lane);
    if (encodes) {
      own.lanes.add(lane);
      lane.send((rpc) => rpc.call('encodeContext', [own.id, own.image]));
    }
    const maps = lane.segment(slices, own?.id ?? null, options, encodes ? this.#contextCost : 0);
    return own === null ? maps : own.during(maps);
  }

  async encoderMeans(slice: InputImage, nodes: readonly string[]): Promise<EncoderMeans> {
    this.#checkAlive();
    checkImage(this.manifest.id, slice, this.manifest.slice.sizePx, 'slice');
    const [lane] = this.#lanes;
    if (lane === undefined) throw new Error('There is no network thread.');
    const key = nodes.join('\n');
    if (!this.#encoders.has(key)) {
      this.#encoders.add(key);
      const graph = shared(this.#graphs.encoder(nodes));
      lane.send((rpc) => rpc.call('addEncoderGraph', [graph]));
    }
    return lane.encoderMeans(slice, nodes);
  }

  /** Creates the sessions of all threads. */
  async warmUp(options: SegmenterOptions = {}): Promise<void> {
    this.#checkAlive();
    this.#handOver(options.logProbabilities === true);
    await Promise.all(this.#lanes.map((lane) => lane.warmUp(options)));
  }

  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    for (const lane of this.#lanes) lane.close();
  }

  /**
   * The thread with the least work. One that has the slices' context already comes first, unless another has nothing to
   * do: the context takes as long as a slice or two, whereas waiting may take several batches.
   */
  #laneFor(context: ThreadedContext | null): Lane {
    const least = leastBusy(this.#lanes);
    const known = leastBusy(this.#lanes.filter((lane) => context?.lanes.has(lane) === true));
    if (least === null) throw new Error('There is no network thread.');
    if (known === null) return least;
    return least.work === 0 && known.work > this.#contextCost ? least : known;
  }

  /** Gives all threads the graphs that the next slices need, once. A thread takes its calls in order. */
  #handOver(logProbabilities: boolean): void {
    if (this.manifest.context !== null && !this.#handedOver.has('context')) {
      this.#handedOver.add('context');
      const graph = shared(this.#graphs.context());
      for (const lane of this.#lanes) lane.send((rpc) => rpc.call('addContextGraph', [graph]));
    }
    if (this.#handedOver.has(logProbabilities)) return;
    this.#handedOver.add(logProbabilities);
    const graph = shared(this.#graphs.slices(logProbabilities));
    for (const lane of this.#lanes) lane.send((rpc) => rpc.call('addSliceGraph', [graph, logProbabilities]));
  }

  #own(context: ContextFeatures | null): ThreadedContext {
    const { id } = this.manifest;
    if (!(context instanceof ThreadedContext) || context.model !== id) throw wrongContext(id, context);
    if (context.disposed) throw disposedContext(id);
    return context;
  }

  #checkAlive(): void {
    if (this.#disposed) throw disposedModel(this.manifest.id);
  }
}

/** A context, which every thread encodes that computes slices of it. */
class ThreadedContext implements ContextFeatures {
  readonly model: string;
  readonly id: number;
  readonly image: InputImage;
  /** Threads that have its features. */
  readonly lanes = new Set<Lane>();
  disposed = false;
  /** Batches in flight. */
  #uses = 0;

  constructor(model: string, id: number, image: InputImage) {
    this.model = model;
    this.id = id;
    this.image = image;
  }

  dispose(): void {
    if (this.disposed) throw new Error('Context features must be disposed exactly once.');
    this.disposed = true;
    this.#free();
  }

  /** Keeps the features until `work` is done: with several threads, an old batch may outlast newer contexts. */
  async during<T>(work: Promise<T>): Promise<T> {
    this.#uses++;
    try {
      return await work;
    } finally {
      this.#uses--;
      this.#free();
    }
  }

  #free(): void {
    if (!this.disposed || this.#uses > 0) return;
    for (const lane of this.lanes) lane.send((rpc) => rpc.call('disposeContext', [this.id]));
  }
}

/** Threads without a network, for the next one: they are not ended (see `Lane.close`), and each holds 11 MB. */
const idle: NodeThread<NetworkThreadApi>[] = [];

/** A network thread and the work that it has been given. */
class Lane {
  /** In slices. */
  work = 0;
  readonly #thread: NodeThread<NetworkThreadApi>;
  /** When the thread gave its last result; its time until then belongs to earlier slices. */
  #lastResult = 0;
  #calls = 0;
  #closed = false;

  constructor() {
    this.#thread =
      idle.pop() ??
      startNodeThread<NetworkThreadApi>(
        'network',
        'Run the command again; with --resume it continues where it stopped.',
      );
    this.#thread.keepProcess(false);
  }

  async open(manifest: ModelManifest, provider: NativeBackendName, threads: number): Promise<void> {
    try {
      await this.#during(this.#thread.rpc.call('open', [manifest, provider, threads]));
    } catch (error) {
      throw failure(manifest.id, error);
    }
  }

  async warmUp({ logProbabilities = false }: SegmenterOptions): Promise<void> {
    try {
      await this.#during(this.#thread.rpc.call('warmUp', [{ logProbabilities }]));
    } catch (error) {
      throw modelError(error);
    }
  }

  async encoderMeans(slice: InputImage, nodes: readonly string[]): Promise<EncoderMeans> {
    this.work++;
    try {
      return await this.#during(this.#thread.rpc.call('encoderMeans', [slice, nodes]));
    } catch (error) {
      throw modelError(error);
    } finally {
      this.work--;
    }
  }

  /** @param more what else the call costs, in slices. */
  async segment(
    slices: readonly SliceInput[],
    context: number | null,
    { logProbabilities = false, takesImages = false, onComputed }: SegmenterOptions,
    more: number,
  ): Promise<SliceMaps[]> {
    const work = slices.length + more;
    this.work += work;
    const start = performance.now();
    try {
      const { images, buffers } = takesImages ? taken(slices) : copied(slices);
      const call = this.#thread.rpc.call('segment', [images, context, { logProbabilities }], {
        transfer: buffers,
      });
      const maps = await this.#during(call);
      const end = performance.now();
      onComputed?.(((end - Math.max(start, this.#lastResult)) * slices.length) / work);
      this.#lastResult = end;
      return maps;
    } catch (error) {
      throw modelError(error);
    } finally {
      this.work -= work;
    }
  }

  /** Calls without waiting: a failure shows when the next slices need what is missing. */
  send(call: (rpc: NetworkRpc) => Promise<unknown>): void {
    // The thread may have another network by now.
    if (this.#closed) return;
    this.#during(call(this.#thread.rpc)).catch(() => undefined);
  }

  /**
   * Frees the sessions once the open calls are answered. The thread stays for the next network, without keeping the process
   * alive: a process has crashed in which a thread was terminated while ONNX Runtime still had work there.
   */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#thread.keepProcess(false);
    if (this.#calls === 0) this.#free();
  }

  #free(): void {
    this.#thread.rpc.call('close', []).then(
      () => idle.push(this.#thread),
      // It has stopped.
      () => undefined,
    );
  }

  /** Keeps the process alive for as long as the thread computes. */
  async #during<T>(work: Promise<T>): Promise<T> {
    if (this.#calls++ === 0 && !this.#closed) this.#thread.keepProcess(true);
    try {
      return await work;
    } finally {
      if (--this.#calls === 0) {
        this.#thread.keepProcess(false);
        if (this.#closed) this.#free();
      }
    }
  }
}

type NetworkRpc = NodeThread<NetworkThreadApi>['rpc'];

function leastBusy(lanes: readonly Lane[]): Lane | null {
  return lanes.reduce<Lane | null>(
    (least, lane) => (least === null || lane.work < least.work ? lane : least),
    null,
  );
}

/** Slices on their way to another thread, and the memory that moves with them. */
interface MovedSlices {
  readonly images: readonly SliceInput[];
  readonly buffers: ArrayBuffer[];
}

/** The slices with their own pixels. An image that is part of a larger buffer is copied by the message. */
function taken(slices: readonly SliceInput[]): MovedSlices {
  const buffers = new Set<ArrayBuffer>();
  for (const { image } of slices) {
    const { buffer, byteLength } = image.data;
    if (buffer instanceof ArrayBuffer && buffer.byteLength === byteLength) buffers.add(buffer);
  }
  return { images: slices, buffers: [...buffers] };
}

/** The slices with copies of their pixels, in one buffer. */
function copied(slices: readonly SliceInput[]): MovedSlices {
  const buffer = new ArrayBuffer(slices.reduce((sum, { image }) => sum + image.data.length, 0));
  let at = 0;
  const images = slices.map(({ image: { width, height, data }, sliceInContext }) => {
    const own = new Uint8ClampedArray(buffer, at, data.length);
    own.set(data);
    at += data.length;
    return { image: { width, height, data: own }, sliceInContext };
  });
  return { images, buffers: [buffer] };
}

function shared<Graph extends { readonly file: Uint8Array }>(graph: Graph): SharedGraph<Graph> {
  const file = new SharedArrayBuffer(graph.file.length);
  new Uint8Array(file).set(graph.file);
  return { ...graph, file };
}

/** The ModelError that messages drop: the engine tries another backend or stops, depending on its code. */
function modelError(error: unknown): unknown {
  if (!(error instanceof WorkerError)) return error;
  const { code, file, problem, remedy } = error.report;
  return isModelErrorCode(code) ? new ModelError(code, file, problem, remedy, { cause: error }) : error;
}

/** Why a thread does not start. */
function failure(model: string, error: unknown): unknown {
  const known = modelError(error);
  if (known instanceof ModelError) return known;
  const reason = error instanceof WorkerError ? error.report.problem : String(error);
  return new ModelError(
    'backend',
    model,
    `The network thread does not start: ${reason.replace(/\.$/, '')}.`,
    'Try another backend, for example --backend tfjs.',
    { cause: error },
  );
}
