/** Classes of the labels in annotation files, remembered from the user's last answer. */
import { z } from 'zod';
import { classOfLabel, labelCounts, type AnnotatedRegion } from '../../annotation/annotation-file.ts';
import { readStored, writeStored } from '../state/browser-storage.ts';
import type { KeyValueStorage } from '../state/browser-storage.ts';
import type { TruthLabel } from './annotate-state.ts';

const storageKey = 'dualscope.labels';
/** By label in lower case; null for labels that are skipped. */
const memorySchema = z.record(z.string(), z.string().nullable());

/** Remembers the class of every label. Where storage is full or forbidden, the answers hold for this visit only. */
export function rememberLabels(storage: KeyValueStorage | null, labels: readonly TruthLabel[]): void {
  const answers = labels.map(({ label, className }) => [label.toLowerCase(), className] as const);
  writeStored(storage, storageKey, {
    ...readStored(storage, storageKey, memorySchema, {}),
    ...Object.fromEntries(answers),
  });
}

export interface MatchedLabels {
  readonly labels: readonly TruthLabel[];
  /** Whether the user has to be asked: a label is neither the name of a class nor remembered. */
  readonly asks: boolean;
}

/** Maps the labels of regions to classes: first by the class's own name, then by what is remembered. */
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
