/** Segmentation settings: overlap and its cost, background, saved results. */
import { useEffect, useState } from 'react';
import type { SegmentEstimate } from '../../worker/protocol.ts';
import type { StorageUse } from '../../worker/storage-protocol.ts';
import { CommandButton } from '../commands/command-button.tsx';
import { formatBytes, formatCount } from '../format.ts';
import type { Preferences } from '../state/state.ts';
import { activeModel, currentMpp } from '../state/state.ts';
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
  const estimate = useEstimate();
  const chosen = estimate?.qualities[qualityIds.indexOf(quality)];
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
      {chosen !== undefined && (
        <p className="hint" data-testid="run-estimate">
          Whole slide: {formatCount(chosen.slices)} {chosen.slices === 1 ? 'slice' : 'slices'}
          {skipGlass && estimate !== null && estimate.skipped > 0 ? ' (background skipped)' : ''}.
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

/** Slices of the whole slide at each quality; recomputed when slide, model, resolution or skipping change. */
function useEstimate(): SegmentEstimate | null {
  const { engine } = useWorkbench();
  const [known, setKnown] = useState<{ key: string; estimate: SegmentEstimate | null } | null>(null);
  const slideId = useApp((state) => (state.slide !== null ? state.slide.slideId : null));
  const mpp = useApp((state) => currentMpp(state.slide)?.x ?? null);
  const model = useApp((state) => activeModel(state)?.id ?? null);
  const skipGlass = useApp((state) => state.preferences.skipGlass);
  // Until it is ready, the engine's thread is busy starting.
  const ready = useApp((state) => state.backend.kind === 'ready');
  const key = [slideId, mpp, model, skipGlass].join('/');
  useEffect(() => {
    const controller = new AbortController();
    const { signal } = controller;
    if (ready && slideId !== null && mpp !== null && model !== null) {
      void engine.estimate(signal).then((estimate) => {
        if (!signal.aborted) setKnown({ key, estimate });
      });
    }
    return () => controller.abort();
  }, [engine, key, slideId, mpp, model, ready]);
  // Until the new estimate arrives, show none rather than that of another slide or model.
  return known?.key === key ? known.estimate : null;
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
    <label className="check" title={hint}>
      <input type="checkbox" checked={value} onChange={(event) => onChange(event.target.checked)} />
      {label}
    </label>
  );
}
