import { describe, expect, it } from 'vitest';
import { formatShortcut, isSingleKey, matches, parseShortcut } from './shortcuts.ts';
import type { KeyPress } from './shortcuts.ts';

function press(key: string, held: Partial<KeyPress> = {}): KeyPress {
  return { key, ctrlKey: false, metaKey: false, altKey: false, shiftKey: false, altGraph: false, ...held };
}

describe('matches', () => {
  it('distinguishes S from Shift+S, even with caps lock', () => {
    const plain = parseShortcut('S');
    const shifted = parseShortcut('Shift+S');
    expect(matches(plain, press('s'))).toBe(true);
    expect(matches(plain, press('S'))).toBe(true);
    expect(matches(plain, press('S', { shiftKey: true }))).toBe(false);
    expect(matches(shifted, press('S', { shiftKey: true }))).toBe(true);
    expect(matches(shifted, press('s'))).toBe(false);
  });

  it('accepts a symbol on any keyboard layout', () => {
    expect(matches(parseShortcut('?'), press('?', { shiftKey: true }))).toBe(true);
    expect(matches(parseShortcut('+'), press('+'))).toBe(true);
    expect(matches(parseShortcut('+'), press('+', { shiftKey: true }))).toBe(true);
    // AltGr+8 on a German keyboard, as Windows reports it.
    const altGr = press('[', { ctrlKey: true, altKey: true, altGraph: true });
    expect(matches(parseShortcut('['), altGr)).toBe(true);
  });

  it('ignores the browser’s own shortcuts', () => {
    expect(matches(parseShortcut('C'), press('c', { ctrlKey: true }))).toBe(false);
    expect(matches(parseShortcut('R'), press('r', { metaKey: true }))).toBe(false);
    expect(matches(parseShortcut('ArrowLeft'), press('ArrowLeft', { altKey: true }))).toBe(false);
  });

  it('treats Command as Ctrl', () => {
    expect(matches(parseShortcut('Ctrl+K'), press('k', { metaKey: true }))).toBe(true);
    expect(matches(parseShortcut('Ctrl+K'), press('k', { ctrlKey: true }))).toBe(true);
    expect(matches(parseShortcut('Ctrl+K'), press('k'))).toBe(false);
  });
});

it('recognises single keys', () => {
  expect(isSingleKey(parseShortcut('Shift+S'))).toBe(true);
  expect(isSingleKey(parseShortcut('Ctrl+K'))).toBe(false);
  expect(isSingleKey(parseShortcut('Escape'))).toBe(false);
});

it('formats keycaps', () => {
  expect(formatShortcut('Ctrl+K', false)).toBe('Ctrl+K');
  expect(formatShortcut('Ctrl+K', true)).toBe('⌘K');
  expect(formatShortcut('+', false)).toBe('+');
  expect(formatShortcut('Shift+S', false)).toBe('Shift+S');
  expect(formatShortcut('ArrowLeft', false)).toBe('←');
});
