/** Two layers in a single pane: swipe and difference. */
import { ChevronLeft, ChevronRight, Diff, FlipHorizontal, SplitSquareHorizontal } from 'lucide-react';
import { unshownLayer } from '../state/panes.ts';
import { shownModels } from '../state/state.ts';
import type { AppState, CompareView } from '../state/state.ts';
import type { Workbench } from '../session/workbench.ts';
import type { Command } from './command.ts';

const isOpen = (state: AppState): boolean => state.slide !== null;
const isSwipe = (state: AppState): boolean => state.compare.view === 'swipe';
const isDifference = (state: AppState): boolean => state.compare.view === 'difference';

/** Models that have come into view are run on what has just been run. */
export function runAdded(workbench: Workbench, change: () => void): void {
  const before = new Set(shownModels(workbench.store.getState()));
  change();
  const state = workbench.store.getState();
  const added = shownModels(state).filter((model) => !before.has(model));
  if (added.length === 0) return;
  if (state.run !== null) workbench.segmentation.enqueue(added);
  if (state.lastRun === null || state.lastRun.cancelled) return;
  void workbench.segmentation.segment(state.lastRun.extent, added);
}

/** Shows two layers in one pane; those of the first two panes, else the pane's own and one not shown yet. */
function show(workbench: Workbench, view: CompareView): void {
  const { store } = workbench;
  runAdded(workbench, () => {
    const state = store.getState();
    if (state.compare.view === view) {
      store.dispatch({ type: 'compare', change: { view: 'panes' } });
      return;
    }
    const [, secondPane] = state.panes;
    const { second } = state.compare;
    const chosen = secondPane?.layer ?? (second.kind === 'none' ? unshownLayer(state, state.panes) : second);
    store.dispatch({ type: 'layout', count: 1 });
    store.dispatch({ type: 'compare', change: { view, second: chosen } });
  });
}

export const compareCommands: readonly Command[] = [
  {
    id: 'compare.swipe',
    title: 'Swipe: two layers beside a divider',
    group: 'Compare',
    icon: SplitSquareHorizontal,
    shortcuts: ['W'],
    when: isOpen,
    isOn: isSwipe,
    perform: (workbench) => show(workbench, 'swipe'),
  },
  {
    id: 'compare.difference',
    title: 'Difference: where two layers disagree',
    group: 'Compare',
    icon: Diff,
    shortcuts: ['D'],
    when: isOpen,
    isOn: isDifference,
    perform: (workbench) => show(workbench, 'difference'),
  },
  {
    id: 'compare.turn-divider',
    title: 'Swipe: turn the divider',
    group: 'Compare',
    icon: FlipHorizontal,
    shortcuts: ['Shift+W'],
    when: isSwipe,
    perform: ({ store }) => {
      const { divider } = store.getState().compare;
      const direction = divider.direction === 'vertical' ? 'horizontal' : 'vertical';
      store.dispatch({ type: 'compare', change: { divider: { ...divider, direction } } });
    },
  },
  ...([-1, 1] as const).map((by): Command => ({
    id: by > 0 ? 'difference.next' : 'difference.previous',
    title: by > 0 ? 'Next disagreement' : 'Previous disagreement',
    group: 'Compare',
    icon: by > 0 ? ChevronRight : ChevronLeft,
    shortcuts: [by > 0 ? 'N' : 'Shift+N'],
    when: isDifference,
    perform: ({ difference }) => difference.step(by),
  })),
];
