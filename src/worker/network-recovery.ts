/**
 * What to do when the network fails in the middle of a run: the same backend with a new device and one slice
 * at a time, and if that gets nowhere, the next slower backend.
 */
import { ModelError } from '../runtime/manifest.ts';
import type { SegmentOptions, Segmenter } from '../runtime/segmenter.ts';
import type { BackendName, BackendReport } from './protocol.ts';

/** From fast to slow. */
const order: readonly BackendName[] = ['webgpu', 'webgl', 'wasm', 'cpu'];

/**
 * Backends to try after a failure, in order.
 * @param slicesSince slices finished since the last failure, or the start: with none, the same backend has
 * had its second chance.
 * @param failures how often this run has failed before.
 */
export function backendsToTry(
  failed: BackendName,
  failures: number,
  slicesSince: number,
): readonly BackendName[] {
  const slower = order.slice(order.indexOf(failed) + 1);
  return failures > 0 && slicesSince === 0 ? slower : [failed, ...slower];
}

/** Whether another backend could do better: a wrong input is wrong everywhere. */
export function isWorthRetrying(error: unknown): boolean {
  return !(error instanceof ModelError) || error.code === 'backend';
}

/** `segmenter`, failing as soon as its device is lost: a read-back from a lost device may never answer. */
export function untilLost(segmenter: Segmenter, report: BackendReport, lost: Promise<string>): Segmenter {
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
  return {
    manifest: segmenter.manifest,
    encodeContext: (context) => segmenter.encodeContext(context),
    segment: (slice, context, where, options?: SegmentOptions) =>
      Promise.race([segmenter.segment(slice, context, where, options), gone]),
    dispose: () => segmenter.dispose(),
  };
}
