// @vitest-environment jsdom
/** Deleting saved results: asks first, and says how much there is. */
import { cleanup, fireEvent, render, screen } from '@testing-library/react';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { TestBench } from '../testing.tsx';
import { DeleteResultsDialog } from './delete-results-dialog.tsx';

let bench: TestBench;
const deleteAll = vi.fn(() => Promise.resolve());
beforeEach(() => {
  bench = new TestBench();
  bench.workbench.stored.deleteAll = deleteAll;
  deleteAll.mockClear();
});
afterEach(cleanup);

function show(): void {
  bench.dialog('delete-results');
  render(<DeleteResultsDialog />, { wrapper: bench.Wrapper });
}

const button = (name: string): HTMLButtonElement => screen.getByRole('button', { name });

it('says what is deleted and how much, and deletes when confirmed', async () => {
  bench.storageUse(5, 12_400_000, 2);
  show();
  expect(await screen.findByText(/5 saved runs of 2 slides \(12 MB\)\?.*cannot be undone/)).toBeTruthy();
  expect(deleteAll).not.toHaveBeenCalled();
  fireEvent.click(button('Delete 12 MB'));
  expect(deleteAll).toHaveBeenCalledOnce();
  expect(bench.isDialogOpen()).toBe(false);
});

it('starts on Cancel, which deletes nothing', async () => {
  bench.storageUse(1, 500);
  show();
  await screen.findByText(/1 saved run of 1 slide \(500 B\)/);
  expect(document.activeElement).toBe(button('Cancel'));
  fireEvent.click(button('Cancel'));
  expect(deleteAll).not.toHaveBeenCalled();
  expect(bench.isDialogOpen()).toBe(false);
});

it('offers nothing to delete where nothing is saved', async () => {
  show();
  await screen.findByText('No results are saved in this browser.');
  expect(button('Delete').disabled).toBe(true);
});
