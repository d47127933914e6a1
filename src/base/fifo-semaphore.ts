/** Sharing a resource among runs: each gets its turn, in the order of asking. */

/**
 * At most `permits` tasks at a time, first come, first served. A run asks again only when one of its tasks is done, so
 * that runs alternate.
 */
export class FifoSemaphore {
  readonly #permits: number;
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  constructor(permits = 1) {
    this.#permits = permits;
  }

  /** Runs `task` when its turn has come. @throws what `task` throws; the next task runs all the same. */
  readonly run = async (task: () => Promise<void>): Promise<void> => {
    if (this.#running >= this.#permits) await new Promise<void>((go) => this.#waiting.push(go));
    else this.#running++;
    try {
      await task();
    } finally {
      // The permit passes straight to the next task, so that nobody can jump the queue.
      const next = this.#waiting.shift();
      if (next === undefined) this.#running--;
      else next();
    }
  };
}
