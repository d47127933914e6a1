/**
 * The methods of a network thread: one native segmenter, whose contexts stay on the thread. Separate from the thread's
 * entry, so that tests can run them.
 */
import type { Handlers } from '../../base/rpc.ts';
import type { EncoderMeans } from '../domain/feature-distance.ts';
import type { ModelManifest } from '../manifest.ts';
import type { ContextFeatures, InputImage, SegmenterOptions, SliceInput, SliceMaps } from '../segmenter.ts';
import type { ContextGraph, EncoderGraph, SliceGraph } from './native-graphs.ts';
import { NativeSegmenter, type NativeRuntime } from './native-segmenter.ts';
import type { NativeBackendName } from './node-backends.ts';

/** A graph whose file all threads share, as each of them makes its own session of it. */
export type SharedGraph<Graph> = Omit<Graph, 'file'> & { readonly file: SharedArrayBuffer };

export interface NetworkThreadApi {
  /** @throws ModelError, or any error of the library when it does not load. */
  open(manifest: ModelManifest, provider: NativeBackendName, threads: number): Promise<void>;
  /** Hands over a graph before the first call that needs it. */
  addContextGraph(graph: SharedGraph<ContextGraph>): Promise<void>;
  addSliceGraph(graph: SharedGraph<SliceGraph>, logProbabilities: boolean): Promise<void>;
  addEncoderGraph(graph: SharedGraph<EncoderGraph>): Promise<void>;
  warmUp(options: SegmenterOptions): Promise<void>;
  /** Starts encoding. Slices of this context report a failure. @param context names it from here on. */
  encodeContext(context: number, image: InputImage): Promise<void>;
  /**
   * The maps are transferred. @throws as a Segmenter does.
   * @param context null for single-input networks.
   * @param into memory for the maps, see `NativeSegmenter`.
   */
  segment(
    slices: readonly SliceInput[],
    context: number | null,
    options: SegmenterOptions,
    into: readonly ArrayBuffer[],
  ): Promise<SliceMaps[]>;
  /** See `Segmenter.encoderMeans`. */
  encoderMeans(slice: InputImage, nodes: readonly string[]): Promise<EncoderMeans>;
  disposeContext(context: number): Promise<void>;
  close(): Promise<void>;
}

/** @param startRuntime loads ONNX Runtime. */
export function createNetworkService(
  startRuntime: (provider: NativeBackendName, threads: number) => Promise<NativeRuntime>,
): Handlers<NetworkThreadApi> {
  let opened: NativeSegmenter | null = null;
  let contextGraph: ContextGraph | null = null;
  const sliceGraphs = new Map<boolean, SliceGraph>();
  let encoderGraph: EncoderGraph | null = null;
  const contexts = new Map<number, ContextFeatures>();

  const segmenter = (): NativeSegmenter => {
    if (opened === null) throw new Error('The network thread has not been opened.');
    return opened;
  };

  return {
    open: async (_call, manifest, provider, threads) => {
      const graphs = {
        context: () => taken(contextGraph, () => (contextGraph = null)),
        slices: (logProbabilities: boolean) =>
          taken(sliceGraphs.get(logProbabilities) ?? null, () => sliceGraphs.delete(logProbabilities)),
        encoder: () => taken(encoderGraph, () => (encoderGraph = null)),
      };
      opened = new NativeSegmenter(manifest, graphs, await startRuntime(provider, threads));
    },

    addContextGraph: (_call, graph) => {
      contextGraph = ownGraph(graph);
      return Promise.resolve();
    },

    addSliceGraph: (_call, graph, logProbabilities) => {
      sliceGraphs.set(logProbabilities, ownGraph(graph));
      return Promise.resolve();
    },

    addEncoderGraph: (_call, graph) => {
      encoderGraph = ownGraph(graph);
      return Promise.resolve();
    },

    encoderMeans: (_call, slice, nodes) => segmenter().encoderMeans(slice, nodes),

    warmUp: (_call, options) => segmenter().warmUp(options),

    encodeContext: (_call, context, image) => {
      contexts.set(context, segmenter().encodeContext(image));
      return Promise.resolve();
    },

    segment: async (call, slices, context, options, into) => {
      const features = context === null ? null : (contexts.get(context) ?? null);
      const maps = await segmenter().segmentBatch(slices, features, options, into);
      // The maps of a batch are parts of the same buffers.
      const buffers = maps.flatMap(({ classes, confidence, logProbabilities }) =>
        [classes, confidence, logProbabilities].flatMap((bytes) => bytes?.buffer ?? []),
      );
      for (const buffer of new Set(buffers)) call.transfer(buffer);
      return maps;
    },

    disposeContext: (_call, context) => {
      contexts.get(context)?.dispose();
      contexts.delete(context);
      return Promise.resolve();
    },

    close: () => {
      for (const features of contexts.values()) features.dispose();
      contexts.clear();
      opened?.dispose();
      opened = null;
      contextGraph = null;
      sliceGraphs.clear();
      encoderGraph = null;
      return Promise.resolve();
    },
  };
}

/** A graph on its way to its only session; `forget` lets go of its bytes. */
function taken<Graph>(graph: Graph | null, forget: () => void): Graph {
  if (graph === null) throw new Error('The network thread has not been given this graph.');
  forget();
  return graph;
}

/** The graph with bytes of its own, because ONNX Runtime reads no shared ones. */
function ownGraph<Graph extends { readonly file: Uint8Array<ArrayBuffer> }>(
  graph: SharedGraph<Graph>,
): Omit<Graph, 'file'> & { file: Uint8Array<ArrayBuffer> } {
  return { ...graph, file: Uint8Array.from(new Uint8Array(graph.file)) };
}
