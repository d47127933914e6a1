/** Panes beside each other, and whether their views move together. */
import { Columns2, Grid2x2, Link, Square } from 'lucide-react';
import type { AppState, LinkMode, PaneCount } from '../state/state.ts';
import type { Workbench } from '../session/workbench.ts';
import type { Command } from './command.ts';
import { runAdded } from './compare-commands.ts';

const isOpen = (state: AppState): boolean => state.slide !== null;
const isCompare = (state: AppState): boolean => state.panes.length > 1;

/** Lays panes out; models that come into view are run on what the first one has just been run on. */
function layOut(workbench: Workbench, count: PaneCount): void {
  runAdded(workbench, () => workbench.store.dispatch({ type: 'layout', count }));
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
    perform: (workbench) => layOut(workbench, count),
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
  layout(2, 'Two panes, two models', Columns2),
  layout(4, 'Four panes', Grid2x2),
  {
    id: 'pane.link',
    title: 'Link views: linked, with offset, free',
    group: 'Compare',
    icon: Link,
    shortcuts: ['Ctrl+Alt+S'],
    when: isCompare,
    isOn: (state) => state.link !== 'free',
    perform: ({ store }) => store.dispatch({ type: 'link', link: nextLink[store.getState().link] }),
  },
  link('linked', 'Link views at the same place'),
  link('offset', 'Link views with the offset that they have'),
  link('free', 'Free views'),
];
