/** Commands for panels, theme and dialogs. */
import {
  CircleHelp,
  Command as CommandKey,
  Map,
  Moon,
  PanelLeft,
  PanelRight,
  ScrollText,
  Sun,
  Undo2,
} from 'lucide-react';
import { Ruler } from 'lucide-react';
import type { AppState, Corner, LeftPanel, Preferences, Surround } from '../state/state.ts';
import type { Command } from './command.ts';

const corners: readonly Corner[] = ['bottom-left', 'bottom-right', 'top-right', 'top-left'];

function nextCorner(corner: Corner): Corner {
  return corners[(corners.indexOf(corner) + 1) % corners.length] ?? corner;
}

/** A command that changes the preferences. */
function preference(
  command: Omit<Command, 'group' | 'perform'>,
  change: (preferences: Preferences) => Partial<Preferences>,
): Command {
  return {
    ...command,
    group: 'Interface',
    perform: ({ store }) =>
      store.dispatch({ type: 'preferences', change: change(store.getState().preferences) }),
  };
}

function leftPanel(panel: LeftPanel, title: string): Command {
  return preference(
    { id: `panel.${panel}`, title, isOn: (state) => state.preferences.leftPanel === panel },
    ({ leftPanel: open }) => ({ leftPanel: open === panel ? null : panel }),
  );
}

const surrounds: readonly (readonly [Surround, string])[] = [
  ['theme', 'Surround: match theme'],
  ['black', 'Surround: black'],
  ['grey', 'Surround: mid grey'],
  ['light', 'Surround: light grey'],
  ['white', 'Surround: white'],
];

/** Before others with the same key: what was removed last comes back first. */
export const undoCommands: readonly Command[] = [
  {
    id: 'interface.undo',
    title: 'Undo removal',
    group: 'Interface',
    icon: Undo2,
    shortcuts: ['Ctrl+Z'],
    when: (state) => state.undoOffer !== null,
    perform: ({ undo }) => undo.perform(),
  },
];

export const interfaceCommands: readonly Command[] = [
  {
    id: 'interface.palette',
    title: 'Command palette',
    group: 'Interface',
    icon: CommandKey,
    shortcuts: ['Ctrl+K', 'Ctrl+Shift+P'],
    perform: ({ store }) => toggleDialog(store, 'palette'),
  },
  {
    id: 'interface.help',
    title: 'Keyboard shortcuts',
    group: 'Interface',
    icon: CircleHelp,
    shortcuts: ['?', 'F1'],
    perform: ({ store }) => toggleDialog(store, 'help'),
  },
  preference(
    {
      id: 'interface.left-panel',
      title: 'Left panel',
      icon: PanelLeft,
      shortcuts: ['['],
      isOn: (state) => state.preferences.leftPanel !== null,
    },
    ({ leftPanel: open }) => ({ leftPanel: open === null ? 'slides' : null }),
  ),
  preference(
    {
      id: 'interface.right-panel',
      title: 'Right panel',
      icon: PanelRight,
      shortcuts: [']'],
      isOn: (state) => state.preferences.rightPanel,
    },
    ({ rightPanel }) => ({ rightPanel: !rightPanel }),
  ),
  leftPanel('slides', 'Slides'),
  leftPanel('models', 'Models'),
  leftPanel('bookmarks', 'Bookmarks'),
  leftPanel('annotations', 'Annotations'),
  leftPanel('objects', 'Objects'),
  preference(
    { id: 'interface.theme', title: 'Switch light/dark theme', icon: Moon, shortcuts: ['Shift+T'] },
    (now) => ({
      theme: now.theme === 'dark' ? 'light' : 'dark',
    }),
  ),
  preference(
    {
      id: 'interface.scale-bar',
      title: 'Scale bar',
      icon: Ruler,
      isOn: (state) => state.preferences.scaleBar.visible,
    },
    ({ scaleBar }) => ({ scaleBar: { ...scaleBar, visible: !scaleBar.visible } }),
  ),
  preference({ id: 'interface.move-scale-bar', title: 'Move scale bar to next corner' }, ({ scaleBar }) => ({
    scaleBar: { ...scaleBar, corner: nextCorner(scaleBar.corner) },
  })),
  preference(
    {
      id: 'interface.overview',
      title: 'Overview map',
      icon: Map,
      isOn: (state) => state.preferences.overview.visible,
    },
    ({ overview }) => ({ overview: { ...overview, visible: !overview.visible } }),
  ),
  preference(
    { id: 'interface.move-overview', title: 'Move overview map to next corner' },
    ({ overview }) => ({
      overview: { ...overview, corner: nextCorner(overview.corner) },
    }),
  ),
  ...surrounds.map(([surround, title]) =>
    preference(
      {
        id: `interface.surround-${surround}`,
        title,
        icon: Sun,
        isOn: (state: AppState) => state.preferences.surround === surround,
      },
      () => ({ surround }),
    ),
  ),
  {
    id: 'interface.log',
    title: 'Log',
    group: 'Interface',
    icon: ScrollText,
    isOn: (state) => state.logOpen,
    perform: ({ store }) => store.dispatch({ type: 'log-open', open: !store.getState().logOpen }),
  },
];

function toggleDialog(store: Parameters<Command['perform']>[0]['store'], dialog: 'palette' | 'help'): void {
  store.dispatch({ type: 'dialog', dialog: store.getState().dialog === dialog ? null : dialog });
}
