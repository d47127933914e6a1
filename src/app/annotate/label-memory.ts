/** Maps labels of annotation files to classes, and saves the user's last choice for each label. */
import { z } from 'zod';
import { classOfLabel, labelCounts, type AnnotatedRegion } from '../../annotation/annotation-file.ts';
import { readStored, validEntries, writeStored } from '../state/browser-storage.ts';
import type { KeyValueStorage } from '../state/browser-storage.ts';
import type { TruthLabel } from './annotate-state.ts';

const storageKey = 'dualscope.labels';
/** By label in lower case; null for labels that are skipped. */
const memorySchema = validEntries(z.string().nullable());

/** Saves the class of each label. If storage is full or blocked, choices last until the page closes. */
export function rememberLabels(storage: KeyValueStorage | null, labels: readonly TruthLabel[]): void {
  const answers = labels.map(({ label, className }) => [label.toLowerCase(), className] as const);
  writeStored(storage, storageKey, {
    ...readStored(storage, storageKey, memorySchema, {}),
    ...Object.fromEntries(answers),
  });
}

export interface MatchedLabels {
  readonly labels: readonly TruthLabel[];
  /** Whether to ask the user, because a label is neither a class name nor saved. */
  readonly asks: boolean;
}

/** Maps the labels of regions to classes: by class name, else by the user's saved choice. */
export function matchLabels(
  storage: KeyValueStorage | null,
  regions: readonly Pick<AnnotatedRegion, 'label'>[],
  classNames: readonly string[],
): MatchedLabels {
  const memory = readStored(storage, storageKey, memorySchema, {});
  let asks = false;
  const labels = [...labelCounts(regions)].map(([label, count]): TruthLabel => {
    const own = classOfLabel(label, classNames);
    if (own !== null) return { label, regions: count, className: classNames[own] ?? null };
    const remembered = Object.hasOwn(memory, label.toLowerCase()) ? memory[label.toLowerCase()] : undefined;
    const known = remembered === null || (remembered !== undefined && classNames.includes(remembered));
    if (!known) asks = true;
    return { label, regions: count, className: known ? (remembered ?? null) : null };
  });
  return { labels, asks };
}
