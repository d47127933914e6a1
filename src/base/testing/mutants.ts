/**
 * Structured mutants of files: how many there are, how values are damaged, and what every reader owes them. Readers' own
 * tests say what is mutated and what counts as a typed error.
 */

/** Numbers from 0 to below 1. */
export type Random = () => number;

/** Mulberry32: every run gets the same mutants. */
export function randomFrom(seed: number): Random {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** An integer from 0 to below `end`. */
export function below(random: Random, end: number): number {
  return Math.floor(random() * end);
}

/** One of the values. */
export function pick<T>(random: Random, values: readonly [T, ...T[]] | readonly T[]): T {
  return values[below(random, values.length)] as T;
}

/**
 * How many mutants a target gets: its share of 2,000, or of what the environment variable DUALSCOPE_MUTANTS says
 * (`DUALSCOPE_MUTANTS=20000 npx vitest run mutants` before a release).
 * @param share of all mutants, 0 to 1; at least one mutant.
 * @param usual all mutants without the variable: fewer where each of them is slow to read.
 */
export function mutantCount(share: number, usual = 2000): number {
  const all = Number(process.env.DUALSCOPE_MUTANTS ?? usual);
  return Math.max(1, Math.round(share * all));
}

/**
 * A mutant must be read or refused within this time of the processor, on all threads together; waiting does not count, so a
 * busy or paused machine fails nothing. Catches work without end, not slowness: one usually takes milliseconds. What waits
 * for ever runs into the test's own timeout.
 */
export const longestMs = 5000;

/** Memory of the process may grow by this much over all mutants of a target. */
export const mostGrowth = 1e9;

export interface MutantTarget<Mutant> {
  readonly seed: number;
  readonly count: number;
  readonly make: (random: Random) => Mutant;
  /** Reads and uses the mutant as the program would. Rejects with what the reader throws. */
  readonly read: (mutant: Mutant) => Promise<unknown>;
  /** Whether the reader may throw this. */
  readonly isTyped: (error: unknown) => boolean;
  /** The mutant in a message. */
  readonly describe?: (mutant: Mutant) => string;
}

/** How the mutants of a target ended. */
export interface MutantOutcome {
  readonly read: number;
  readonly refused: number;
}

/**
 * Reads every mutant: each is used or refused with a typed error, none takes longer than `longestMs`, and the process does
 * not grow by more than `mostGrowth`.
 */
export async function expectSound<Mutant>(target: MutantTarget<Mutant>): Promise<MutantOutcome> {
  const { seed, count, make, isTyped, describe = String } = target;
  const random = randomFrom(seed);
  const before = process.memoryUsage().rss;
  let sound = 0;
  let most = before;
  for (let i = 0; i < count; i++) {
    const mutant = make(random);
    const started = process.cpuUsage();
    try {
      await target.read(mutant);
      sound++;
    } catch (error) {
      if (!isTyped(error)) {
        const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
        throw new Error(
          `Mutant ${i} of seed ${seed} ends with an untyped error: ${text}\n${describe(mutant)}`,
        );
      }
    }
    const { user, system } = process.cpuUsage(started);
    const ms = (user + system) / 1000;
    if (ms > longestMs)
      throw new Error(
        `Mutant ${i} of seed ${seed} takes ${ms.toFixed(0)} ms of the processor.\n${describe(mutant)}`,
      );
    most = Math.max(most, process.memoryUsage().rss);
  }
  if (most - before > mostGrowth) throw new Error(`The process grew by ${most - before} bytes.`);
  return { read: sound, refused: count - sound };
}

/** Values that readers meet where they expect another one. */
const oddValues: readonly unknown[] = [
  null,
  true,
  '',
  'x',
  '__proto__',
  '../../etc/passwd',
  '/etc/passwd',
  'http://[',
  '\u0000',
  '=1+1',
  [],
  {},
  [null],
  { length: 1e9 },
  0,
  -1,
  0.5,
  -0,
  255,
  65_536,
  2 ** 31,
  2 ** 32,
  2 ** 53,
  1e-300,
  1e300,
  -1e300,
];

/** Names that objects inherit: as keys of data they are data. */
const inheritedNames = ['__proto__', 'constructor', 'toString', 'hasOwnProperty'] as const;

/** Where a value stands in a JSON value. */
interface Place {
  readonly holder: unknown[] | Record<string, unknown>;
  readonly key: string | number;
}

/** All places below a JSON value, in order. */
function placesIn(value: unknown): Place[] {
  const places: Place[] = [];
  const open: unknown[] = [value];
  for (let holder = open.pop(); holder !== undefined; holder = open.pop()) {
    if (typeof holder !== 'object' || holder === null) continue;
    const keys = Array.isArray(holder) ? holder.keys() : Object.keys(holder);
    for (const key of keys) {
      places.push({ holder: holder as Place['holder'], key });
      open.push((holder as Record<string | number, unknown>)[key]);
    }
  }
  return places;
}

/**
 * A copy of a JSON value with one to four damages: values of another kind or size, missing, repeated and swapped ones,
 * inherited names as keys, deep nesting.
 */
export function mutatedJson<T>(value: T, random: Random, changes = 1 + below(random, 4)): unknown {
  let copy: unknown = structuredClone(value);
  for (let change = 0; change < changes; change++) {
    const places = placesIn(copy);
    if (places.length === 0) return pick(random, oddValues);
    const { holder, key } = pick(random, places);
    const at = holder as Record<string | number, unknown>;
    const own = at[key];
    const replace = (next: unknown): void => {
      Object.defineProperty(at, key, { value: next, enumerable: true, configurable: true, writable: true });
    };
    switch (below(random, 9)) {
      case 0:
        if (Array.isArray(holder)) holder.splice(Number(key), 1);
        else delete at[key];
        break;
      case 1:
        if (typeof own === 'number') replace(own * pick(random, [-1, 0, 1e-9, 1e9, 1e300, 0.5, 2]));
        else if (typeof own === 'string')
          replace(pick(random, [own.repeat(1000), own.slice(1), ` ${own}`, `${own}\n`]));
        else replace(pick(random, oddValues));
        break;
      case 2: {
        const other = pick(random, places);
        replace(structuredClone((other.holder as Record<string | number, unknown>)[other.key]));
        break;
      }
      case 3:
        if (Array.isArray(own)) {
          const [first = null] = own as unknown[];
          replace(Array.from({ length: pick(random, [2, 100, 5000]) }, () => first));
        } else replace([own]);
        break;
      case 4: {
        const name = pick(random, inheritedNames);
        if (!Array.isArray(holder)) {
          Object.defineProperty(holder, name, {
            value: own,
            enumerable: true,
            configurable: true,
            writable: true,
          });
        }
        break;
      }
      case 5: {
        let deep: unknown = own;
        for (let depth = 0; depth < pick(random, [3, 100, 2000]); depth++)
          deep = depth % 2 === 0 ? [deep] : { deep };
        replace(deep);
        break;
      }
      case 6:
        if (Array.isArray(own)) replace([...(own as unknown[])].reverse());
        else replace(pick(random, oddValues));
        break;
      default:
        replace(pick(random, oddValues));
    }
    if (typeof copy !== 'object') copy = null;
  }
  return copy;
}

/** A copy of bytes with one to six damages, sometimes cut short. @param span bytes from `from` that most damages hit. */
export function mutatedBytes(
  bytes: Uint8Array,
  random: Random,
  { from = 0, span = bytes.length }: { readonly from?: number; readonly span?: number } = {},
): Uint8Array<ArrayBuffer> {
  const length = random() < 0.1 ? below(random, bytes.length) : bytes.length;
  const copy = Uint8Array.from(bytes.subarray(0, length));
  const changes = 1 + below(random, 6);
  for (let change = 0; change < changes && copy.length > 0; change++) {
    const at = random() < 0.7 ? from + below(random, span) : below(random, copy.length);
    if (at < copy.length) copy[at] = random() < 0.3 ? 255 : below(random, 256);
  }
  return copy;
}
