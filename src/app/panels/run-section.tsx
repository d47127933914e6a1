/** Segmentation settings: overlap and its cost, background, saved results. */
import { useEffect, useState } from 'react';
import { tip } from '../frame/tip.ts';
import type { StorageUse } from '../../worker/storage-protocol.ts';
import { CommandButton } from '../commands/command-button.tsx';
import { formatBytes } from '../format.ts';
import { useRunEstimate, useRunTimes } from '../session/use-run-times.ts';
import type { Preferences } from '../state/state.ts';
import { useApp, useWorkbench } from '../workbench-context.ts';
import { Choice } from './layer-section.tsx';
import { PanelSection } from './section.tsx';

const qualityIds = ['fast', 'standard', 'best'] as const;
const titles = { fast: 'Fast', standard: 'Standard', best: 'Best' } as const;
const hints = {
  fast: 'No overlap; slice edges show.',
  standard: 'Blends slice edges.',
  best: 'Blends slice edges widely.',
} as const;

export function RunSection(): React.JSX.Element {
  const { store } = useWorkbench();
  const { quality, symmetries, skipGlass, keepResults, askMisfit } = useApp((state) => state.preferences);
  const estimate = useRunEstimate();
  const times = useRunTimes();
  const set = (change: Partial<Preferences>): void => store.dispatch({ type: 'preferences', change });
  return (
    <PanelSection title="Segmentation" testId="run-section">
      <Choice
        label="Overlap"
        value={quality}
        testId="quality-select"
        onChange={(value) => set({ quality: qualityIds.find((id) => id === value) ?? 'standard' })}
        options={qualityIds.map((id, index) => {
          const price = estimate?.qualities[index]?.price;
          return [
            id,
            price === undefined ? titles[id] : `${titles[id]} (${price.toFixed(1)}× time)`,
          ] as const;
        })}
      />
      <p className="hint">{hints[quality]}</p>
      {times.visible !== null && (
        <p className="hint" data-testid="visible-estimate">
          Visible area: up to {times.visible}.
        </p>
      )}
      {times.whole !== null && (
        <p className="hint" data-testid="run-estimate">
          Whole slide: {times.whole}
          {skipGlass && estimate !== null && estimate.skipped > 0 ? '; background skipped' : ''}.
        </p>
      )}
      <Check
        label="Eight orientations (8× time)"
        hint="Averages the model over the slice turned and mirrored."
        value={symmetries}
        onChange={(value) => set({ symmetries: value })}
      />
      <Check label="Skip background" value={skipGlass} onChange={(value) => set({ skipGlass: value })} />
      <Check
        label="Ask before use on unlike tissue"
        hint="If a model was trained on another stain, organ, resolution or kind of tissue, it does not run until you say so."
        value={askMisfit}
        onChange={(value) => set({ askMisfit: value })}
      />
      <Check
        label="Save results in this browser"
        value={keepResults}
        onChange={(value) => set({ keepResults: value })}
      />
      <div className="button-row" role="group" aria-label="Area to segment">
        <CommandButton id="segment.rectangle" />
        <CommandButton id="segment.polygon" />
        <CommandButton id="segment.area" />
        <CommandButton id="segment.tissue" />
      </div>
      <Stored />
    </PanelSection>
  );
}

/** Size of the results saved in this browser. */
function Stored(): React.JSX.Element | null {
  const { stored } = useWorkbench();
  const [use, setUse] = useState<StorageUse | null>(null);
  const running = useApp((state) => state.run !== null);
  const entries = useApp((state) => state.log.length);
  useEffect(() => {
    let current = true;
    if (!running) {
      void stored.use().then((next) => {
        if (current) setUse(next);
      });
    }
    return () => {
      current = false;
    };
  }, [stored, running, entries]);
  if (use === null || use.runs === 0) return null;
  return (
    <>
      <p className="hint" data-testid="storage-use">
        {formatBytes(use.bytes)} of results saved in this browser.
      </p>
      <CommandButton id="segment.delete-stored" label="Delete saved results…" className="small" />
    </>
  );
}

interface CheckProps {
  readonly label: string;
  readonly hint?: string;
  readonly value: boolean;
  readonly onChange: (value: boolean) => void;
}

function Check({ label, hint, value, onChange }: CheckProps): React.JSX.Element {
  return (
    <label className="check" {...(hint === undefined ? {} : tip(hint))}>
      <input type="checkbox" checked={value} onChange={(event) => onChange(event.target.checked)} />
      {label}
    </label>
  );
}
