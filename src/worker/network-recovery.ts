/** When the network of a run counts as failed: it threw, its device is gone, or its device did not do as asked. */
import { ModelError } from '../runtime/manifest.ts';
import type { Watch } from '../runtime/backend-initialise.ts';
import type { ContextFeatures, Segmenter } from '../runtime/segmenter.ts';
import type { StartedBackend } from './segment-platform.ts';

/** Whether another backend could do better: a wrong input is wrong everywhere. */
export function isWorthRetrying(error: unknown): boolean {
  return !(error instanceof ModelError) || error.code === 'backend';
}

const lossDelayMs = 50;

/**
 * `segmenter`, failing as soon as its device is lost (a read-back from a lost device may never answer), and where
 * the device did not do what it was asked for (the maps are then whatever was in memory).
 */
export function guarded(segmenter: Segmenter, { report, lost, watch }: StartedBackend): Segmenter {
  const gone = lost.then((reason): never => {
    throw new ModelError(
      'backend',
      report.name,
      `The graphics device ${report.device} was lost (${reason}).`,
      'Segment again: the engine starts anew.',
    );
  });
  // Lost between two slices, it is nobody's error yet.
  gone.catch(() => undefined);
  const watched: Watch = watch ?? ((work) => ({ result: work(), sound: Promise.resolve() }));
  /** Contexts that are encoded when nobody waits: their slices do. */
  const contexts = new WeakMap<ContextFeatures, Promise<void>>();
  /** @param context of the slices that `work` computes. */
  const guard = <T>(work: () => Promise<T>, context: ContextFeatures | null = null): Promise<T> => {
    const { result, sound } = watched(work);
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
  return {
    manifest: segmenter.manifest,
    encodeContext: (context) => {
      const { result, sound } = watched(() => segmenter.encodeContext(context));
      sound.catch(() => undefined);
      contexts.set(result, sound);
      return result;
    },
    segment: (slice, context, where, options) =>
      guard(() => segmenter.segment(slice, context, where, options), context),
    ...(batch && {
      segmentBatch: (slices, context, options) => guard(() => batch(slices, context, options), context),
    }),
    ...(warmUp && { warmUp: (options) => guard(() => warmUp(options)) }),
    dispose: () => segmenter.dispose(),
  };
}
