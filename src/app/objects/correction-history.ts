/** Undo and redo of corrections, as differences: what another tab has changed since stays. Pure. */
import type { Correction } from '../../objects/correction.ts';

interface Step {
  readonly removed: readonly Correction[];
  readonly added: readonly Correction[];
}

const mostSteps = 1000;

export class CorrectionHistory {
  readonly #done: Step[] = [];
  readonly #undone: Step[] = [];

  get canUndo(): boolean {
    return this.#done.length > 0;
  }

  get canRedo(): boolean {
    return this.#undone.length > 0;
  }

  /** Replaces some corrections by others. @returns all corrections afterwards */
  change(
    all: readonly Correction[],
    removed: readonly Correction[],
    added: readonly Correction[],
  ): Correction[] {
    this.#done.push({ removed, added });
    if (this.#done.length > mostSteps) this.#done.shift();
    this.#undone.length = 0;
    return replaced(all, removed, added);
  }

  /** @returns all corrections afterwards; null if there is nothing to undo */
  undo(all: readonly Correction[]): Correction[] | null {
    const step = this.#done.pop();
    if (step === undefined) return null;
    this.#undone.push(step);
    return replaced(all, step.added, step.removed);
  }

  /** @returns all corrections afterwards; null if there is nothing to redo */
  redo(all: readonly Correction[]): Correction[] | null {
    const step = this.#undone.pop();
    if (step === undefined) return null;
    this.#done.push(step);
    return replaced(all, step.removed, step.added);
  }

  clear(): void {
    this.#done.length = 0;
    this.#undone.length = 0;
  }
}

function replaced(
  all: readonly Correction[],
  removed: readonly Correction[],
  added: readonly Correction[],
): Correction[] {
  const gone = new Set([...removed, ...added].map(({ id }) => id));
  return [...all.filter(({ id }) => !gone.has(id)), ...added];
}
