/** Whether the overlays are hidden for a moment, while a key is held, to show the bare tissue. */
import { useSyncExternalStore } from 'react';

let peeking = false;
const listeners = new Set<() => void>();

export function setPeek(on: boolean): void {
  if (on === peeking) return;
  peeking = on;
  for (const listener of [...listeners]) listener();
}

export const isPeeking = (): boolean => peeking;

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function usePeek(): boolean {
  return useSyncExternalStore(subscribe, isPeeking);
}
