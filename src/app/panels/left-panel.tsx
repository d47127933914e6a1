/** What the left rail has opened. */
import { AnnotationsPanel } from '../annotate/annotations-panel.tsx';
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
  const hasSlide = useApp((state) => state.slide.kind !== 'none');
  // Without a slide, the start page shows the same at a larger size.
  if (panel === null || (panel !== 'models' && !hasSlide)) return null;
  return (
    <aside className="panel left-panel" aria-label={titles[panel]} data-testid="left-panel">
      {panel === 'slides' && <SlidesPanel />}
      {panel === 'bookmarks' && <BookmarksPanel />}
      {panel === 'models' && <ModelsPanel />}
      {panel === 'annotations' && <AnnotationsPanel />}
    </aside>
  );
}
