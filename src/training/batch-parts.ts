/** A part of a batch: parts need less memory. */
export interface BatchPart<Item> {
  readonly items: readonly Item[];
  /** Share of the batch's items, above 0 to 1. */
  readonly share: number;
  readonly dropoutSeed: number;
}

/** Splits a batch into `count` parts of nearly equal size, or fewer if it has fewer items. */
export function splitBatch<Item>(
  items: readonly Item[],
  count: number,
  dropoutSeed: number,
): BatchPart<Item>[] {
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
