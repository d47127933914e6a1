/** What labels of annotation files count as: remembered from the last time that somebody said so. */
import { z } from 'zod';
import { classOfLabel, labelCounts, type AnnotatedRegion } from '../../annotation/annotation-file.ts';
import type { KeyValueStorage } from '../state/preferences.ts';
import type { TruthLabel } from './annotate-state.ts';

const storageKey = 'dualscope.labels';
/** By label in lower case; null for labels that are left out. */
const memorySchema = z.record(z.string(), z.string().nullable());

function read(storage: KeyValueStorage | null): Record<string, string | null> {
  try {
    const parsed = memorySchema.safeParse(JSON.parse(storage?.getItem(storageKey) ?? '{}'));
    return parsed.success ? parsed.data : {};
  } catch {
    return {};
  }
}

/** Remembers an answer for every label. */
export function rememberLabels(storage: KeyValueStorage | null, labels: readonly TruthLabel[]): void {
  const answers = labels.map(({ label, className }) => [label.toLowerCase(), className] as const);
  try {
    storage?.setItem(storageKey, JSON.stringify({ ...read(storage), ...Object.fromEntries(answers) }));
  } catch {
    // Storage is full or forbidden: the answers hold for this visit only.
  }
}

export interface MatchedLabels {
  readonly labels: readonly TruthLabel[];
  /** Whether the user has to be asked: a label is no class's name, and nobody has said what it is. */
  readonly asks: boolean;
}

/** What the labels of some regions count as: a class's own name goes first, then what is remembered. */
export function matchLabels(
  storage: KeyValueStorage | null,
  regions: readonly Pick<AnnotatedRegion, 'label'>[],
  classNames: readonly string[],
): MatchedLabels {
  const memory = read(storage);
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
