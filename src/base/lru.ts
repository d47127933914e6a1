/** A map with a budget: what was used least recently goes first. */
export class LeastRecentlyUsed<Key, Value> {
  readonly #entries = new Map<Key, Value>();
  readonly #budget: number;
  readonly #costOf: (value: Value) => number;
  #cost = 0;

  constructor(budget: number, costOf: (value: Value) => number) {
    this.#budget = budget;
    this.#costOf = costOf;
  }

  get(key: Key): Value | undefined {
    const value = this.#entries.get(key);
    if (value === undefined) return undefined;
    // A Map keeps the order of insertion: the last one in is the last one used.
    this.#entries.delete(key);
    this.#entries.set(key, value);
    return value;
  }

  /** Adds an entry and drops old ones until the budget holds; the new one always stays. */
  set(key: Key, value: Value): void {
    const replaced = this.#entries.get(key);
    if (replaced !== undefined) this.#cost -= this.#costOf(replaced);
    this.#entries.delete(key);
    this.#entries.set(key, value);
    this.#cost += this.#costOf(value);
    for (const [oldKey, old] of this.#entries) {
      if (this.#cost <= this.#budget || oldKey === key) break;
      this.#entries.delete(oldKey);
      this.#cost -= this.#costOf(old);
    }
  }

  /** Drops an entry, if it is there. */
  delete(key: Key): void {
    const value = this.#entries.get(key);
    if (value === undefined) return;
    this.#cost -= this.#costOf(value);
    this.#entries.delete(key);
  }

  get size(): number {
    return this.#entries.size;
  }

  /** What the entries cost together. */
  get cost(): number {
    return this.#cost;
  }

  /** Every value; looking at them does not count as use. */
  values(): Iterable<Value> {
    return this.#entries.values();
  }

  clear(): void {
    this.#entries.clear();
    this.#cost = 0;
  }
}
