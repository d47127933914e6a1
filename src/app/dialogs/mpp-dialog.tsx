/** Asks for the µm per pixel of a slide that does not state it. Dualscope never guesses it. */
import { useId, useState } from 'react';
import { parseMpp } from '../session/user-mpp.ts';
import { currentMpp } from '../state/state.ts';
import { useApp, useWorkbench } from '../workbench-context.ts';
import { Modal } from './modal.tsx';

const presets = [
  { label: '20× scan', value: 0.5 },
  { label: '40× scan', value: 0.25 },
] as const;

export function MppDialog(): React.JSX.Element | null {
  const workbench = useWorkbench();
  const slide = useApp((state) => state.slide);
  const [extent] = useState(workbench.segmentation.awaitingMpp);
  const known = currentMpp(slide);
  const [text, setText] = useState(known === null ? '' : String(Number(known.x.toPrecision(4))));
  const [tried, setTried] = useState(false);
  const id = useId();
  if (slide === null) return null;
  const value = parseMpp(text);
  const wrong = tried && value === null;

  const submit = (event: React.FormEvent): void => {
    event.preventDefault();
    setTried(true);
    if (value === null) return;
    workbench.slides.setMpp(value);
    workbench.store.dispatch({ type: 'dialog', dialog: null });
    if (extent !== null) void workbench.segmentation.segment(extent);
  };
  const draw = (): void => {
    workbench.store.dispatch({ type: 'calibration', calibration: { points: [] } });
    workbench.store.dispatch({ type: 'dialog', dialog: null });
  };
  const useFileValue = (): void => {
    workbench.slides.setMpp(null);
    workbench.store.dispatch({ type: 'dialog', dialog: null });
  };

  return (
    <Modal title="Slide resolution" className="mpp-dialog" testId="mpp-dialog">
      <form onSubmit={submit} noValidate>
        <p>
          {slide.metadata.mpp === null
            ? `${slide.metadata.name} has no µm per pixel. Models need it to see tissue at their training resolution.`
            : `${slide.metadata.name} states ${Number(slide.metadata.mpp.x.toPrecision(4))} µm per pixel (${slide.metadata.mpp.source}). Your value overrides it.`}
        </p>
        <div className="button-row">
          {presets.map((preset) => (
            <button
              key={preset.label}
              type="button"
              className="button"
              aria-pressed={value === preset.value}
              onClick={() => setText(String(preset.value))}
            >
              {preset.label}: {preset.value} µm
            </button>
          ))}
          <button type="button" className="button" data-testid="mpp-draw" onClick={draw}>
            Draw a known length…
          </button>
        </div>
        <div className="field">
          <label htmlFor={id}>µm per pixel</label>
          <input
            id={id}
            type="text"
            inputMode="decimal"
            value={text}
            aria-invalid={wrong}
            aria-describedby={`${id}-help`}
            data-testid="mpp-input"
            onChange={(event) => setText(event.target.value)}
          />
        </div>
        <p id={`${id}-help`} className={wrong ? 'warning-text' : 'hint'} role={wrong ? 'alert' : undefined}>
          {wrong ? 'Enter a number from 0.01 to 100.' : 'Saved in this browser for this slide.'}
        </p>
        <div className="modal-actions">
          {slide.userMpp !== null && (
            <button type="button" className="button" data-testid="mpp-own" onClick={useFileValue}>
              {slide.metadata.mpp === null ? 'Clear' : 'Use file metadata'}
            </button>
          )}
          <button
            type="button"
            className="button"
            onClick={() => workbench.store.dispatch({ type: 'dialog', dialog: null })}
          >
            Cancel
          </button>
          <button type="submit" className="button primary" data-testid="mpp-submit">
            {extent === null ? 'Save' : 'Save and segment'}
          </button>
        </div>
      </form>
    </Modal>
  );
}
