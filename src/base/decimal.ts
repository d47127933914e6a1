/** Numbers as people and programs of any country write them. */

const decimal = /^\s*[+-]?(?:\d+(?:[.,]\d*)?|[.,]\d+)(?:e[+-]?\d+)?/i;

/** The number that a text begins with, with a decimal point or a decimal comma; null without one. */
export function decimalNumber(text: string): number | null {
  const found = decimal.exec(text)?.[0];
  const value = found === undefined ? NaN : Number(found.replace(',', '.'));
  return Number.isFinite(value) ? value : null;
}

/** A positive number; null otherwise. */
export function positiveDecimal(text: string | undefined): number | null {
  const value = decimalNumber(text ?? '');
  return value !== null && value > 0 ? value : null;
}
