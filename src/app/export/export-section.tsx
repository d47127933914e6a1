/** The Export section. */
import { useSyncExternalStore } from 'react';
import { CommandButton } from '../commands/command-button.tsx';
import { Choice } from '../panels/layer-section.tsx';
import { PanelSection } from '../panels/section.tsx';
import { useWorkbench } from '../workbench-context.ts';

const tolerances: readonly (readonly [value: string, title: string])[] = [
  ['0', 'Exact (pixel edges)'],
  ['0.5', 'Within 0.5 px'],
  ['1', 'Within 1 px'],
  ['2', 'Within 2 px'],
];

export function ExportSection(): React.JSX.Element {
  const { exports } = useWorkbench();
  const { writing, tolerance } = useSyncExternalStore(exports.subscribe, exports.get);
  return (
    <PanelSection title="Export" testId="export-section">
      <div className="export-list" role="group" aria-label="Export">
        <CommandButton id="export.polygons" label="Polygons" className="small" />
        <CommandButton id="export.class-map" label="Class map" className="small" />
        <CommandButton id="export.picture" label="View" className="small" />
        <CommandButton id="export.report" label="Report…" className="small" />
        <CommandButton id="export.figures-csv" label="Data (CSV)" className="small" />
        <CommandButton id="export.figures-json" label="Data (JSON)" className="small" />
        <CommandButton id="export.annotations" label="Annotations" className="small" />
        <CommandButton id="export.session" label="Session" className="small" />
      </div>
      <Choice
        label="Polygons"
        value={String(tolerance)}
        testId="export-tolerance"
        onChange={(value) => exports.setTolerance(Number(value))}
        options={tolerances}
      />
      <p className="hint" role="status" data-testid="export-status">
        {writing === null
          ? 'Active pane’s layer. Research use only.'
          : `Writing ${writing.name}: ${Math.round(writing.done * 100)} %`}
      </p>
    </PanelSection>
  );
}
