/** Index masks: greyscale or palette PNG files whose values are codes of classes. */
import { readFile } from 'node:fs/promises';
import { decode } from 'fast-png';
import { DatasetError } from './dataset.ts';

export interface IndexMask {
  readonly width: number;
  readonly height: number;
  /** [height, width], as stored: a palette's indices, not its colours. */
  readonly values: Uint8Array;
}

/** @throws DatasetError when the file can't be read, or is not one channel of 8 bits. */
export async function readIndexMask(file: string): Promise<IndexMask> {
  const remedy = 'Save it as an 8-bit greyscale or palette PNG whose values are classes.';
  let png: ReturnType<typeof decode>;
  try {
    png = decode(await readFile(file));
  } catch (error) {
    throw new DatasetError(file, `The mask can't be read (${(error as Error).message}).`, remedy);
  }
  const { width, height, data, channels, depth } = png;
  if (channels !== 1 || depth !== 8) {
    throw new DatasetError(
      file,
      `The mask has ${String(channels)} channels of ${String(depth)} bits.`,
      remedy,
    );
  }
  return { width, height, values: data instanceof Uint8Array ? data : Uint8Array.from(data) };
}
