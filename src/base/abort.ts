/** Cancellation by AbortSignal: recognising it, joining promises to it, listening for it. */

/** Whether a thrown value says that its work was cancelled, rather than that it failed. */
export function isAbort(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'name' in error && error.name === 'AbortError';
}

/** The error of an aborted signal: its reason if that is an error, else an AbortError. */
export function abortReason(signal: AbortSignal | undefined): Error {
  const reason: unknown = signal?.reason;
  return reason instanceof Error ? reason : new DOMException('Aborted.', 'AbortError');
}

/**
 * `promise`, or a rejection as soon as `signal` aborts: a read that hangs must not hold up a cancelled run.
 * @throws whatever `promise` rejects with; an AbortError when `signal` aborts first.
 */
export function abortable<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise;
  return new Promise<T>((resolve, reject) => {
    const abort = (): void => reject(new DOMException('The run was cancelled.', 'AbortError'));
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}

/** Callbacks of each signal: one listener for all of them, since a read may wait for hundreds of blocks. */
const callbacksOf = new WeakMap<AbortSignal, Set<() => void>>();

/** Calls `callback` when the signal aborts. @returns a function that cancels the call. */
export function onAbort(signal: AbortSignal | undefined, callback: () => void): () => void {
  if (signal === undefined) return () => undefined;
  let callbacks = callbacksOf.get(signal);
  if (callbacks === undefined) {
    const all = new Set<() => void>();
    callbacks = all;
    callbacksOf.set(signal, all);
    signal.addEventListener('abort', () => all.forEach((each) => each()), { once: true });
  }
  const mine = callbacks;
  mine.add(callback);
  return () => mine.delete(callback);
}
