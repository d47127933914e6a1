/** The active pane's layer: which model, and how its classes are drawn. */
import { useId } from 'react';
import { CommandButton } from '../commands/command-button.tsx';
import { paletteIds, paletteTitles } from '../overlay/class-palette.ts';
import type { PaletteId } from '../overlay/class-palette.ts';
import { activePaneOf } from '../state/state.ts';
import { useApp, useWorkbench } from '../workbench-context.ts';
import { Section } from './section.tsx';

export function LayerSection(): React.JSX.Element {
  const { store } = useWorkbench();
  const pane = useApp(activePaneOf);
  const models = useApp((state) => state.models);
  const { overlay } = pane;
  return (
    <Section title="Layer" testId="layer-section">
      <Choice
        label="Model"
        value={pane.modelId ?? ''}
        testId="model-select"
        onChange={(value) => store.dispatch({ type: 'choose-model', modelId: value === '' ? null : value })}
        options={[
          ['', models === null ? 'Reading…' : 'None, tissue alone'],
          ...(models ?? []).map((model) => [model.id, model.manifest.title] as const),
        ]}
      />
      <div className="button-row" role="group" aria-label="Drawing">
        <CommandButton id="overlay.visible" />
        <CommandButton id="overlay.fill" />
        <CommandButton id="overlay.outline" />
        <CommandButton id="overlay.hatch" />
        <CommandButton id="overlay.confidence" />
      </div>
      <Opacity
        label="Fill"
        testId="fill-opacity"
        value={overlay.fillOpacity}
        onChange={(fillOpacity) => store.dispatch({ type: 'overlay', change: { fillOpacity } })}
      />
      <Opacity
        label="Outline"
        testId="outline-opacity"
        value={overlay.outlineOpacity}
        onChange={(outlineOpacity) => store.dispatch({ type: 'overlay', change: { outlineOpacity } })}
      />
      <Choice
        label="Colours"
        value={overlay.palette}
        testId="palette-select"
        onChange={(value) => store.dispatch({ type: 'overlay', change: { palette: value as PaletteId } })}
        options={paletteIds.map((id) => [id, paletteTitles[id]])}
      />
    </Section>
  );
}

interface OpacityProps {
  readonly label: string;
  readonly value: number;
  readonly testId: string;
  readonly onChange: (value: number) => void;
}

function Opacity({ label, value, testId, onChange }: OpacityProps): React.JSX.Element {
  const id = useId();
  const percent = Math.round(value * 100);
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <input
        id={id}
        type="range"
        min={0}
        max={100}
        step={1}
        value={percent}
        aria-label={`${label} opacity`}
        aria-valuetext={`${percent} per cent`}
        data-testid={testId}
        onChange={(event) => onChange(event.target.valueAsNumber / 100)}
      />
      <output className="figure" htmlFor={id}>
        {percent} %
      </output>
    </div>
  );
}

export interface ChoiceProps {
  readonly label: string;
  readonly value: string;
  readonly testId: string;
  readonly options: readonly (readonly [string, string])[];
  readonly onChange: (value: string) => void;
}

/** A labelled select. */
export function Choice({ label, value, testId, options, onChange }: ChoiceProps): React.JSX.Element {
  const id = useId();
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <select id={id} value={value} data-testid={testId} onChange={(event) => onChange(event.target.value)}>
        {options.map(([option, title]) => (
          <option key={option} value={option}>
            {title}
          </option>
        ))}
      </select>
    </div>
  );
}
