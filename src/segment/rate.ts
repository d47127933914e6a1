/** Slices per second, lately. */

/** Rate over the last ten seconds, or over the last slice where slices take longer. */
export class RateMeter {
  /** Times in ms: the start, then one per slice; only those that the window needs. */
  readonly #times: number[];

  /** @param start, @param windowMs in milliseconds. */
  constructor(
    start: number,
    private readonly windowMs = 10_000,
  ) {
    this.#times = [start];
  }

  /** Notes a finished slice at time `now` (ms) and returns slices per second, above 0. */
  add(now: number): number {
    this.#times.push(now);
    while (this.#times.length > 2 && (this.#times[1] ?? now) <= now - this.windowMs) this.#times.shift();
    const span = now - (this.#times[0] ?? now);
    // Slices that finish within the clock's resolution: as if it had taken one millisecond.
    return ((this.#times.length - 1) * 1000) / Math.max(span, 1);
  }

  /** Takes a pause of `ms` out of the count: as if everything before it had been that much later. */
  skip(ms: number): void {
    for (let i = 0; i < this.#times.length; i++) this.#times[i] = (this.#times[i] ?? 0) + ms;
  }
}
