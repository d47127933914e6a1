/** A button for a command: its icon, its title as name and tooltip, its shortcut in the tooltip. */
import { useApp, useWorkbench } from '../workbench-context.ts';
import { describe, isEnabled } from './command.ts';
import { isMac, formatShortcut } from './shortcuts.ts';
import { commandById } from './registry.ts';

export interface CommandButtonProps {
  readonly id: string;
  /** Text next to the icon. */
  readonly label?: string;
  readonly className?: string;
  /** Replaces the command's icon. */
  readonly icon?: React.ReactNode;
}

export function CommandButton({ id, label, className, icon }: CommandButtonProps): React.JSX.Element {
  const workbench = useWorkbench();
  const command = commandById(id);
  const enabled = useApp((state) => isEnabled(command, state));
  const on = useApp((state) => command.isOn?.(state));
  const shortcut = command.shortcuts?.[0];
  const Icon = command.icon;
  return (
    <button
      type="button"
      className={`button ${label === undefined ? 'icon-button' : ''} ${className ?? ''}`}
      title={describe(command, shortcut === undefined ? null : formatShortcut(shortcut, isMac))}
      aria-label={label === undefined ? command.title : undefined}
      aria-keyshortcuts={shortcut?.replace('Ctrl', 'Control').replace(/^ $/, 'Space')}
      aria-pressed={on}
      disabled={!enabled}
      data-testid={`command-${id}`}
      onClick={() => command.perform(workbench)}
    >
      {icon ?? (Icon === undefined ? null : <Icon size={16} strokeWidth={1.75} aria-hidden />)}
      {label}
    </button>
  );
}
