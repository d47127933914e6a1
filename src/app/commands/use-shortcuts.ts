/** Performs the commands that key presses mean. */
import { useEffect } from 'react';
import { useWorkbench } from '../workbench-context.ts';
import { isEnabled } from './command.ts';
import { commands } from './registry.ts';
import { isSingleKey, matches, parseShortcut } from './shortcuts.ts';
import type { KeyPress } from './shortcuts.ts';

const bindings = commands.flatMap((command) =>
  (command.shortcuts ?? []).map((text) => ({ command, shortcut: parseShortcut(text) })),
);

export function useShortcuts(): void {
  const workbench = useWorkbench();
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent): void => {
      if (event.defaultPrevented || event.isComposing) return;
      const state = workbench.store.getState();
      const press = pressOf(event);
      const found = bindings.find(
        ({ command, shortcut }) => matches(shortcut, press) && isEnabled(command, state),
      );
      if (found === undefined) return;
      const single = isSingleKey(found.shortcut);
      if (single && !state.preferences.singleKeyShortcuts) return;
      // An open dialog keeps all keys except those that toggle dialogs.
      const isDialogKey = found.command.id === 'interface.palette' || found.command.id === 'interface.help';
      if (state.dialog !== null && !(isDialogKey && (!single || !isTyping(event.target)))) return;
      if (!found.shortcut.ctrl && isTyping(event.target)) return;
      if (isOwnKey(event)) return;
      event.preventDefault();
      found.command.perform(workbench);
    };
    window.addEventListener('keydown', onKeyDown);
    return () => window.removeEventListener('keydown', onKeyDown);
  }, [workbench]);
}

function pressOf(event: KeyboardEvent): KeyPress {
  const { key, ctrlKey, metaKey, altKey, shiftKey } = event;
  return { key, ctrlKey, metaKey, altKey, shiftKey, altGraph: event.getModifierState('AltGraph') };
}

function isTyping(target: EventTarget | null): boolean {
  if (target instanceof HTMLTextAreaElement) return true;
  return target instanceof HTMLInputElement && ['text', 'search', 'number', 'url'].includes(target.type);
}

/** Whether the focused control uses the key itself, as sliders, radio buttons and lists use arrows. */
function isOwnKey(event: KeyboardEvent): boolean {
  const { target, key } = event;
  // Space presses the focused button.
  if (key === ' ' && target instanceof HTMLButtonElement && !target.disabled) return true;
  const usesKeys =
    target instanceof HTMLSelectElement ||
    (target instanceof HTMLInputElement && ['range', 'radio'].includes(target.type));
  if (!usesKeys) return false;
  return key.startsWith('Arrow') || key === 'Home' || key === 'End' || target instanceof HTMLSelectElement;
}
