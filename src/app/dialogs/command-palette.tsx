/** The command palette: all available commands, searchable. */
import { useEffect, useId, useRef, useState } from 'react';
import { isEnabled } from '../commands/command.ts';
import { allCommands } from '../commands/registry.ts';
import { useApp, useWorkbench } from '../workbench-context.ts';
import { Keys } from './help-sheet.tsx';
import { Modal } from './modal.tsx';
import { rank } from './rank-commands.ts';

export function CommandPalette(): React.JSX.Element {
  const workbench = useWorkbench();
  const state = useApp((whole) => whole);
  const [query, setQuery] = useState('');
  const [chosen, setChosen] = useState(0);
  const listId = useId();
  const list = useRef<HTMLUListElement>(null);
  const found = rank(
    query,
    allCommands(state).filter((command) => isEnabled(command, state)),
  );
  const index = Math.min(chosen, found.length - 1);

  useEffect(() => {
    list.current?.children[index]?.scrollIntoView({ block: 'nearest' });
  }, [index]);

  const perform = (at: number): void => {
    const command = found[at];
    if (command === undefined) return;
    workbench.store.dispatch({ type: 'dialog', dialog: null });
    command.perform(workbench);
  };

  const onKeyDown = (event: React.KeyboardEvent): void => {
    const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
    if (step !== 0 && found.length > 0) {
      event.preventDefault();
      setChosen((index + step + found.length) % found.length);
    } else if (event.key === 'Enter') {
      event.preventDefault();
      perform(index);
    }
  };

  return (
    <Modal title="Command palette" bare className="palette" testId="palette">
      <input
        type="text"
        className="palette-input"
        placeholder="Type a command"
        aria-label="Command"
        role="combobox"
        aria-expanded
        aria-controls={listId}
        aria-activedescendant={found.length > 0 ? `${listId}-${index}` : undefined}
        autoComplete="off"
        spellCheck={false}
        value={query}
        onChange={(event) => {
          setQuery(event.target.value);
          setChosen(0);
        }}
        onKeyDown={onKeyDown}
      />
      <ul className="palette-list" id={listId} role="listbox" aria-label="Commands" ref={list}>
        {found.map((command, at) => {
          const Icon = command.icon;
          const on = command.isOn?.(state);
          return (
            <li
              key={command.id}
              id={`${listId}-${at}`}
              role="option"
              aria-selected={at === index}
              onMouseMove={() => setChosen(at)}
              onClick={() => perform(at)}
            >
              <span className="palette-icon">{Icon !== undefined && <Icon size={15} aria-hidden />}</span>
              <span className="palette-title">{command.title}</span>
              {on === true && <span className="tag">On</span>}
              {command.shortcuts?.[0] !== undefined && <Keys shortcut={command.shortcuts[0]} />}
            </li>
          );
        })}
      </ul>
      {found.length === 0 && <p className="hint palette-none">No matches</p>}
    </Modal>
  );
}
