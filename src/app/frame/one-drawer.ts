/** In a narrow window panels lie over the tissue: two of them would leave nothing of it, so one makes room for the other. */
import type { AppStore } from '../state/store.ts';

/** CSS pixels; below, two panels hide more than half of the window. */
const narrow = '(width < 900px)';

/** @returns a function that stops this */
export function keepOneDrawer(store: AppStore): () => void {
  const query = window.matchMedia(narrow);
  const fold = (latest: 'left' | 'right'): void => {
    const { leftPanel, rightPanel } = store.getState().preferences;
    if (!query.matches || leftPanel === null || !rightPanel) return;
    const change = latest === 'left' ? { rightPanel: false } : { leftPanel: null };
    store.dispatch({ type: 'preferences', change });
  };
  const onWidth = (): void => fold('left');
  onWidth();
  query.addEventListener('change', onWidth);
  const ends = [
    store.subscribe(
      (state) => state.preferences.leftPanel,
      () => fold('left'),
    ),
    store.subscribe(
      (state) => state.preferences.rightPanel,
      () => fold('right'),
    ),
  ];
  return () => {
    query.removeEventListener('change', onWidth);
    for (const end of ends) end();
  };
}
