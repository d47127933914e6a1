/** Holding runs back without ending them. */

export class PauseSwitch {
  #waiting: (() => void)[] = [];
  #paused = false;

  get paused(): boolean {
    return this.#paused;
  }

  /** Slices in flight are finished; nothing new is begun while paused. */
  set(paused: boolean): void {
    this.#paused = paused;
    if (paused) return;
    for (const go of this.#waiting.splice(0)) go();
  }

  /** Resolves when it goes on; at once when nothing is paused. */
  wait(): Promise<void> {
    return this.#paused ? new Promise((resolve) => this.#waiting.push(resolve)) : Promise.resolve();
  }
}
