/** A command: the one description from which toolbar, shortcuts, palette and help sheet are made. */
import type { LucideIcon } from 'lucide-react';
import type { Workbench } from '../session/workbench.ts';
import type { AppState } from '../state/state.ts';

export const commandGroups = [
  'Slide',
  'Segment',
  'Overlay',
  'Compare',
  'Annotate',
  'Export',
  'View',
  'Interface',
] as const;
export type CommandGroup = (typeof commandGroups)[number];

export interface Command {
  readonly id: string;
  readonly title: string;
  readonly group: CommandGroup;
  readonly icon?: LucideIcon;
  /** Any of these, as `Shift+S`, `Ctrl+K`, `[`, `ArrowLeft`; the first is the one that is shown. */
  readonly shortcuts?: readonly string[];
  /** Whether it can be done now; absent means always. */
  readonly when?: (state: AppState) => boolean;
  /** For commands that switch something: whether it is on. */
  readonly isOn?: (state: AppState) => boolean;
  perform(workbench: Workbench): void;
}

export function isEnabled(command: Command, state: AppState): boolean {
  return command.when?.(state) ?? true;
}

/** Title and shortcut, for tooltips. */
export function describe(command: Command, formatted: string | null): string {
  return formatted === null ? command.title : `${command.title} (${formatted})`;
}
