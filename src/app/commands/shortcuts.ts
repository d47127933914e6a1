/** Keyboard shortcuts: notation, matching key presses, and the hook that performs commands. */
import { useEffect } from 'react';
import { useWorkbench } from '../workbench-context.ts';
import { isEnabled } from './command.ts';
import { commands } from './registry.ts';

export interface Shortcut {
  /** As in KeyboardEvent.key; letters in lower case. */
  readonly key: string;
  readonly ctrl: boolean;
  readonly alt: boolean;
  /** null if the character itself depends on Shift, as `?` and `+` do. */
  readonly shift: boolean | null;
}

/** The relevant part of a KeyboardEvent. */
export interface KeyPress {
  readonly key: string;
  readonly ctrlKey: boolean;
  readonly metaKey: boolean;
  readonly altKey: boolean;
  readonly shiftKey: boolean;
  /** Whether AltGr is down. Many keyboards need it for brackets and report it as Ctrl+Alt. */
  readonly altGraph: boolean;
}

/** Parses `Shift+S`, `Ctrl+K`, `+` or `ArrowLeft`. */
export function parseShortcut(text: string): Shortcut {
  // A trailing `+` is the key, not a separator.
  const parts = text.endsWith('+') ? [...text.slice(0, -1).split('+').filter(Boolean), '+'] : text.split('+');
  const key = parts[parts.length - 1] ?? '';
  const modifiers = parts.slice(0, -1);
  const isCharacter = key.length === 1;
  const isLetter = /^[a-z]$/i.test(key);
  return {
    key: isLetter ? key.toLowerCase() : key,
    ctrl: modifiers.includes('Ctrl'),
    alt: modifiers.includes('Alt'),
    shift: isCharacter && !isLetter ? null : modifiers.includes('Shift'),
  };
}

/** Whether a key press triggers a shortcut. The Mac's Command key counts as Ctrl. */
export function matches(shortcut: Shortcut, press: KeyPress): boolean {
  const key = press.key.length === 1 ? press.key.toLowerCase() : press.key;
  if (key !== shortcut.key) return false;
  const ctrl = !press.altGraph && (press.ctrlKey || press.metaKey);
  const alt = !press.altGraph && press.altKey;
  if (ctrl !== shortcut.ctrl || alt !== shortcut.alt) return false;
  return shortcut.shift === null || press.shiftKey === shortcut.shift;
}

/** Whether it is a character without Ctrl or Alt, which speech input can trigger accidentally. */
export function isSingleKey(shortcut: Shortcut): boolean {
  return shortcut.key.length === 1 && !shortcut.ctrl && !shortcut.alt;
}

const names: Readonly<Record<string, string>> = {
  ArrowLeft: '←',
  ArrowRight: '→',
  ArrowUp: '↑',
  ArrowDown: '↓',
  Escape: 'Esc',
  ' ': 'Space',
};

/** The labels of its keys, in order. */
export function keycaps(text: string, isMac: boolean): string[] {
  const { key, ctrl, alt, shift } = parseShortcut(text);
  const cap = names[key] ?? (key.length === 1 ? key.toUpperCase() : key);
  return [
    ...(ctrl ? [isMac ? '⌘' : 'Ctrl'] : []),
    ...(alt ? [isMac ? '⌥' : 'Alt'] : []),
    ...(shift === true ? [isMac ? '⇧' : 'Shift'] : []),
    cap,
  ];
}

/** `Ctrl+K`, or `⌘K` on a Mac. */
export function formatShortcut(text: string, isMac: boolean): string {
  return keycaps(text, isMac).join(isMac ? '' : '+');
}

/** Whether shortcuts are displayed as on a Mac. */
export const isMac = typeof navigator !== 'undefined' && /Mac|iPhone|iPad/.test(navigator.userAgent);

const bindings = commands.flatMap((command) =>
  (command.shortcuts ?? []).map((text) => ({ command, shortcut: parseShortcut(text) })),
);

export function useShortcuts(): void {
  const workbench = useWorkbench();
  useEffect(() => {
    /** The command whose key is held. */
    let held: { readonly key: string; readonly end: () => void } | null = null;
    const onKeyDown = (event: KeyboardEvent): void => {
      if (event.defaultPrevented || event.isComposing) return;
      const state = workbench.store.getState();
      const press = pressOf(event);
      const found = bindings.find(
        ({ command, shortcut }) => matches(shortcut, press) && isEnabled(command, state),
      );
      if (found === undefined) {
        // Else the letter of a command that is not available now would choose from the list that has the focus.
        if (isLetterForList(event) && bindings.some(({ shortcut }) => matches(shortcut, press))) {
          event.preventDefault();
        }
        return;
      }
      const single = isSingleKey(found.shortcut);
      if (single && !state.preferences.singleKeyShortcuts) return;
      // An open dialog keeps all keys except those that toggle dialogs.
      const isDialogKey = found.command.id === 'interface.palette' || found.command.id === 'interface.help';
      if (state.dialog !== null && !(isDialogKey && (!single || !isTyping(event.target)))) return;
      if (!found.shortcut.ctrl && isTyping(event.target)) return;
      if (isOwnKey(event)) return;
      event.preventDefault();
      const { command } = found;
      if (command.release !== undefined) {
        if (event.repeat) return;
        held = { key: press.key.toLowerCase(), end: () => command.release?.(workbench) };
      }
      command.perform(workbench);
    };
    const endHeld = (): void => {
      held?.end();
      held = null;
    };
    const onKeyUp = (event: KeyboardEvent): void => {
      if (event.key.toLowerCase() === held?.key) endHeld();
    };
    window.addEventListener('keydown', onKeyDown);
    window.addEventListener('keyup', onKeyUp);
    // The key may be let go in another window.
    window.addEventListener('blur', endHeld);
    return () => {
      endHeld();
      window.removeEventListener('keydown', onKeyDown);
      window.removeEventListener('keyup', onKeyUp);
      window.removeEventListener('blur', endHeld);
    };
  }, [workbench]);
}

function pressOf(event: KeyboardEvent): KeyPress {
  const { key, ctrlKey, metaKey, altKey, shiftKey } = event;
  return { key, ctrlKey, metaKey, altKey, shiftKey, altGraph: event.getModifierState('AltGraph') };
}

/** Types of inputs that take text. */
const typed = ['text', 'search', 'number', 'url', 'password', 'email', 'tel'];

function isTyping(target: EventTarget | null): boolean {
  if (target instanceof HTMLTextAreaElement) return true;
  return target instanceof HTMLInputElement && typed.includes(target.type);
}

/**
 * Whether the focused control uses the key itself: Space presses buttons, arrows move in sliders and lists. Letters and digits
 * belong to the slide, so that a list that was used does not change with the next shortcut; while a list is open, all keys are
 * its own.
 */
function isOwnKey({ target, key }: KeyboardEvent): boolean {
  const isSwitch = target instanceof HTMLInputElement && ['checkbox', 'radio'].includes(target.type);
  const isPressed = target instanceof HTMLButtonElement && !target.disabled;
  if (key === ' ' && (isSwitch || isPressed)) return true;
  const isList = target instanceof HTMLSelectElement;
  if (isList && (isOpenList(target) || key === ' ' || key === 'Enter')) return true;
  const usesArrows =
    isList || (target instanceof HTMLInputElement && ['range', 'radio'].includes(target.type));
  return usesArrows && (key.startsWith('Arrow') || key === 'Home' || key === 'End');
}

/** Whether a closed list would take a key as the first letter of an entry. */
function isLetterForList({ target, key }: KeyboardEvent): boolean {
  return target instanceof HTMLSelectElement && !isOpenList(target) && key.length === 1 && key !== ' ';
}

/** False in browsers that do not tell. */
function isOpenList(list: HTMLSelectElement): boolean {
  try {
    return list.matches(':open');
  } catch {
    return false;
  }
}
