/** What concerns the active pane: its layer, the legend, the model. */
import { LayerSection } from './layer-section.tsx';
import { LegendSection } from './legend-section.tsx';
import { RunSection } from './run-section.tsx';
import { StatisticsSection } from './statistics-section.tsx';
import { ModelFacts } from './model-facts.tsx';
import { ViewSection } from './view-section.tsx';

export function RightPanel(): React.JSX.Element {
  return (
    <aside className="panel right-panel" aria-label="Active pane" data-testid="right-panel">
      <LayerSection />
      <LegendSection />
      <RunSection />
      <StatisticsSection />
      <ModelFacts />
      <ViewSection />
    </aside>
  );
}
