/** A network that fails when its device does: TF.js itself neither notices a lost device nor a refused computation. */
import type { RunningBackend } from './backend-initialise.ts';
import { ModelError } from './manifest.ts';
import type { ContextFeatures, Segmenter } from './segmenter.ts';

/** Whether another backend could do better: a wrong input is wrong everywhere. */
export function isWorthRetrying(error: unknown): boolean {
  return !(error instanceof ModelError) || error.code === 'backend';
}

type Guards = Pick<RunningBackend<string>, 'name' | 'device' | 'lost' | 'watch'>;

/** A lost device is reported this long after what failed on it, at most. */
const lossDelayMs = 50;

/**
 * `segmenter`, which fails as soon as its device is lost (a read-back from a lost device may never answer), and when
 * the device refused a computation (the maps then hold stale memory).
 */
export function guardedSegmenter(segmenter: Segmenter, { name, device, lost, watch }: Guards): Segmenter {
  const gone = lost.then((reason): never => {
    throw new ModelError(
      'backend',
      name,
      `The graphics device ${device} was lost (${reason}).`,
      'Segment again. The backend restarts.',
    );
  });
  // Lost between two slices, it is nobody's error yet.
  gone.catch(() => undefined);
  /** Contexts that are encoded when nobody waits: their slices do. */
  const contexts = new WeakMap<ContextFeatures, Promise<void>>();
  /** @param context of the slices that `work` computes. */
  const guard = <T>(work: () => Promise<T>, context: ContextFeatures | null = null): Promise<T> => {
    const { result, sound } = watch(work);
    const known = context === null ? undefined : contexts.get(context);
    const answer = Promise.all([result, sound, known]).then(
      ([each]) => each,
      // What fails on a lost device, or for want of memory, may be heard of before its cause, which says more.
      async (error: unknown) => {
        await Promise.race([gone, new Promise((resolve) => setTimeout(resolve, lossDelayMs))]);
        await Promise.all([sound, known]);
        throw error;
      },
    );
    return Promise.race([answer, gone]);
  };
  const batch = segmenter.segmentBatch?.bind(segmenter);
  const warmUp = segmenter.warmUp?.bind(segmenter);
  const means = segmenter.encoderMeans?.bind(segmenter);
  const distance = segmenter.distance?.bind(segmenter);
  const reuse = segmenter.reuse?.bind(segmenter);
  return {
    manifest: segmenter.manifest,
    ...(segmenter.failedCheck !== undefined && { failedCheck: segmenter.failedCheck }),
    encodeContext: (context) => {
      const { result, sound } = watch(() => segmenter.encodeContext(context));
      sound.catch(() => undefined);
      contexts.set(result, sound);
      return result;
    },
    segment: (slice, context, sliceInContext, options) =>
      guard(() => segmenter.segment(slice, context, sliceInContext, options), context),
    ...(batch && {
      segmentBatch: (slices, context, options) => guard(() => batch(slices, context, options), context),
    }),
    ...(warmUp && { warmUp: (options) => guard(() => warmUp(options)) }),
    ...(means && { encoderMeans: (slice, nodes) => guard(() => means(slice, nodes)) }),
    ...(distance && { distance: (slice) => guard(() => distance(slice)) }),
    ...(reuse && { reuse }),
    dispose: () => segmenter.dispose(),
  };
}
