/** Options that several commands share, and parsers for option values. */
import { InvalidArgumentError, Option } from 'commander';
import { isBelievableMpp, mppRange } from '../base/resolution.ts';
import {
  nodeBackendNames,
  type BackendRequest,
  type NodeBackendName,
} from '../runtime/native/node-backends.ts';
import { qualities } from '../segment/quality.ts';
import type { Shard } from '../segment/sub-plan.ts';
import type { Level0Rect } from '../slide/slide.ts';

/** What computes networks in Node. */
export function backendOption(): Option {
  const names = ['auto', ...nodeBackendNames];
  return new Option(
    '--backend <name>',
    `what computes: ${names.join(', ')}; auto takes a graphics card if it is faster than the processor`,
  ).argParser((name) => {
    // Its name before ONNX Runtime.
    if (name === 'wasm') return 'tfjs' satisfies NodeBackendName;
    if (names.includes(name)) return name as BackendRequest;
    throw new InvalidArgumentError(`Allowed choices are ${names.join(', ')}.`);
  });
}

/** Threads of the processor, for machines that run several programs. */
export function threadsOption(): Option {
  return new Option('--threads <n>', 'threads of the processor; all cores by default').argParser(
    parseInteger(1),
  );
}

/** Uses a model that fails its golden check, or is not for slides of this stain. */
export function forceOption(): Option {
  return new Option(
    '--force',
    'use a model that fails its check or is not for such slides; every result says so',
  );
}

/** Where ONNX Runtime trains. */
export function trainingBackendOption(): Option {
  return new Option('--backend <name>', 'what computes the training steps')
    .choices(['cpu', 'cuda', 'webgpu'])
    .default('cpu');
}

/** Overlap of slices, by the app's names. */
export function qualityOption(): Option {
  return new Option('--quality <name>', 'overlap of neighbouring slices, as in the app')
    .choices(qualities.map(({ id }) => id))
    .default('standard');
}

/** An integer of at least `least`. */
export function parseInteger(least: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!Number.isInteger(value) || value < least) {
      throw new InvalidArgumentError(`Expected an integer of at least ${String(least)}.`);
    }
    return value;
  };
}

/** A number above 0. @throws InvalidArgumentError */
export function parsePositive(text: string): number {
  const value = Number(text);
  if (!(value > 0) || !Number.isFinite(value)) throw new InvalidArgumentError('Expected a number above 0.');
  return value;
}

/** µm per pixel. @throws InvalidArgumentError */
export function parseMpp(text: string): number {
  const value = Number(text);
  if (!isBelievableMpp(value)) throw new InvalidArgumentError(`Expected ${mppRange}.`);
  return value;
}

/** A number of at least 0. @throws InvalidArgumentError */
export function parseNonNegative(text: string): number {
  const value = Number(text);
  if (!(value >= 0) || !Number.isFinite(value)) {
    throw new InvalidArgumentError('Expected a number of at least 0.');
  }
  return value;
}

/** A number from `low` to `high`; an integer if `isInteger`. */
export function parseInRange(low: number, high: number, isInteger = false): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!(value >= low && value <= high) || (isInteger && !Number.isInteger(value))) {
      const kind = isInteger ? 'an integer' : 'a number';
      throw new InvalidArgumentError(`Expected ${kind} from ${String(low)} to ${String(high)}.`);
    }
    return value;
  };
}

/** Overlap of neighbouring slices, as a share of their width. */
export const parseOverlap = parseInRange(0, 0.5);

/** A share from 0 to 1. */
export const parseShare = parseInRange(0, 1);

/** Comma-separated integers of at least `least`. */
export function parseIntegers(least: number): (text: string) => number[] {
  return (text) => {
    const values = text.split(',').map(Number);
    if (values.every((value) => Number.isInteger(value) && value >= least)) return values;
    throw new InvalidArgumentError(
      `Expected integers of at least ${String(least)}, comma-separated, like 1,2.`,
    );
  };
}

/** A rectangle `x,y,width,height` in level-0 pixels. @throws InvalidArgumentError */
export function parseRect(text: string): Level0Rect {
  const numbers = text.split(',').map(Number);
  const [x = NaN, y = NaN, width = NaN, height = NaN] = numbers;
  if (numbers.length !== 4 || !Number.isFinite(x + y + width + height) || !(width > 0 && height > 0)) {
    throw new InvalidArgumentError('Expected four numbers: x,y,width,height in level-0 pixels.');
  }
  return { x, y, width, height };
}

/** A shard such as 2/7. @throws InvalidArgumentError */
export function parseShard(text: string): Shard {
  const [, index, of] = /^(\d{1,6})\/(\d{1,6})$/.exec(text)?.map(Number) ?? [];
  if (index === undefined || of === undefined || index < 1 || index > of) {
    throw new InvalidArgumentError('Expected i/n, from 1/n to n/n, for example 2/7.');
  }
  return { index, of };
}
