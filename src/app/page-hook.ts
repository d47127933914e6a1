/**
 * `window.dualscope`: what the active pane shows, for the browser tests and for a curious reader's console.
 * Read only; nothing in the app uses it.
 */
import type { Level0Rect } from '../slide/slide.ts';
import type { Workbench } from './session/workbench.ts';
import { activePaneOf } from './state/state.ts';
import type { Affine } from './viewer/affine.ts';

export interface PageHook {
  /** Finished slices of the active pane's model: `classes` has `size × size` values, row by row, over `rect`. */
  slices(): { readonly rect: Level0Rect; readonly size: number; readonly classes: Uint8Array }[];
  /** Level-0 pixels to CSS pixels of the active view; null while no slide is shown. */
  transform(): Affine | null;
}

declare global {
  interface Window {
    dualscope?: PageHook;
  }
}

export function installPageHook(workbench: Workbench): void {
  window.dualscope = {
    slices() {
      const map = workbench.classMapOf(activePaneOf(workbench.store.getState()));
      return [...(map?.slices ?? [])].map((slice) => {
        const { size, classes } = slice.map(0);
        return { rect: slice.rect, size, classes };
      });
    },
    transform: () => workbench.activeView()?.transform() ?? null,
  };
}
