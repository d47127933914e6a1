/** Comparing: pane layouts, linked panes, and two layers in one pane (swipe, difference). */
import {
  ChevronLeft,
  ChevronRight,
  Columns2,
  Diff,
  FileDiff,
  FlipHorizontal,
  Grid2x2,
  Link,
  SplitSquareHorizontal,
  Square,
} from 'lucide-react';
import { contextRefusal, contextTitle } from '../context/context-pass.ts';
import { unshownLayer } from '../state/panes.ts';
import { activeModel, activePaneOf, shownModels } from '../state/state.ts';
import type { AppState, CompareView, LinkMode, PaneCount } from '../state/state.ts';
import type { Workbench } from '../session/workbench.ts';
import type { Command } from './command.ts';

const isOpen = (state: AppState): boolean => state.slide !== null;
const isSwipe = (state: AppState): boolean => state.compare.view === 'swipe';
const isDifference = (state: AppState): boolean => state.compare.view === 'difference';

/** Applies `change`, then runs models that it brought into view on the area of the last run. */
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

/** Shows two layers in one pane: those of the first two panes, else the pane's own and one not yet shown. */
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
    title: 'Swipe compare',
    group: 'Compare',
    icon: SplitSquareHorizontal,
    shortcuts: ['W'],
    when: isOpen,
    isOn: isSwipe,
    perform: (workbench) => show(workbench, 'swipe'),
  },
  {
    id: 'compare.difference',
    title: 'Difference compare',
    group: 'Compare',
    icon: Diff,
    shortcuts: ['D'],
    when: isOpen,
    isOn: isDifference,
    perform: (workbench) => show(workbench, 'difference'),
  },
  {
    id: 'compare.context',
    title: contextTitle,
    group: 'Compare',
    icon: FileDiff,
    shortcuts: ['Shift+D'],
    when: (state) => {
      const model = activeModel(state);
      return isOpen(state) && model !== null && contextRefusal(model) === null;
    },
    isOn: (state) => activePaneOf(state).layer.kind === 'context',
    perform: (workbench) =>
      runAdded(workbench, () => {
        const state = workbench.store.getState();
        const id = activeModel(state)?.id;
        if (id === undefined) return;
        const kind = activePaneOf(state).layer.kind === 'context' ? 'model' : 'context';
        workbench.store.dispatch({ type: 'choose-layer', layer: { kind, id } });
      }),
  },
  {
    id: 'compare.turn-divider',
    title: 'Rotate divider',
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

const isCompare = (state: AppState): boolean => state.panes.length > 1;

/**
 * Changes the number of panes. The model of a second pane runs on the area of the last run, as one more is what a
 * comparison asks for. Four panes bring three more, which start when the user says so.
 */
export function setPaneCount(workbench: Workbench, count: PaneCount): void {
  const change = (): void => workbench.store.dispatch({ type: 'layout', count });
  if (count === 4) change();
  else runAdded(workbench, change);
}

function layout(count: PaneCount, title: string, icon: NonNullable<Command['icon']>): Command {
  return {
    id: `pane.layout-${count}`,
    title,
    group: 'Compare',
    icon,
    shortcuts: [`Alt+${count}`],
    when: isOpen,
    isOn: (state) => state.panes.length === count && state.compare.view === 'panes',
    perform: (workbench) => setPaneCount(workbench, count),
  };
}

const nextLink: Readonly<Record<LinkMode, LinkMode>> = { linked: 'offset', offset: 'free', free: 'linked' };

function link(mode: LinkMode, title: string): Command {
  return {
    id: `pane.link-${mode}`,
    title,
    group: 'Compare',
    when: isCompare,
    isOn: (state) => state.link === mode,
    perform: ({ store }) => store.dispatch({ type: 'link', link: mode }),
  };
}

export const paneCommands: readonly Command[] = [
  layout(1, 'One pane', Square),
  layout(2, 'Two panes', Columns2),
  layout(4, 'Four panes', Grid2x2),
  {
    id: 'pane.link',
    title: 'Link panes',
    group: 'Compare',
    icon: Link,
    shortcuts: ['Ctrl+Alt+S'],
    when: isCompare,
    isOn: (state) => state.link !== 'free',
    perform: ({ store }) => store.dispatch({ type: 'link', link: nextLink[store.getState().link] }),
  },
  link('linked', 'Link panes: same view'),
  link('offset', 'Link panes: keep offset'),
  link('free', 'Link panes: off'),
];
