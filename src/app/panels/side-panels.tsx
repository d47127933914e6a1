/** The left rail, the panel that it opens, and the right panel about the active pane. */
import { Bookmark as BookmarkIcon, Boxes, ListChecks, Images, PenLine } from 'lucide-react';
import { AnnotationsPanel } from '../annotate/annotations-panel.tsx';
import { useApp } from '../workbench-context.ts';
import { BookmarksPanel } from '../navigate/bookmarks-panel.tsx';
import { ObjectsPanel } from '../objects/objects-panel.tsx';
import { ModelsPanel } from './models-panel.tsx';
import { SlidesPanel } from './slides-panel.tsx';
import { ChannelsSection } from './channels-section.tsx';
import { CommandButton } from '../commands/command-button.tsx';
import { ChangeSection } from '../context/change-section.tsx';
import { DifferenceSection } from '../compare/difference-section.tsx';
import { LayerSection } from './layer-section.tsx';
import { LegendSection } from './legend-section.tsx';
import { ExportSection } from '../export/export-section.tsx';
import { FiguresSection } from '../truth/figures-section.tsx';
import { StainSection } from '../stain/stain-section.tsx';
import { RunSection } from './run-section.tsx';
import { StatisticsSection } from './statistics-section.tsx';
import { ModelFacts } from './model-card.tsx';
import { ViewSection } from './view-section.tsx';
import { hasSlide } from '../state/state.ts';

const titles = {
  slides: 'Slides',
  models: 'Models',
  annotations: 'Annotations',
  bookmarks: 'Bookmarks',
  objects: 'Objects',
} as const;

export function LeftSidePanel(): React.JSX.Element | null {
  const panel = useApp((state) => state.preferences.leftPanel);
  const slideShown = useApp(hasSlide);
  // Without a slide, the start page shows the same at a larger size.
  const hasProject = useApp((state) => state.project !== null);
  const isUseful = slideShown || panel === 'models' || (panel === 'slides' && hasProject);
  if (panel === null || !isUseful) return null;
  return (
    <aside className="panel left-panel" aria-label={titles[panel]} data-testid="left-panel">
      {panel === 'slides' && <SlidesPanel />}
      {panel === 'bookmarks' && <BookmarksPanel />}
      {panel === 'models' && <ModelsPanel />}
      {panel === 'annotations' && <AnnotationsPanel />}
      {panel === 'objects' && <ObjectsPanel />}
    </aside>
  );
}

export function LeftRail(): React.JSX.Element {
  return (
    <nav className="left-rail" aria-label="Panels">
      <CommandButton id="panel.slides" icon={<Images size={18} strokeWidth={1.75} aria-hidden />} />
      <CommandButton id="panel.annotations" icon={<PenLine size={18} strokeWidth={1.75} aria-hidden />} />
      <CommandButton id="panel.objects" icon={<ListChecks size={18} strokeWidth={1.75} aria-hidden />} />
      <CommandButton id="panel.bookmarks" icon={<BookmarkIcon size={18} strokeWidth={1.75} aria-hidden />} />
      <CommandButton id="panel.models" icon={<Boxes size={18} strokeWidth={1.75} aria-hidden />} />
    </nav>
  );
}

export function RightSidePanel(): React.JSX.Element {
  return (
    <aside className="panel right-panel" aria-label="Active pane" data-testid="right-panel">
      <ChannelsSection />
      <LayerSection />
      <DifferenceSection />
      <ChangeSection />
      <LegendSection />
      <FiguresSection />
      <ExportSection />
      <RunSection />
      <StatisticsSection />
      <StainSection />
      <ModelFacts />
      <ViewSection />
    </aside>
  );
}
