/** What the left rail has opened. */
import { AnnotationsPanel } from '../annotate/annotations-panel.tsx';
import { hasSlide } from '../state/state.ts';
import { useApp } from '../workbench-context.ts';
import { BookmarksPanel } from '../navigate/bookmarks-panel.tsx';
import { ModelsPanel } from './models-panel.tsx';
import { SlidesPanel } from './slides-panel.tsx';

const titles = {
  slides: 'Slides',
  models: 'Models',
  annotations: 'Annotations',
  bookmarks: 'Bookmarks',
} as const;

export function LeftPanel(): React.JSX.Element | null {
  const panel = useApp((state) => state.preferences.leftPanel);
  const slideShown = useApp(hasSlide);
  // Without a slide the start page shows the same, larger.
  if (panel === null || (panel !== 'models' && !slideShown)) return null;
  return (
    <aside className="panel left-panel" aria-label={titles[panel]} data-testid="left-panel">
      {panel === 'slides' && <SlidesPanel />}
      {panel === 'bookmarks' && <BookmarksPanel />}
      {panel === 'models' && <ModelsPanel />}
      {panel === 'annotations' && <AnnotationsPanel />}
    </aside>
  );
}
