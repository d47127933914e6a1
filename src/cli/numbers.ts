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
