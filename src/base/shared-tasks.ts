/**
 * Runs of the same asynchronous work, shared: whoever asks for a key that is under way joins it. The
 * work is aborted when everybody who waits for it has aborted, and not before.
 */

import { abortReason, onAbort } from './abort.ts';

interface Run<V> {
  readonly promise: Promise<V>;
  readonly controller: AbortController;
  waiting: number;
}

export class SharedTasks<K, V> {
  private readonly runs = new Map<K, Run<V>>();

  /**
   * @param start begins the work; its signal aborts when nobody waits any more.
   * @throws what the work throws; the signal's reason when `signal` aborts first.
   */
  run(key: K, signal: AbortSignal | undefined, start: (signal: AbortSignal) => Promise<V>): Promise<V> {
    if (signal?.aborted) return Promise.reject(abortReason(signal));
    let run = this.runs.get(key);
    if (run === undefined) {
      const controller = new AbortController();
      const promise = start(controller.signal).finally(() => {
        if (this.runs.get(key) === run) this.runs.delete(key);
      });
      run = { promise, controller, waiting: 0 };
      this.runs.set(key, run);
      // A run that everybody left may still fail; that is nobody's business then.
      promise.catch(() => undefined);
    }
    const joined = run;
    joined.waiting++;
    return new Promise<V>((resolve, reject) => {
      const leave = (): void => {
        joined.waiting--;
        if (joined.waiting === 0) {
          if (this.runs.get(key) === joined) this.runs.delete(key);
          joined.controller.abort();
        }
        reject(abortReason(signal));
      };
      const stay = onAbort(signal, leave);
      joined.promise.then(
        (value) => {
          stay();
          resolve(value);
        },
        (error: unknown) => {
          stay();
          reject(error instanceof Error ? error : new Error(String(error)));
        },
      );
    });
  }
}
