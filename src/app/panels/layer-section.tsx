/** The active pane's layer: which one, and how its classes are drawn. */
import { useId } from 'react';
import { tip } from '../frame/tip.ts';
import { CommandButton } from '../commands/command-button.tsx';
import { paletteIds, paletteTitles } from '../overlay/class-palette.ts';
import type { PaletteId } from '../overlay/class-palette.ts';
import { useLayerOptions } from '../session/use-layer.ts';
import { activeModel, activePaneOf, layerText, parseLayer } from '../state/state.ts';
import { useApp, useWorkbench } from '../workbench-context.ts';
import { FitWarnings, MisfitRefusal } from './models-panel.tsx';
import { PanelSection } from './section.tsx';

export function LayerSection(): React.JSX.Element {
  const { store } = useWorkbench();
  const pane = useApp(activePaneOf);
  const layers = useLayerOptions(pane.layer);
  const model = useApp(activeModel);
  const thins = useApp((state) => state.preferences.thinOverlay);
  const { overlay } = pane;
  return (
    <PanelSection title="Layer" testId="layer-section">
      <Choice
        label="Layer"
        wide
        value={layerText(pane.layer)}
        testId="layer-select"
        onChange={(value) => store.dispatch({ type: 'choose-layer', layer: parseLayer(value) })}
        options={layers}
      />
      {model !== null && <MisfitRefusal model={model} />}
      {model !== null && <FitWarnings model={model} />}
      <div className="button-row" role="group" aria-label="Overlay style">
        <CommandButton id="overlay.visible" />
        <CommandButton id="overlay.fill" />
        <CommandButton id="overlay.outline" />
        <CommandButton id="overlay.hatch" />
        <CommandButton id="overlay.confidence" />
      </div>
      <Percent
        label="Fill"
        name="Fill opacity"
        testId="fill-opacity"
        value={overlay.fillOpacity}
        onChange={(fillOpacity) => store.dispatch({ type: 'overlay', change: { fillOpacity } })}
      />
      <Percent
        label="Outline"
        name="Outline opacity"
        testId="outline-opacity"
        value={overlay.outlineOpacity}
        onChange={(outlineOpacity) => store.dispatch({ type: 'overlay', change: { outlineOpacity } })}
      />
      <Slider
        label="Width"
        name="Outline width"
        testId="outline-width"
        value={overlay.outlineWidth}
        min={1}
        max={8}
        step={0.5}
        text={(px) => [`${px} px`, `${px} pixels`]}
        onChange={(outlineWidth) => store.dispatch({ type: 'overlay', change: { outlineWidth } })}
      />
      <Slider
        label="Confidence"
        name="Minimum confidence"
        testId="min-confidence"
        value={Math.round(overlay.minConfidence * 100)}
        min={0}
        max={100}
        step={1}
        text={(percent) => [`≥ ${percent} %`, `${percent} per cent`]}
        onChange={(percent) => store.dispatch({ type: 'overlay', change: { minConfidence: percent / 100 } })}
      />
      <label className="check" {...tip('Fill alone on the whole slide, outline alone from 20×')}>
        <input
          type="checkbox"
          checked={thins}
          data-testid="thin-overlay"
          onChange={() => store.dispatch({ type: 'preferences', change: { thinOverlay: !thins } })}
        />
        Thin with zoom
      </label>
      <Choice
        label="Colours"
        value={overlay.palette}
        testId="palette-select"
        onChange={(value) => store.dispatch({ type: 'overlay', change: { palette: value as PaletteId } })}
        options={paletteIds.map((id) => [id, paletteTitles[id]])}
      />
    </PanelSection>
  );
}

interface PercentProps {
  readonly label: string;
  /** Full name, for screen readers. */
  readonly name: string;
  /** From 0 to 1. */
  readonly value: number;
  readonly testId: string;
  readonly onChange: (value: number) => void;
}

function Percent({ value, onChange, ...rest }: PercentProps): React.JSX.Element {
  return (
    <Slider
      {...rest}
      value={Math.round(value * 100)}
      min={0}
      max={100}
      step={1}
      text={(percent) => [`${percent} %`, `${percent} per cent`]}
      onChange={(percent) => onChange(percent / 100)}
    />
  );
}

export interface SliderProps extends PercentProps {
  readonly min: number;
  readonly max: number;
  readonly step: number;
  /** On screen and for screen readers. */
  readonly text: (value: number) => readonly [shown: string, spoken: string];
}

export function Slider({
  label,
  name,
  value,
  testId,
  min,
  max,
  step,
  text,
  onChange,
}: SliderProps): React.JSX.Element {
  const id = useId();
  const [shown, spoken] = text(value);
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      <input
        id={id}
        type="range"
        {...{ min, max, step, value }}
        aria-label={name}
        aria-valuetext={spoken}
        data-testid={testId}
        onChange={(event) => onChange(event.target.valueAsNumber)}
      />
      <output className="figure" htmlFor={id}>
        {shown}
      </output>
    </div>
  );
}

export interface ChoiceProps {
  readonly label: string;
  readonly value: string;
  /** Fills the width and hides the label, for a section that holds nothing else. */
  readonly wide?: boolean;
  readonly testId: string;
  /** Value, name, and whether it can't be chosen. */
  readonly options: readonly (readonly [value: string, title: string, disabled?: boolean])[];
  readonly onChange: (value: string) => void;
}

/** A labelled select. */
export function Choice({
  label,
  value,
  wide = false,
  testId,
  options,
  onChange,
}: ChoiceProps): React.JSX.Element {
  const id = useId();
  return (
    <div className="field">
      <label htmlFor={id} className={wide ? 'visually-hidden' : undefined}>
        {label}
      </label>
      <select id={id} value={value} data-testid={testId} onChange={(event) => onChange(event.target.value)}>
        {options.map(([option, title, disabled = false]) => (
          <option key={option} value={option} disabled={disabled}>
            {title}
          </option>
        ))}
      </select>
    </div>
  );
}
