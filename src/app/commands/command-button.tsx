/** A button for a command: its icon, its title as name and tooltip, its shortcut in the tooltip. */
import { Keys } from '../frame/keys.tsx';
import { tip } from '../frame/tip.ts';
import { useApp, useWorkbench } from '../workbench-context.ts';
import { isEnabled } from './command.ts';
import { commandById } from './registry.ts';

export interface CommandButtonProps {
  readonly id: string;
  /** Text next to the icon. */
  readonly label?: string;
  readonly className?: string;
  /** Replaces the command's icon. */
  readonly icon?: React.ReactNode;
  /** Second line of the tooltip. */
  readonly note?: string | undefined;
  /** Whether the shortcut stands next to the label, as in a menu, and not in a tooltip. */
  readonly keys?: boolean;
}

export function CommandButton({
  id,
  label,
  className,
  icon,
  note,
  keys = false,
}: CommandButtonProps): React.JSX.Element {
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
      {...(keys ? {} : tip(command.title, shortcut, note))}
      aria-label={label === undefined ? command.title : undefined}
      aria-keyshortcuts={shortcut?.replace('Ctrl', 'Control').replace(/^ $/, 'Space')}
      aria-pressed={on}
      disabled={!enabled}
      data-testid={`command-${id}`}
      onClick={() => command.perform(workbench)}
    >
      {icon ?? (Icon === undefined ? null : <Icon size={16} strokeWidth={1.75} aria-hidden />)}
      {label}
      {keys && shortcut !== undefined && <Keys shortcut={shortcut} />}
    </button>
  );
}
