/** What the left rail has opened. */
import { useApp } from '../workbench-context.ts';
import { ModelsPanel } from './models-panel.tsx';
import { SlidesPanel } from './slides-panel.tsx';

export function LeftPanel(): React.JSX.Element | null {
  const panel = useApp((state) => state.preferences.leftPanel);
  const hasSlide = useApp((state) => state.slide.kind !== 'none');
  // Without a slide the start page shows the same, larger.
  if (panel === null || (panel === 'slides' && !hasSlide)) return null;
  return (
    <aside
      className="panel left-panel"
      aria-label={panel === 'slides' ? 'Slides' : 'Models'}
      data-testid="left-panel"
    >
      {panel === 'slides' ? <SlidesPanel /> : <ModelsPanel />}
    </aside>
  );
}
