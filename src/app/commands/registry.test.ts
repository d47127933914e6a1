import { expect, it } from 'vitest';
import { parsePreferences } from '../state/preferences.ts';
import { initialState } from '../state/reducer.ts';
import { allCommands, commandById, commands } from './registry.ts';
import { parseShortcut } from './shortcuts.ts';

it('has one command per id and one per shortcut', () => {
  const ids = commands.map((command) => command.id);
  expect(new Set(ids).size).toBe(ids.length);
  const shortcuts = commands.flatMap((command) =>
    (command.shortcuts ?? []).map((text) => JSON.stringify(parseShortcut(text))),
  );
  // While the Objects panel is open, it has undo, redo and the digits 1 to 7 for itself.
  expect(shortcuts.length - new Set(shortcuts).size).toBe(3 + 3 + 7);
  const of = (key: string): string[] =>
    commands.filter(({ shortcuts: own }) => own?.includes(key)).map(({ id }) => id);
  // Space pauses a run or resumes one that has ended: never both.
  expect(of(' ')).toEqual(['segment.pause', 'segment.resume']);
  // In this order: the first that is available has the key.
  expect(of('Escape')).toEqual(['view.leave-tool', 'segment.cancel']);
  expect(of('Ctrl+Z')).toEqual(['interface.undo', 'objects.undo', 'annotate.undo']);
});

it("has the design's keys", () => {
  const byKey = new Map(
    commands.flatMap((command) => (command.shortcuts ?? []).map((key) => [key, command.id])),
  );
  const expected =
    'C F O H S Shift+S Escape R Shift+R [ ] + - 1 2 3 4 5 6 7 ArrowLeft ArrowUp Ctrl+K ?'.split(' ');
  expect(expected.filter((key) => !byKey.has(key))).toEqual([]);
});

it('has a command per demo slide', () => {
  const demo = { file: 'a.svs', title: 'A', description: '', synthetic: true, licence: '' };
  const state = { ...initialState(parsePreferences(null)), demos: [demo] };
  expect(allCommands(state).map((command) => command.id)).toContain('slide.demo.a.svs');
});

it('throws for an unknown id', () => {
  expect(() => commandById('fly')).toThrow();
});
