/** Parsers for the numbers in a call. */
import { InvalidArgumentError } from 'commander';

/** A whole number not below `least`. */
export function parseWhole(least: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!Number.isInteger(value) || value < least) {
      throw new InvalidArgumentError(`Give a whole number from ${String(least)} up.`);
    }
    return value;
  };
}

/** @throws InvalidArgumentError unless the text is a number above 0. */
export function parsePositive(text: string): number {
  const value = Number(text);
  if (!(value > 0) || !Number.isFinite(value)) throw new InvalidArgumentError('Give a number above 0.');
  return value;
}

/** @throws InvalidArgumentError unless the text is a number from 0. */
export function parseLength(text: string): number {
  const value = Number(text);
  if (!(value >= 0) || !Number.isFinite(value)) throw new InvalidArgumentError('Give a number from 0.');
  return value;
}

/** A number from 0 to `most`. */
function parseFromNought(most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!(value >= 0 && value <= most)) {
      throw new InvalidArgumentError(`Give a number from 0 to ${String(most)}.`);
    }
    return value;
  };
}

/** @throws InvalidArgumentError unless the text is a number from 0 to 0.5. */
export const parseOverlap = parseFromNought(0.5);

/** @throws InvalidArgumentError unless the text is a number from 0 to 1. */
export const parseShare = parseFromNought(1);
