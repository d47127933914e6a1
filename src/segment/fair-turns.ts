/** Several runs on one network backend: each gets its turn, slice by slice. */

/**
 * At most `concurrent` pieces of work at a time, in the order in which they were asked for. A run asks again
 * only when one of its slices is done, so that runs alternate.
 */
export class FairTurns {
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  constructor(private readonly concurrent = 1) {}

  /** Runs `work` when its turn has come. @throws what `work` throws; the next turn comes all the same. */
  readonly take = async (work: () => Promise<void>): Promise<void> => {
    if (this.#running >= this.concurrent) await new Promise<void>((go) => this.#waiting.push(go));
    else this.#running++;
    try {
      await work();
    } finally {
      // The place is handed on, not given back, so that nobody can jump the queue.
      const next = this.#waiting.shift();
      if (next === undefined) this.#running--;
      else next();
    }
  };
}
