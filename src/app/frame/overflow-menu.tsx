/** The menu of commands that have no room in the top bar. */
import { Ellipsis } from 'lucide-react';
import { useId, useRef } from 'react';
import { CommandButton } from '../commands/command-button.tsx';
import { commandById } from '../commands/registry.ts';
import { tip } from './tip.ts';

export interface MenuGroup {
  readonly title: string;
  /** Ids of commands. */
  readonly commands: readonly string[];
}

export function OverflowMenu({
  groups,
}: {
  readonly groups: readonly MenuGroup[];
}): React.JSX.Element | null {
  const menu = useRef<HTMLDivElement>(null);
  const id = useId();
  if (groups.length === 0) return null;
  return (
    <div className="overflow-menu" data-menu="">
      <button
        type="button"
        className="button icon-button"
        aria-label="More commands"
        popoverTarget={id}
        data-testid="more-commands"
        {...tip('More commands')}
      >
        <Ellipsis size={16} strokeWidth={1.75} aria-hidden />
      </button>
      <div
        ref={menu}
        id={id}
        className="menu"
        popover="auto"
        data-testid="more-commands-menu"
        // Esc closes the menu, and nothing else.
        onKeyDown={(event) => {
          if (event.key === 'Escape') event.stopPropagation();
        }}
        onClick={(event) => {
          if (event.target instanceof Element && event.target.closest('button') !== null)
            menu.current?.hidePopover();
        }}
      >
        {groups.map(({ title, commands }) => (
          <div key={title} role="group" aria-label={title}>
            {commands.map((command) => (
              <CommandButton key={command} id={command} label={commandById(command).title} keys />
            ))}
          </div>
        ))}
      </div>
    </div>
  );
}
