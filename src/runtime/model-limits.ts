/**
 * Limits on what a model's files may claim: a folder from the internet is opened with a click. The largest network of the
 * paper needs less than a tenth of each.
 */
import { ModelError, mostWeightBytes } from './manifest.ts';

export const modelLimits = {
  /** manifest.json */
  manifestBytes: 1e6,
  /** model.json */
  graphBytes: 16e6,
  /** All weight shards together. */
  weightBytes: mostWeightBytes,
  shards: 2000,
  nodes: 20_000,
  /** Values of one map for one slice: 0.5 GB as float32. */
  mapValues: 2 ** 27,
  /** Multiply-accumulates of one slice with its context. */
  macs: 5e12,
} as const;

/** A number of bytes that may still be read, shared by the reads of one thing. */
export class ByteBudget {
  readonly #total: number;
  #left: number;

  constructor(bytes: number) {
    this.#total = bytes;
    this.#left = bytes;
  }

  /**
   * Call before `bytes` bytes of `file` are read, or as they arrive where their number is not known before.
   * @throws ModelError `too-large`.
   */
  take(bytes: number, file: string): void {
    this.#left -= bytes;
    if (this.#left >= 0) return;
    const unit = this.#total === 1 ? 'byte' : 'bytes';
    throw new ModelError(
      'too-large',
      file,
      `The model has more data here than the ${this.#total.toLocaleString('en-GB')} ${unit} that belong to it.`,
      'The file is damaged or belongs to another model: fetch or export the model again.',
    );
  }
}
