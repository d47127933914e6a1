/** Brightness, contrast and gamma of a pane's slide. They last until the page closes, and change no pixel of the file. */
import { useSyncExternalStore } from 'react';

export interface Adjustment {
  /** Factor. */
  readonly brightness: number;
  /** Factor around mid grey. */
  readonly contrast: number;
  /** Above 1 lightens the middle tones. */
  readonly gamma: number;
}

export const plainAdjustment: Adjustment = { brightness: 1, contrast: 1, gamma: 1 };

const adjustments = new Map<string, Adjustment>();
const listeners = new Set<() => void>();

export function setAdjustment(paneId: string, change: Partial<Adjustment>): void {
  adjustments.set(paneId, { ...adjustmentOf(paneId), ...change });
  for (const listener of [...listeners]) listener();
}

export function adjustmentOf(paneId: string): Adjustment {
  return adjustments.get(paneId) ?? plainAdjustment;
}

export function isPlain({ brightness, contrast, gamma }: Adjustment): boolean {
  return brightness === 1 && contrast === 1 && gamma === 1;
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function useAdjustment(paneId: string): Adjustment {
  return useSyncExternalStore(subscribe, () => adjustmentOf(paneId));
}

/** A channel after `v · slope + intercept`, kept within 0 to 1, then `v ^ exponent`; v from 0 to 1, as in SVG filters. */
export function transferOf({ brightness, contrast, gamma }: Adjustment): {
  readonly slope: number;
  readonly intercept: number;
  readonly exponent: number;
} {
  return { slope: brightness * contrast, intercept: 0.5 - 0.5 * contrast, exponent: 1 / gamma };
}
