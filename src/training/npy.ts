/** NumPy's array files, version 1 to 3 (numpy.lib.format), as far as float32 in C order goes. */
import { readFile } from 'node:fs/promises';
import type { WeightArray } from '../runtime/variables.ts';

/** @throws Error naming the file when it is not such an array, or ends early. */
export async function readNpy(file: string): Promise<WeightArray> {
  const bytes = await readFile(file);
  const version = bytes[6] ?? 0;
  if (bytes.toString('latin1', 0, 6) !== '\x93NUMPY' || version < 1 || version > 3) {
    throw new Error(`${file}: not a NumPy array file.`);
  }
  const start = version === 1 ? 10 : 12;
  const length = version === 1 ? bytes.readUInt16LE(8) : bytes.readUInt32LE(8);
  const header = bytes.toString('latin1', start, start + length);
  const shape = /'shape':\s*\(([^)]*)\)/.exec(header)?.[1];
  if (!/'descr':\s*'<f4'/.test(header) || !/'fortran_order':\s*False/.test(header) || shape === undefined) {
    throw new Error(`${file}: only float32 arrays in C order are read, not ${header.trim()}`);
  }
  const sides = shape
    .split(',')
    .map((side) => side.trim())
    .filter((side) => side !== '')
    .map(Number);
  const count = sides.reduce((product, side) => product * side, 1);
  const data = bytes.subarray(start + length, start + length + count * 4);
  if (data.length !== count * 4) throw new Error(`${file}: ends early. Fetch it again.`);
  return { shape: sides, data: new Float32Array(Uint8Array.from(data).buffer) };
}
