/** The command palette: all available commands, searchable. */
import { useEffect, useId, useRef, useState } from 'react';
import { isEnabled } from '../commands/command.ts';
import { allCommands } from '../commands/registry.ts';
import { useApp, useWorkbench } from '../workbench-context.ts';
import { Keys } from '../frame/keys.tsx';
import { Modal } from './modal.tsx';

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

/**
 * How well `title` matches the letters of `query` in order; null if it does not. Higher is better: letters that
 * start words count most, then consecutive letters.
 */
export function fit(query: string, title: string): number | null {
  const wanted = query.toLowerCase().replace(/\s+/g, '');
  const text = title.toLowerCase();
  let score = 0;
  let at = 0;
  let previous = -2;
  for (const letter of wanted) {
    const found = nextMatch(text, letter, at, previous);
    if (found < 0) return null;
    const startsWord = found === 0 || /[^a-z0-9]/.test(text[found - 1] ?? '');
    score += startsWord ? 3 : found === previous + 1 ? 2 : 0;
    previous = found;
    at = found + 1;
  }
  // Break ties in favour of shorter titles.
  return score - title.length / 1000;
}

/** Position of the next `letter`: right after the previous one, else at the start of a word, else anywhere. */
function nextMatch(text: string, letter: string, from: number, previous: number): number {
  if (text[previous + 1] === letter && previous >= 0) return previous + 1;
  for (let at = from; at < text.length; at++) {
    const startsWord = at === 0 || /[^a-z0-9]/.test(text[at - 1] ?? '');
    if (text[at] === letter && startsWord) return at;
  }
  return text.indexOf(letter, from);
}

/** The items whose title matches, best first; for an empty query all, in their order. */
export function rank<Item extends { readonly title: string }>(query: string, items: readonly Item[]): Item[] {
  if (query.trim() === '') return [...items];
  return items
    .flatMap((item) => {
      const score = fit(query, item.title);
      return score === null ? [] : [{ item, score }];
    })
    .sort((one, other) => other.score - one.score)
    .map(({ item }) => item);
}
