/** One of the threads that a network runs in: what it is given, what it costs, and how its errors come back. */
import { startNodeThread, type NodeThread } from '../../base/node-thread.node.ts';
import { WorkerError } from '../../base/error-report.ts';
import type { EncoderMeans } from '../domain/feature-distance.ts';
import { isModelErrorCode, ModelError, type ModelManifest } from '../manifest.ts';
import type { InputImage, SegmenterOptions, SliceInput, SliceMaps } from '../segmenter.ts';
import type { NetworkThreadApi } from './network-service.ts';
import type { NativeBackendName } from './node-backends.ts';

/** Threads without a network, for the next one: they are not ended (see `NetworkLane.close`), and each holds 11 MB. */
const idle: NodeThread<NetworkThreadApi>[] = [];

/** A network thread and the work that it has been given. */
export class NetworkLane {
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

  /** @param more what else the call costs, in slices. @param into memory for the maps, which moves to the thread. */
  async segment(
    slices: readonly SliceInput[],
    context: number | null,
    { logProbabilities = false, takesImages = false, onComputed }: SegmenterOptions,
    more: number,
    into: readonly ArrayBuffer[] = [],
  ): Promise<SliceMaps[]> {
    const work = slices.length + more;
    this.work += work;
    const start = performance.now();
    try {
      const { images, buffers } = takesImages ? taken(slices) : copied(slices);
      const call = this.#thread.rpc.call('segment', [images, context, { logProbabilities }, into], {
        transfer: [...buffers, ...into],
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

/** The thread with the least work; null without any. */
export function leastBusy(lanes: readonly NetworkLane[]): NetworkLane | null {
  return lanes.reduce<NetworkLane | null>(
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
