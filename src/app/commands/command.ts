/** A command: the single definition behind toolbar buttons, shortcuts, palette and help sheet. */
import type { LucideIcon } from 'lucide-react';
import type { Workbench } from '../session/workbench.ts';
import type { AppState } from '../state/state.ts';

export const commandGroups = [
  'Slide',
  'Segment',
  'Overlay',
  'Compare',
  'Annotate',
  'Objects',
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
  /** Such as `Shift+S`, `Ctrl+K`, `[` or `ArrowLeft`; the first one is displayed. */
  readonly shortcuts?: readonly string[];
  /** Whether it is available now; always, if absent. */
  readonly when?: (state: AppState) => boolean;
  /** For toggles: whether it is on. */
  readonly isOn?: (state: AppState) => boolean;
  perform(workbench: Workbench): void;
  /** For what lasts while its key is held: ends it. */
  readonly release?: (workbench: Workbench) => void;
}

export function isEnabled(command: Command, state: AppState): boolean {
  return command.when?.(state) ?? true;
}
