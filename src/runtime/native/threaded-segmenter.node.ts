/**
 * A Segmenter whose network runs in threads of its own. ONNX Runtime blocks the thread that calls it, so that this one stays
 * free to read, store and stitch. On the processor several threads compute a batch each, with one core each: the cores
 * of a single batch would wait for each other after every operation, and for whatever else needs one of them.
 */
import type { EncoderMeans } from '../domain/feature-distance.ts';
import { BatchSegmenter } from '../batch-segmenter.ts';
import { checkImage, contextSize, disposedContext, disposedModel, wrongContext } from '../input-checks.ts';
import type { ModelManifest } from '../manifest.ts';
import type { ContextFeatures, InputImage, SegmenterOptions, SliceInput, SliceMaps } from '../segmenter.ts';
import type { NetworkGraphs } from './native-graphs.ts';
import { mapBytes } from './native-segmenter.ts';
import { leastBusy, NetworkLane } from './network-lane.node.ts';
import type { SharedGraph } from './network-service.ts';
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

/** Bytes of maps that are kept for later batches. */
const mostSpareBytes = 32e6;

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
  readonly #lanes: readonly NetworkLane[];
  /** What a context costs, in slices. */
  readonly #contextCost: number;
  /** Graphs that the threads have: the context's, and the slices' by whether they give log-probabilities. */
  readonly #handedOver = new Set<'context' | boolean>();
  /** Encoder graphs that the first thread has, by the values that they measure. */
  readonly #encoders = new Set<string>();
  readonly #spare = new SpareMaps();
  #nextContext = 1;
  #disposed = false;

  private constructor(manifest: ModelManifest, graphs: NetworkGraphs, lanes: readonly NetworkLane[]) {
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
    const started = Array.from({ length: lanes }, () => new NetworkLane());
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
    const lengths = mapBytes(this.manifest, slices.length, options.logProbabilities === true);
    const into = this.#spare.take(lengths);
    const maps = lane.segment(slices, own?.id ?? null, options, encodes ? this.#contextCost : 0, into);
    return own === null ? maps : own.during(maps);
  }

  reuse(maps: readonly SliceMaps[]): void {
    this.#spare.give(maps);
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
  #laneFor(context: ThreadedContext | null): NetworkLane {
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

/** Memory of maps that nobody reads any more, by length. */
class SpareMaps {
  readonly #buffers = new Map<number, ArrayBuffer[]>();
  #bytes = 0;

  give(maps: readonly SliceMaps[]): void {
    const buffers = maps.flatMap(({ classes, confidence, logProbabilities }) =>
      [classes, confidence, logProbabilities].flatMap((bytes) => bytes?.buffer ?? []),
    );
    for (const buffer of new Set(buffers)) this.#keep(buffer);
  }

  /** A block for each length, or none. */
  take(lengths: readonly number[]): ArrayBuffer[] {
    const taken: ArrayBuffer[] = [];
    for (const length of lengths) {
      const buffer = this.#buffers.get(length)?.pop();
      if (buffer === undefined) {
        for (const each of taken) this.#keep(each);
        return [];
      }
      this.#bytes -= length;
      taken.push(buffer);
    }
    return taken;
  }

  #keep(buffer: ArrayBuffer): void {
    const length = buffer.byteLength;
    if (this.#bytes + length > mostSpareBytes) return;
    this.#bytes += length;
    this.#buffers.set(length, [...(this.#buffers.get(length) ?? []), buffer]);
  }
}

/** A context, which every thread encodes that computes slices of it. */
class ThreadedContext implements ContextFeatures {
  readonly model: string;
  readonly id: number;
  readonly image: InputImage;
  /** Threads that have its features. */
  readonly lanes = new Set<NetworkLane>();
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

function shared<Graph extends { readonly file: Uint8Array }>(graph: Graph): SharedGraph<Graph> {
  const file = new SharedArrayBuffer(graph.file.length);
  new Uint8Array(file).set(graph.file);
  return { ...graph, file };
}
