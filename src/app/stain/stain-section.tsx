/** The stains of a brightfield slide: which, what the pane shows of them, and how much of one there is. */
import { fileStem } from '../../base/file-name.ts';
import { download } from '../export/export-files.ts';
import { Choice } from '../panels/layer-section.tsx';
import { PanelSection } from '../panels/section.tsx';
import { annotateOf, currentMpp } from '../state/state.ts';
import { useApp, useWorkbench } from '../workbench-context.ts';
import type { StainIndex } from '../../stain/deconvolve.ts';
import { stainCsv } from './stain-csv.ts';
import { StainScores } from './stain-scores.tsx';
import { isReady, scopeTitles } from './stain-state.ts';
import type { StainChoice, StainScope } from './stain-state.ts';
import { StainThresholds } from './stain-thresholds.tsx';
import { namesOf, useStains } from './use-stains.ts';

const choices: readonly (readonly [StainChoice, string])[] = [
  ['off', 'Off'],
  ['he', 'H&E'],
  ['hdab', 'H-DAB'],
  ['estimated', 'Estimated from the slide'],
  ['areas', 'From two annotations'],
];

export function StainSection(): React.JSX.Element | null {
  const slide = useApp((state) => state.slide);
  // Light of fluorescence adds up; stains absorb it.
  if (slide === null || slide.metadata.channels !== undefined || slide.darkBackground === true) return null;
  return (
    <PanelSection title="Stains" testId="stain-section">
      <StainControls hasMpp={currentMpp(slide) !== null} />
    </PanelSection>
  );
}

function StainControls({ hasMpp }: { readonly hasMpp: boolean }): React.JSX.Element {
  const { stains } = useWorkbench();
  const state = useStains((all) => all);
  if (!hasMpp) return <p className="hint">Enter the µm per pixel to separate stains.</p>;
  return (
    <>
      <Choice
        label="Stains"
        value={state.choice}
        testId="stain-choice"
        onChange={(value) => void stains.choose(value as StainChoice)}
        options={choices}
      />
      {state.choice === 'areas' && <DrawnStains />}
      {isReady(state) && <StainView />}
      {isReady(state) && <StainFigures />}
      <div role="status" className="stain-status">
        {state.busy !== null && (
          <>
            <span className="hint">{state.busy}</span>
            <button type="button" className="button small" onClick={() => stains.stop()}>
              Stop
            </button>
          </>
        )}
        {state.problem !== null && <p className="warning-text">{state.problem}</p>}
      </div>
    </>
  );
}

/** Two buttons: each takes a stain from the selected annotation. */
function DrawnStains(): React.JSX.Element {
  const { stains } = useWorkbench();
  const drawn = useStains((state) => state.drawn);
  const selected = useApp((state) => annotateOf(state).selected !== null);
  return (
    <>
      <p className="hint">Annotate an area of each stain alone. Select one, then take its stain.</p>
      <div className="button-row">
        {([0, 1] as const).map((index) => (
          <button
            key={index}
            type="button"
            className="button small"
            disabled={!selected}
            data-testid={`take-stain-${index + 1}`}
            onClick={() => void stains.takeFrom(index)}
          >
            {drawn[index] === null ? 'Take' : 'Retake'} stain {index + 1}
          </button>
        ))}
      </div>
    </>
  );
}

/** What the active pane shows. */
function StainView(): React.JSX.Element {
  const { stains } = useWorkbench();
  const pane = useApp((state) => state.activePane);
  const state = useStains((all) => all);
  const shown = state.shown[pane];
  const names = namesOf(state);
  return (
    <>
      <Choice
        label="Show"
        value={shown === undefined ? 'slide' : String(shown)}
        testId="stain-view"
        onChange={(value) => stains.show(pane, value === 'slide' ? null : (Number(value) as StainIndex))}
        options={[['slide', 'Slide'], ...names.map((name, i): [string, string] => [String(i), name])]}
      />
      <label className="check">
        <input
          type="checkbox"
          checked={state.inColour}
          onChange={({ target }) => stains.showInColour(target.checked)}
        />
        In the stain’s colour
      </label>
    </>
  );
}

function StainFigures(): React.JSX.Element {
  const { stains, store } = useWorkbench();
  const state = useStains((all) => all);
  const selected = useApp((all) => annotateOf(all).selected !== null);
  const names = namesOf(state);
  const exportCsv = (): void => {
    const name = store.getState().slide?.metadata.name ?? '';
    download(new Blob([stainCsv(name, state)], { type: 'text/csv' }), `${fileStem(name)}.stain.csv`);
  };
  return (
    <>
      <Choice
        label="Measure"
        value={String(state.measured)}
        testId="stain-measured"
        onChange={(value) => stains.measureStain(value === '0' ? 0 : 1)}
        options={names.slice(0, 2).map((name, i): [string, string] => [String(i), name])}
      />
      <StainThresholds />
      <div className="button-row">
        <span aria-hidden>in</span>
        {(Object.keys(scopeTitles) as StainScope[]).map((scope) => (
          <button
            key={scope}
            type="button"
            className="button small"
            aria-label={`Measure ${scopeTitles[scope].toLowerCase()}`}
            disabled={state.busy !== null || (scope === 'annotation' && !selected)}
            data-testid={`measure-stain-${scope}`}
            onClick={() => void stains.measure(scope)}
          >
            {buttonTitles[scope]}
          </button>
        ))}
        {state.rows.length > 0 && (
          <button type="button" className="button small" data-testid="stain-csv" onClick={exportCsv}>
            CSV
          </button>
        )}
      </div>
      <StainScores />
      <p className="hint">Share of tissue area, not of nuclei. Research use only.</p>
    </>
  );
}

const buttonTitles: Readonly<Record<StainScope, string>> = {
  view: 'View',
  annotation: 'Annotation',
  slide: 'Slide',
};
