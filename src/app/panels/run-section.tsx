/** How segmentation is done: overlap and its price, glass, what is kept. */
import { useEffect, useState } from 'react';
import type { SegmentEstimate } from '../../worker/protocol.ts';
import type { StorageUse } from '../../worker/storage-protocol.ts';
import { CommandButton } from '../commands/command-button.tsx';
import { formatBytes, formatCount } from '../format.ts';
import type { Preferences } from '../state/state.ts';
import { activeModel, currentMpp } from '../state/state.ts';
import { useApp, useWorkbench } from '../workbench-context.ts';
import { Choice } from './layer-section.tsx';
import { Section } from './section.tsx';

const qualityIds = ['fast', 'standard', 'best'] as const;
const titles = { fast: 'Fast', standard: 'Standard', best: 'Best' } as const;
const hints = {
  fast: 'No overlap: borders of slices show.',
  standard: 'Neighbouring slices are blended.',
  best: 'Neighbouring slices are blended widely.',
} as const;

export function RunSection(): React.JSX.Element {
  const { store } = useWorkbench();
  const { quality, skipGlass, keepResults } = useApp((state) => state.preferences);
  const estimate = useEstimate();
  const chosen = estimate?.qualities[qualityIds.indexOf(quality)];
  const set = (change: Partial<Preferences>): void => store.dispatch({ type: 'preferences', change });
  return (
    <Section title="Segmentation" testId="run-section">
      <Choice
        label="Overlap"
        value={quality}
        testId="quality-select"
        onChange={(value) => set({ quality: qualityIds.find((id) => id === value) ?? 'standard' })}
        options={qualityIds.map((id, index) => {
          const price = estimate?.qualities[index]?.price;
          return [id, price === undefined ? titles[id] : `${titles[id]}, ×${price.toFixed(1)}`] as const;
        })}
      />
      <p className="hint">{hints[quality]}</p>
      {chosen !== undefined && (
        <p className="hint" data-testid="run-estimate">
          Whole slide: {formatCount(chosen.slices)} slices
          {skipGlass && estimate !== null && estimate.skipped > 0 ? ', without glass' : ''}.
        </p>
      )}
      <Check label="Skip glass" value={skipGlass} onChange={(value) => set({ skipGlass: value })} />
      <Check
        label="Keep results for the next visit"
        value={keepResults}
        onChange={(value) => set({ keepResults: value })}
      />
      <div className="button-row" role="group" aria-label="Area to segment">
        <CommandButton id="segment.rectangle" />
        <CommandButton id="segment.polygon" />
        <CommandButton id="segment.area" />
        <CommandButton id="segment.tissue" />
        <CommandButton id="segment.delete-stored" />
      </div>
      <Stored />
    </Section>
  );
}

/** Whole slides at every quality; anew when slide, model, resolution or the treatment of glass change. */
function useEstimate(): SegmentEstimate | null {
  const { engine } = useWorkbench();
  const [known, setKnown] = useState<{ key: string; estimate: SegmentEstimate | null } | null>(null);
  const slideId = useApp((state) => (state.slide.kind === 'open' ? state.slide.slideId : null));
  const mpp = useApp((state) => currentMpp(state.slide)?.x ?? null);
  const model = useApp((state) => activeModel(state)?.id ?? null);
  const skipGlass = useApp((state) => state.preferences.skipGlass);
  // The engine's thread has better things to do before it is ready.
  const ready = useApp((state) => state.backend.kind === 'ready');
  const key = [slideId, mpp, model, skipGlass].join('/');
  useEffect(() => {
    let current = true;
    if (ready && slideId !== null && mpp !== null && model !== null) {
      void engine.estimate().then((estimate) => {
        if (current) setKnown({ key, estimate });
      });
    }
    return () => {
      current = false;
    };
  }, [engine, key, slideId, mpp, model, ready]);
  // Not that of another slide or model, while the new one is on its way.
  return known?.key === key ? known.estimate : null;
}

/** What earlier runs have left in the browser. */
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
    <p className="hint" data-testid="storage-use">
      {formatBytes(use.bytes)} of results kept in this browser.
    </p>
  );
}

interface CheckProps {
  readonly label: string;
  readonly value: boolean;
  readonly onChange: (value: boolean) => void;
}

function Check({ label, value, onChange }: CheckProps): React.JSX.Element {
  return (
    <label className="check">
      <input type="checkbox" checked={value} onChange={(event) => onChange(event.target.checked)} />
      {label}
    </label>
  );
}
