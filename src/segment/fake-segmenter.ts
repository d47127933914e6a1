/** A fake network, for tests and for measuring the engine alone. */
import type { ModelManifest } from '../runtime/manifest.ts';
import type {
  ContextFeatures,
  InputImage,
  SegmenterOptions,
  Segmenter,
  SliceInContext,
  SliceMaps,
} from '../runtime/segmenter.ts';
import { ModelError } from '../runtime/manifest.ts';
import type { RunningBackend } from '../runtime/backend-initialise.ts';
import { fixedNetwork, type Network } from './network.ts';

/**
 * Assigns each pixel the class `red & 3`, the confidence of the context's first red value and, if requested, all probability
 * to that class. Counts its calls and the features in use.
 */
export class FakeSegmenter implements Segmenter {
  readonly manifest: ModelManifest;
  readonly encoded: InputImage[] = [];
  readonly positions: (SliceInContext | null)[] = [];
  /** Number of features not yet disposed of. */
  live = 0;
  mostLive = 0;
  running = 0;
  mostRunning = 0;
  disposed = false;

  readonly #compute: () => Promise<void>;

  /** @param compute awaited by each `segment`; may throw to simulate a failing device. */
  constructor(
    model: Pick<ModelManifest, 'slice' | 'context'>,
    compute: () => Promise<void> = async () => undefined,
  ) {
    this.#compute = compute;
    this.manifest = {
      graph: { sha256: 'fake', weightsSha256: 'fake' },
      classes: [],
      ...model,
    } as unknown as ModelManifest;
  }

  encodeContext(context: InputImage): ContextFeatures {
    this.#check(context, this.manifest.context?.sizePx ?? -1);
    this.encoded.push(context);
    this.live++;
    this.mostLive = Math.max(this.mostLive, this.live);
    const features = new FakeFeatures(context.data[0] ?? 0, () => this.live--);
    return features;
  }

  async segment(
    slice: InputImage,
    context: ContextFeatures | null,
    sliceInContext: SliceInContext | null,
    options: SegmenterOptions = {},
  ): Promise<SliceMaps> {
    const size = this.manifest.slice.sizePx;
    this.#check(slice, size);
    this.positions.push(sliceInContext);
    this.running++;
    this.mostRunning = Math.max(this.mostRunning, this.running);
    try {
      await this.#compute();
    } finally {
      this.running--;
    }
    if (context instanceof FakeFeatures && context.gone) {
      throw new ModelError('bad-input', 'fake', 'The context was disposed of.', 'Keep it.');
    }
    const classes = new Uint8Array(size * size);
    for (let i = 0; i < classes.length; i++) classes[i] = (slice.data[4 * i] ?? 0) & 3;
    const confidence = new Uint8Array(size * size).fill(
      context instanceof FakeFeatures ? context.value : 255,
    );
    if (options.logProbabilities !== true) return { size, classes, confidence };
    return { size, classes, confidence, logProbabilities: this.logProbabilitiesOf(classes) };
  }

  /** Four bytes per pixel. Tests override it for less certain ones. */
  logProbabilitiesOf(classes: Uint8Array): Uint8Array<ArrayBuffer> {
    const bytes = new Uint8Array(4 * classes.length);
    for (let i = 0; i < classes.length; i++) bytes[4 * i + (classes[i] ?? 0)] = 255;
    return bytes;
  }

  dispose(): void {
    this.disposed = true;
  }

  #check(image: InputImage, size: number): void {
    if (image.width !== size || image.height !== size) {
      throw new ModelError(
        'bad-input',
        'fake',
        `${image.width} × ${image.height}, not ${size}.`,
        'Resample it.',
      );
    }
  }
}

class FakeFeatures implements ContextFeatures {
  readonly value: number;
  gone = false;
  readonly #onDispose: () => void;

  constructor(value: number, onDispose: () => void) {
    this.value = value;
    this.#onDispose = onDispose;
  }

  dispose(): void {
    if (this.gone) throw new Error('Context features were disposed of twice.');
    this.gone = true;
    this.#onDispose();
  }
}

/** A network for tests, with a replaceable segmenter. */
export interface FakeNetworkOptions {
  readonly segmenter: Segmenter;
  /** 1 by default. */
  readonly inFlight?: number;
  /** 1 by default. */
  readonly mostInBatch?: number;
  readonly turn?: (work: () => Promise<void>) => Promise<void>;
  /** Returns the replacement of a failed network; absent or null if there is none. */
  readonly recover?: (error: unknown, slicesSince: number) => Promise<FakeNetworkOptions | null>;
}

export function fakeNetwork(options: FakeNetworkOptions): Network {
  const build = ({ segmenter, inFlight = 1, mostInBatch = 1 }: FakeNetworkOptions): Network =>
    fixedNetwork(segmenter, { maxInFlight: inFlight, mostInBatch });
  let network = build(options);
  return {
    get segmenter() {
      return network.segmenter;
    },
    get maxInFlight() {
      return network.maxInFlight;
    },
    get batch() {
      return network.batch;
    },
    turn: (work) => options.turn?.(work) ?? work(),
    recover: async (error, slicesSince) => {
      const replacement = (await options.recover?.(error, slicesSince)) ?? null;
      if (replacement !== null) network = build(replacement);
      return replacement !== null;
    },
  };
}

/** A backend that never fails, except as a test requests. */
export function fakeBackend(overrides: Partial<RunningBackend> = {}): RunningBackend {
  return {
    name: 'wasm',
    device: '',
    reason: '',
    lost: new Promise(() => undefined),
    watch: (work) => ({ result: work(), sound: Promise.resolve() }),
    ...overrides,
  };
}
