/** A batch in parts: to need less memory, or to be computed on several threads. */
import type { BatchGradient } from './network-gradient.ts';

export interface BatchPart<Item> {
  readonly items: readonly Item[];
  /** Its share of the batch. */
  readonly share: number;
  readonly dropoutSeed: number;
}

/** Cuts a batch into `count` parts of nearly equal size; fewer when there are fewer items. */
export function partsOf<Item>(items: readonly Item[], count: number, dropoutSeed: number): BatchPart<Item>[] {
  const parts = Math.min(count, items.length);
  return Array.from({ length: parts }, (_, part) => {
    const from = Math.floor((part * items.length) / parts);
    const to = Math.floor(((part + 1) * items.length) / parts);
    return {
      items: items.slice(from, to),
      share: (to - from) / items.length,
      dropoutSeed: dropoutSeed + 104729 * part,
    };
  });
}

/** The whole batch's loss and gradients, summed in the parts' order, so that it does not matter who computed them. */
export class PartSum {
  private loss = 0;
  private gradients: ReadonlyMap<string, Float32Array> | null = null;

  /** Takes the gradients over and changes them. */
  add(part: BatchGradient, share: number): void {
    this.loss += share * part.loss;
    const { gradients: sums } = this;
    for (const [name, gradient] of part.gradients) {
      const sum = sums?.get(name);
      if (sum === undefined) {
        if (share !== 1) for (let i = 0; i < gradient.length; i++) gradient[i] = gradient[i]! * share;
      } else {
        for (let i = 0; i < sum.length; i++) sum[i] = sum[i]! + gradient[i]! * share;
      }
    }
    this.gradients ??= part.gradients;
  }

  result(): BatchGradient {
    return { loss: this.loss, gradients: this.gradients ?? new Map<string, Float32Array>() };
  }
}
