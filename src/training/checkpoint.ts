/**
 * A checkpoint: one file with everything that a run needs to resume exactly. Layout: the length of a JSON
 * header as little-endian uint32, the header (UTF-8), then every array as float32 in the header's order, then the
 * CRC-32 of all before it as little-endian uint32. Files of format 1 have no checksum.
 */
import { crc32 } from 'node:zlib';
import type { ValidationPoint } from '../evaluation/report/training-report.ts';
import type { WeightArray } from '../runtime/variables.ts';

export interface Checkpoint {
  /** Optimiser steps taken. */
  readonly step: number;
  /** The run's configuration, JSON. A run resumes only from a checkpoint of the same configuration. */
  readonly config: string;
  /** Loss of each step so far. */
  readonly losses: readonly number[];
  /** Validation results so far, in order of steps. */
  readonly validation: readonly ValidationPoint[];
  /** Duration of all steps so far, including those before interruptions. */
  readonly seconds: number;
  readonly variables: ReadonlyMap<string, WeightArray>;
  readonly optimiser: ReadonlyMap<string, WeightArray>;
}

interface Header {
  readonly format: 'dualscope-checkpoint-1' | 'dualscope-checkpoint-2';
  readonly step: number;
  readonly config: string;
  readonly losses: number;
  /** Absent in files of earlier versions. */
  readonly validation?: readonly ValidationPoint[];
  readonly seconds?: number;
  readonly arrays: readonly { part: 'variables' | 'optimiser'; name: string; shape: readonly number[] }[];
}

export function encodeCheckpoint(checkpoint: Checkpoint): Uint8Array {
  const parts = (['variables', 'optimiser'] as const).flatMap((part) =>
    [...checkpoint[part]].map(([name, array]) => ({ part, name, ...array })),
  );
  const header: Header = {
    format: 'dualscope-checkpoint-2',
    step: checkpoint.step,
    config: checkpoint.config,
    losses: checkpoint.losses.length,
    validation: checkpoint.validation,
    seconds: checkpoint.seconds,
    arrays: parts.map(({ part, name, shape }) => ({ part, name, shape })),
  };
  const head = new TextEncoder().encode(JSON.stringify(header));
  const values = [Float32Array.from(checkpoint.losses), ...parts.map((part) => part.data)];
  const length = 4 + head.length + values.reduce((sum, array) => sum + array.length * 4, 0);
  const bytes = new Uint8Array(length + 4);
  new DataView(bytes.buffer).setUint32(0, head.length, true);
  bytes.set(head, 4);
  let offset = 4 + head.length;
  for (const array of values) {
    bytes.set(new Uint8Array(array.buffer, array.byteOffset, array.byteLength), offset);
    offset += array.byteLength;
  }
  new DataView(bytes.buffer).setUint32(length, crc32(bytes.subarray(0, length)), true);
  return bytes;
}

/** @throws Error naming `file` when it is not a complete checkpoint, or any of its bytes has changed. */
export function decodeCheckpoint(bytes: Uint8Array, file: string): Checkpoint {
  const broken = (): Error =>
    new Error(`${file}: this checkpoint is incomplete or damaged. Delete it to restart the run.`);
  if (bytes.length < 4) throw broken();
  const headLength = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
  if (bytes.length < 4 + headLength) throw broken();
  let header: Header;
  try {
    header = JSON.parse(new TextDecoder().decode(bytes.subarray(4, 4 + headLength))) as Header;
  } catch {
    throw broken();
  }
  const isSealed = header.format === 'dualscope-checkpoint-2';
  if (!isSealed && header.format !== 'dualscope-checkpoint-1') throw broken();
  const end = isSealed ? bytes.length - 4 : bytes.length;
  if (isSealed) {
    const checksum = new DataView(bytes.buffer, bytes.byteOffset + end).getUint32(0, true);
    if (crc32(bytes.subarray(0, end)) !== checksum) throw broken();
  }
  let offset = 4 + headLength;
  const next = (count: number): Float32Array => {
    if (offset + count * 4 > end) throw broken();
    const values = new Float32Array(Uint8Array.from(bytes.subarray(offset, offset + count * 4)).buffer);
    offset += count * 4;
    return values;
  };
  const losses = [...next(header.losses)];
  const variables = new Map<string, WeightArray>();
  const optimiser = new Map<string, WeightArray>();
  for (const { part, name, shape } of header.arrays) {
    const data = next(shape.reduce((product, n) => product * n, 1));
    (part === 'variables' ? variables : optimiser).set(name, { shape, data });
  }
  if (offset !== end) throw broken();
  const { step, config, validation = [], seconds = 0 } = header;
  return { step, config, losses, validation, seconds, variables, optimiser };
}
