/** Time in which this thread ran: what stood still, as a sleeping computer or a hidden page, is not waited for. */

/** Parts of a deadline in which time is counted. */
const steps = 8;

/**
 * Calls `onPassed` again and again with the milliseconds since the last call, at most `intervalMs`.
 * @returns a function that ends it.
 */
export function countAwakeTime(intervalMs: number, onPassed: (ms: number) => void): () => void {
  let last = performance.now();
  const timer = setInterval(() => {
    const now = performance.now();
    // No more than one interval is sure to have been waited for.
    const passed = Math.min(now - last, intervalMs);
    last = now;
    onPassed(passed);
  }, intervalMs);
  // Node: counting does not keep the process alive.
  if (typeof timer === 'object') (timer as { unref?: () => void }).unref?.();
  return () => clearInterval(timer);
}

/** What is awaited has given no answer. */
export class NoAnswer extends Error {
  override readonly name = 'NoAnswer';
}

/**
 * `work`, or a rejection with `late()` when it has not settled in time.
 * @param deadlineMs time in which this thread runs.
 * @param discard gets a value that comes later.
 */
export function answeredIn<T>(
  work: Promise<T>,
  deadlineMs: number,
  late: () => Error,
  discard: (value: T) => void = () => undefined,
): Promise<T> {
  return new Promise((resolve, reject) => {
    let waited = 0;
    let isLate = false;
    const end = countAwakeTime(deadlineMs / steps, (ms) => {
      waited += ms;
      if (waited < deadlineMs) return;
      end();
      isLate = true;
      reject(late());
    });
    work.then(
      (value) => {
        end();
        if (isLate) discard(value);
        else resolve(value);
      },
      (error: unknown) => {
        end();
        reject(error instanceof Error ? error : new Error(String(error)));
      },
    );
  });
}
