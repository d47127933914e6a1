/** Everything of value that goes by one click, each with the way back. */
import type { Annotation } from '../annotate/annotation.ts';
import type { Workbench } from '../session/workbench.ts';
import { annotateOf } from '../state/state.ts';

const counted = (count: number, one: string, many: string): string =>
  count === 1 ? `1 ${one}` : `${count.toLocaleString('en-GB')} ${many}`;

/** Deletes annotations of the open slide. */
export function deleteAnnotations({ store, undo }: Workbench, deleted: readonly Annotation[]): void {
  if (deleted.length === 0) return;
  const ids = deleted.map(({ id }) => id);
  store.dispatch({ type: 'annotate', action: { kind: 'delete', ids } });
  undo.offer({
    text: `${counted(deleted.length, 'annotation', 'annotations')} deleted.`,
    // Nothing has changed since, so the last step is this one.
    undo: () => store.dispatch({ type: 'annotate', action: { kind: 'undo' } }),
    changed: (state) => annotateOf(state).annotations,
  });
}

/** Deletes a bookmark of the open slide. */
export function deleteBookmark({ store, navigation, undo }: Workbench, id: string, number: number): void {
  const before = store.getState().slide?.bookmarks ?? [];
  const note = before.find((bookmark) => bookmark.id === id)?.note ?? '';
  navigation.deleteBookmark(id);
  undo.offer({
    text: `${note === '' ? `Bookmark ${number}` : `Bookmark “${note}”`} deleted.`,
    undo: () => store.dispatch({ type: 'bookmarks', bookmarks: before }),
    changed: ({ slide }) => slide?.bookmarks,
  });
}

/** Removes the ground truth, or replaces it by `change`, of the open slide. */
export async function replaceTruth(
  { store, annotations, undo }: Workbench,
  change: () => void | Promise<void>,
): Promise<void> {
  const slideId = store.getState().slide?.slideId;
  const before = annotations.keptTruth();
  const hadTruth = annotateOf(store.getState()).truth;
  await change();
  const state = store.getState();
  const now = annotateOf(state).truth;
  if (before === null || hadTruth === null || now === hadTruth || state.slide?.slideId !== slideId) return;
  undo.offer({
    text: `Ground truth ${hadTruth.name === '' ? '' : `“${hadTruth.name}” `}${now === null ? 'removed' : 'replaced'}.`,
    undo: () => annotations.putTruth(before),
    // Painting it changes its progress.
    changed: (later) => annotateOf(later).truth?.labels,
  });
}

/** Back to the slide's own channels, colours and windows. */
export function resetChannels({ store, slides, undo }: Workbench): void {
  const before = store.getState().slide?.channels ?? null;
  if (before === null) return;
  slides.channels.reset();
  undo.offer({
    text: 'Channels reset.',
    undo: () => store.dispatch({ type: 'channels', view: before }),
    changed: ({ slide }) => slide?.channels,
  });
}
