/** Keyboard shortcuts: notation, matching key presses, and the hook that performs commands. */

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
