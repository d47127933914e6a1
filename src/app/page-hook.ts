/** `window.dualscope`: read-only access to what the panes show, for browser tests and the console. The app does not use it. */
import type { TissueMask } from '../segment/tissue.ts';
import type { Level0Rect } from '../slide/slide.ts';
import type { Workbench } from './session/workbench.ts';
import type { Transition } from './compare/difference.ts';
import type { LiveClassMap } from './overlay/class-map-store.ts';
import { activePaneOf, parseLayer } from './state/state.ts';
import type { Affine } from './viewer/affine.ts';

/** A square of a class map: `classes` has `size × size` values, row by row, over `rect`. */
export interface PageGrid {
  readonly rect: Level0Rect;
  readonly size: number;
  readonly classes: Uint8Array;
}

export interface PageHook {
  /** Finished slices of a layer such as `model:nano-add` or `truth`; the active pane's by default. */
  slices(layer?: string): PageGrid[];
  /** The active pane's slices at full resolution, including those spilled to disk. */
  wholeSlices(): Promise<PageGrid[]>;
  /** Bytes of class maps in memory that could be spilled to disk. */
  heldBytes(): number;
  /** The difference view: codes instead of classes, and the classes of each code; null if it is off. */
  difference(): { readonly grids: PageGrid[]; readonly transitions: readonly Transition[] } | null;
  /** Level-0 pixels to CSS pixels of a pane, by default the active one; null if no slide is shown. */
  transform(paneId?: string): Affine | null;
  /** Where figures count: tissue, by the mask of the open slide; null if that is unknown. */
  tissue(): Promise<TissueMask | null>;
  /** Number of runs that have ended since the page loaded, including cancelled and failed ones. */
  endedRuns(): number;
}

declare global {
  interface Window {
    dualscope?: PageHook;
  }
}

export function installPageHook(workbench: Workbench): void {
  const { store } = workbench;
  let ended = 0;
  // The store reports every change, while the screen may never show a very short run.
  store.subscribe(
    ({ run }) => run !== null,
    (running) => {
      if (!running) ended += 1;
    },
  );
  window.dualscope = {
    endedRuns: () => ended,
    slices: (layer) =>
      gridsOf(
        layer === undefined
          ? workbench.classMapOf(activePaneOf(workbench.store.getState()))
          : (workbench.resolveLayer(parseLayer(layer))?.map ?? null),
      ),
    wholeSlices: async () => {
      const grids: PageGrid[] = [];
      for (const slice of workbench.classMapOf(activePaneOf(workbench.store.getState()))?.slices ?? []) {
        const { size, classes } = await slice.whole();
        grids.push({ rect: slice.rect, size, classes });
      }
      return grids;
    },
    tissue: () => workbench.engine.tissue(),
    heldBytes: () => workbench.classMaps.bytes,
    difference() {
      const state = workbench.difference.get();
      return state === null
        ? null
        : { grids: gridsOf(state.layer.map), transitions: state.layer.transitions };
    },
    transform: (paneId) =>
      (paneId === undefined ? workbench.activeView() : workbench.view(paneId))?.transform() ?? null,
  };
}

function gridsOf(map: LiveClassMap | null): PageGrid[] {
  return [...(map?.slices ?? [])].map((slice) => {
    const { size, classes } = slice.map(0);
    return { rect: slice.rect, size, classes };
  });
}
