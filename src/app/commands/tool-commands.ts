/** The tool in hand: leaving it. */
import { LogOut } from 'lucide-react';
import { toolInHand } from '../state/tools.ts';
import type { Command } from './command.ts';
import { leaveTool } from './leave-tool.ts';

/** Before others with the same key: Esc leaves the tool first, whatever runs. */
export const toolCommands: readonly Command[] = [
  {
    id: 'view.leave-tool',
    title: 'Leave the tool',
    group: 'View',
    icon: LogOut,
    shortcuts: ['Escape'],
    when: (state) => toolInHand(state.slide) !== null,
    perform: ({ store }) => leaveTool(store),
  },
];
