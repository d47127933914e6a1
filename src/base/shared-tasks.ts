/**
 * Shares asynchronous work: a request for a key that is already running joins that run. The work is aborted only when
 * every caller that waits for it has aborted.
 */

import { abortReason, onAbort } from './abort.ts';

interface Run<V> {
  readonly promise: Promise<V>;
  readonly controller: AbortController;
  waiting: number;
}

export class SharedTasks<K, V> {
  readonly #runs = new Map<K, Run<V>>();

  /**
   * @param start starts the work; its signal aborts when no caller waits any longer.
   * @throws what the work throws; the signal's reason when `signal` aborts first.
   */
  run(key: K, signal: AbortSignal | undefined, start: (signal: AbortSignal) => Promise<V>): Promise<V> {
    if (signal?.aborted) return Promise.reject(abortReason(signal));
    let run = this.#runs.get(key);
    if (run === undefined) {
      const controller = new AbortController();
      const promise = start(controller.signal).finally(() => {
        if (this.#runs.get(key) === run) this.#runs.delete(key);
      });
      run = { promise, controller, waiting: 0 };
      this.#runs.set(key, run);
      // A run that every caller left may still fail; no one needs to hear of it.
      promise.catch(() => undefined);
    }
    const joined = run;
    joined.waiting++;
    return new Promise<V>((resolve, reject) => {
      const leave = (): void => {
        joined.waiting--;
        if (joined.waiting === 0) {
          if (this.#runs.get(key) === joined) this.#runs.delete(key);
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
