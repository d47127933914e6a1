// @vitest-environment jsdom
/** Command palette: finding by typing, choosing by keys. */
import { act, cleanup, createEvent, fireEvent, render, screen, within } from '@testing-library/react';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { TestBench } from '../testing.tsx';
import { CommandPalette } from './command-palette.tsx';

let bench: TestBench;
beforeEach(() => {
  bench = new TestBench();
});
afterEach(cleanup);

function show(): void {
  bench.dialog('palette');
  render(<CommandPalette />, { wrapper: bench.Wrapper });
}

// By selector: looking for roles among a hundred options takes jsdom half a second.
const input = (): HTMLInputElement => document.querySelector('input[role=combobox]')!;
const options = (): HTMLElement[] => [
  ...document.querySelectorAll<HTMLElement>('[role=listbox] > [role=option]'),
];
const titles = (): (string | null | undefined)[] =>
  options().map((option) => option.querySelector('.palette-title')?.textContent);
const type = (value: string): void => void fireEvent.change(input(), { target: { value } });
/** The one option that is selected, which the input must point at. */
function selected(): number {
  const chosen = options().filter((option) => option.getAttribute('aria-selected') === 'true');
  expect(chosen).toHaveLength(1);
  expect(input().getAttribute('aria-activedescendant')).toBe(chosen[0]?.id);
  return options().indexOf(chosen[0]!);
}

describe('the command palette', () => {
  it('takes the focus, and owns the list that it filters', () => {
    show();
    type('theme');
    expect(document.activeElement).toBe(screen.getByRole('combobox', { name: 'Command' }));
    expect(input().getAttribute('aria-controls')).toBe(screen.getByRole('listbox', { name: 'Commands' }).id);
    expect(input().getAttribute('aria-expanded')).toBe('true');
  });

  it('offers only what can be done now', () => {
    show();
    expect(titles()).not.toContain('Segment whole slide');
    expect(titles()).toContain('Keyboard shortcuts');
    act(() => void bench.ready());
    expect(titles()).toContain('Segment whole slide');
    expect(titles()).not.toContain('Cancel segmentation');
    // One for each model.
    expect(titles()).toContain('Use model: Beta');
  });

  it('finds by letters at the beginnings of words, and says when nothing fits', () => {
    bench.ready();
    show();
    const all = options().length;
    type('sws');
    expect(titles()[0]).toBe('Segment whole slide');
    type('zzzz');
    expect(options()).toHaveLength(0);
    expect(screen.getByText(/^No (matches|command)/)).toBeTruthy();
    expect(input().hasAttribute('aria-activedescendant')).toBe(false);
    type('');
    expect(options()).toHaveLength(all);
  });

  it('moves by arrows, round at both ends, and starts again when something is typed', () => {
    bench.ready();
    show();
    expect(selected()).toBe(0);
    fireEvent.keyDown(input(), { key: 'ArrowDown' });
    fireEvent.keyDown(input(), { key: 'ArrowDown' });
    expect(selected()).toBe(2);
    type('seg');
    expect(selected()).toBe(0);
    fireEvent.keyDown(input(), { key: 'ArrowUp' });
    expect(selected()).toBe(options().length - 1);
    fireEvent.keyDown(input(), { key: 'ArrowDown' });
    expect(selected()).toBe(0);
  });

  it('performs by Enter and closes', () => {
    bench.ready();
    const segment = vi.spyOn(bench.workbench.segmentation, 'segment').mockResolvedValue(undefined);
    show();
    type('segment whole');
    fireEvent.keyDown(input(), { key: 'Enter' });
    expect(segment).toHaveBeenCalledExactlyOnceWith('whole');
    expect(bench.isDialogOpen()).toBe(false);
  });

  it('performs by a click, and does nothing by Enter where nothing fits', () => {
    bench.ready();
    const segment = vi.spyOn(bench.workbench.segmentation, 'segment').mockResolvedValue(undefined);
    show();
    type('zzzz');
    fireEvent.keyDown(input(), { key: 'Enter' });
    expect(bench.isDialogOpen()).toBe(true);
    type('segment visible');
    fireEvent.click(options()[0]!);
    expect(segment).toHaveBeenCalledExactlyOnceWith('visible');
    expect(bench.isDialogOpen()).toBe(false);
  });

  it('marks what is on, and shows the keys', () => {
    bench.ready();
    show();
    type('use model');
    const [alpha, beta] = ['Alpha', 'Beta'].map((name) => screen.getByRole('option', { name: RegExp(name) }));
    expect(within(alpha!).queryByText('On')).not.toBeNull();
    expect(within(beta!).queryByText('On')).toBeNull();
    type('segment whole');
    expect([...options()[0]!.querySelectorAll('kbd')].map(({ textContent }) => textContent)).toEqual([
      'Shift',
      'S',
    ]);
  });

  it('closes by Escape, which the browser reports as a cancel', () => {
    show();
    const dialog = screen.getByRole('dialog');
    const cancel = createEvent('cancel', dialog, { cancelable: true });
    fireEvent(dialog, cancel);
    expect(bench.isDialogOpen()).toBe(false);
    // React takes the dialog away, not the browser.
    expect(cancel.defaultPrevented).toBe(true);
  });
});
