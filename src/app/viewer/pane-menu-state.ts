/** Where the menu of a pane is open. */
import { useSyncExternalStore } from 'react';
import type { Point } from './affine.ts';

export interface PaneMenuPlace {
  readonly paneId: string;
  /** CSS pixels of the pane. */
  readonly x: number;
  readonly y: number;
  /** Level-0 pixels. */
  readonly at: Point;
}

let place: PaneMenuPlace | null = null;
const listeners = new Set<() => void>();

/** @param next null closes it */
export function openPaneMenu(next: PaneMenuPlace | null): void {
  place = next;
  for (const listener of [...listeners]) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function usePaneMenu(): PaneMenuPlace | null {
  return useSyncExternalStore(subscribe, () => place);
}
