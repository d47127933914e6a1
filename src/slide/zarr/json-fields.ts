/** Looks at parsed JSON of which nothing is known. */

export type Fields = Readonly<Record<string, unknown>>;

/** An object's fields; none for anything else. */
export const fields = (value: unknown): Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {};

/** A list's values; none for anything else. */
export const list = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);
