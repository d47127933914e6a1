/** A stand-in for a network, for tests and for measuring the engine without one. */
import type { ModelManifest } from '../runtime/manifest.ts';
import type {
  ContextFeatures,
  InputImage,
  SegmentOptions,
  Segmenter,
  SliceInContext,
  SliceMaps,
} from '../runtime/segmenter.ts';
import { ModelError } from '../runtime/manifest.ts';

/**
 * Gives every pixel the class `red & 3` of the slice's pixel and the confidence of the context's first
 * red value, and where log-probabilities are asked for, all to that class. Counts what it was asked, and which
 * features are alive.
 */
export class FakeSegmenter implements Segmenter {
  readonly manifest: ModelManifest;
  readonly encoded: InputImage[] = [];
  readonly where: (SliceInContext | null)[] = [];
  /** Features that were given out and not disposed. */
  live = 0;
  mostLive = 0;
  running = 0;
  mostRunning = 0;
  disposed = false;

  constructor(
    model: Pick<ModelManifest, 'slice' | 'context'>,
    /** Awaited in every `segment`; may throw to play a failing device. */
    private readonly compute: () => Promise<void> = async () => undefined,
  ) {
    this.manifest = model as ModelManifest;
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
    where: SliceInContext | null,
    options: SegmentOptions = {},
  ): Promise<SliceMaps> {
    const size = this.manifest.slice.sizePx;
    this.#check(slice, size);
    this.where.push(where);
    this.running++;
    this.mostRunning = Math.max(this.mostRunning, this.running);
    try {
      await this.compute();
    } finally {
      this.running--;
    }
    if (context instanceof FakeFeatures && context.gone) {
      throw new ModelError('bad-input', 'fake', 'The context was disposed.', 'Keep it.');
    }
    const classes = new Uint8Array(size * size);
    for (let i = 0; i < classes.length; i++) classes[i] = (slice.data[4 * i] ?? 0) & 3;
    const confidence = new Uint8Array(size * size).fill(
      context instanceof FakeFeatures ? context.value : 255,
    );
    if (options.logProbabilities !== true) return { size, classes, confidence };
    return { size, classes, confidence, logProbabilities: this.logProbabilitiesOf(classes) };
  }

  /** Four bytes a pixel; tests that need less certain ones override it. */
  protected logProbabilitiesOf(classes: Uint8Array): Uint8Array<ArrayBuffer> {
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
  gone = false;
  constructor(
    readonly value: number,
    private readonly onDispose: () => void,
  ) {}

  dispose(): void {
    if (this.gone) throw new Error('Context features were disposed twice.');
    this.gone = true;
    this.onDispose();
  }
}
