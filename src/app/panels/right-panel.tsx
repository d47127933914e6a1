/** Everything about the active pane: layer, legend, measurements, model. */
import { DifferenceSection } from '../compare/difference-section.tsx';
import { LayerSection } from './layer-section.tsx';
import { LegendSection } from './legend-section.tsx';
import { ExportSection } from '../export/export-section.tsx';
import { FiguresSection } from '../truth/figures-section.tsx';
import { RunSection } from './run-section.tsx';
import { StatisticsSection } from './statistics-section.tsx';
import { ModelFacts } from './model-facts.tsx';
import { ViewSection } from './view-section.tsx';

export function RightPanel(): React.JSX.Element {
  return (
    <aside className="panel right-panel" aria-label="Active pane" data-testid="right-panel">
      <LayerSection />
      <DifferenceSection />
      <LegendSection />
      <FiguresSection />
      <ExportSection />
      <RunSection />
      <StatisticsSection />
      <ModelFacts />
      <ViewSection />
    </aside>
  );
}
