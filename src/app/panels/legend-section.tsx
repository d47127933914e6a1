/** Legend: colour, hatch, area and switch of each class; or the confidence scale. */
import { RotateCcw, SlidersHorizontal, TriangleAlert } from 'lucide-react';
import { useState } from 'react';
import { tip } from '../frame/tip.ts';
import { formatArea, formatShare } from '../format.ts';
import { classKey, confidenceRamp } from '../overlay/class-palette.ts';
import type { PaletteClass } from '../overlay/class-palette.ts';
import { mostAlike, tooAlike } from '../overlay/colour-vision.ts';
import { ClassSwatch } from '../overlay/class-swatch.tsx';
import { hatchesOf } from '../overlay/hatch.ts';
import { shownColours } from '../overlay/overlay-style.ts';
import { contentLabel, contentWarning } from '../session/layer-content.ts';
import { useLayerContent, useMapVersion } from '../session/use-layer.ts';
import { useFigures } from '../truth/use-figures.ts';
import { activeModel, activePaneOf } from '../state/state.ts';
import { useApp, useWorkbench } from '../workbench-context.ts';
import { PanelSection } from './section.tsx';
import { plainClass } from '../state/panes.ts';
import type { ClassStyle } from '../state/state.ts';

export function LegendSection(): React.JSX.Element | null {
  const workbench = useWorkbench();
  const pane = useApp(activePaneOf);
  const content = useLayerContent(pane.layer);
  const model = useApp(activeModel);
  const figures = useFigures('slide');
  const [edited, setEdited] = useState<number | null>(null);
  useMapVersion(content?.map ?? null);
  // The section of what the context changed names its pairs of classes.
  if (content === null || content.change !== undefined) return null;
  const { classes, map } = content;
  const { overlay } = pane;
  const colours = shownColours(classes, overlay);
  const hatches = hatchesOf(classes);
  const alike = alikeText(classes, colours);
  const warning = contentWarning(content);
  const hasAreas = map.size > 0;
  return (
    <PanelSection title="Legend" testId="legend">
      {overlay.confidence && (
        <div className="confidence-legend" data-testid="confidence-legend">
          <div
            className="ramp-bar"
            role="img"
            aria-label="Confidence from 0 %, dark, to 100 %, light"
            style={{ background: `linear-gradient(to right, ${confidenceRamp.join(', ')})` }}
          />
          <div className="ramp-numbers figure" aria-hidden>
            {[0, 25, 50, 75, 100].map((percent) => (
              <span key={percent}>{percent} %</span>
            ))}
          </div>
          <p className="hint">Confidence of the class shown. Glass is left out.</p>
        </div>
      )}
      <ul className="legend">
        {classes.map((entry, value) => {
          const measured = figures?.classes[value];
          return (
            <li key={entry.name}>
              <div className="legend-line">
                <label>
                  <input
                    type="checkbox"
                    checked={!entry.background && !overlay.hiddenClasses.includes(value)}
                    disabled={entry.background}
                    data-testid={`class-${value}`}
                    onChange={() => workbench.store.dispatch({ type: 'toggle-class', value })}
                  />
                  <ClassSwatch
                    colour={entry.background ? null : (colours[value] ?? null)}
                    hatch={overlay.hatch ? (hatches[value] ?? null) : null}
                  />
                  <span className="legend-name">{entry.name}</span>
                </label>
                {measured !== undefined && hasAreas && (
                  <span className="figure">
                    {measured.mm2 === null ? null : <span>{formatArea(measured.mm2 * 1e6)}</span>}
                    <span className="share">{formatShare(measured.shareOfTissue)}</span>
                  </span>
                )}
                {!entry.background && (
                  <button
                    type="button"
                    className="button icon-button small-icon"
                    aria-label={`Style: ${entry.name}`}
                    {...tip(`Style: ${entry.name}`)}
                    aria-expanded={edited === value}
                    data-testid={`edit-class-${value}`}
                    onClick={() => setEdited(edited === value ? null : value)}
                  >
                    <SlidersHorizontal size={13} aria-hidden />
                  </button>
                )}
              </div>
              {edited === value && (
                <ClassStyleEditor
                  name={entry.name}
                  colour={colours[value] ?? entry.colour}
                  style={overlay.classStyles[classKey(entry.name)]}
                />
              )}
            </li>
          );
        })}
      </ul>
      {alike !== null && (
        <p className="warning-text hint" data-testid="alike-colours">
          <TriangleAlert size={13} aria-hidden /> {alike}
        </p>
      )}
      {hasAreas && (
        <p className="hint">
          {model === null ? `Areas: ${content.title}.` : `Areas predicted by ${content.title}.`}
          {model?.manifest.provenance.synthetic === true && ' Trained on synthetic slides only.'}
        </p>
      )}
      {warning !== null && hasAreas && (
        <p className="warning-text hint" {...tip(warning)} data-testid="legend-fit">
          <TriangleAlert size={13} aria-hidden /> {contentLabel(content)}: do not trust these areas.
        </p>
      )}
      {content.overridden === true && (
        <p className="warning-text hint" data-testid="overridden-check">
          <TriangleAlert size={13} aria-hidden /> This model fails its check and is used all the same: do not
          trust its results.
        </p>
      )}
    </PanelSection>
  );
}

/** Warns if some readers cannot distinguish two class colours; null if all can. */
function alikeText(classes: readonly PaletteClass[], colours: readonly string[]): string | null {
  const shown = classes.flatMap(({ background, name }, value) =>
    background ? [] : [{ name, colour: colours[value] ?? '' }],
  );
  // Neighbours on a scale are alike by its nature; its order tells them apart.
  if (classes.some(({ ownColour = false, background }) => ownColour && !background)) return null;
  const alike = mostAlike(shown.map(({ colour }) => colour));
  if (alike === null || alike.difference >= tooAlike) return null;
  const nameOf = (colour: string): string => shown.find((entry) => entry.colour === colour)?.name ?? '';
  const reader = alike.vision === 'normal' ? '' : ` with ${alike.vision}`;
  return `${nameOf(alike.one)} and ${nameOf(alike.other)} look alike${reader}. Hatches still differ.`;
}

export interface ClassStyleEditorProps {
  readonly name: string;
  /** The colour in use, `#rrggbb`. */
  readonly colour: string;
  readonly style: ClassStyle | undefined;
}

const parts = [
  ['fill', 'Fill'],
  ['outline', 'Outline'],
  ['hatch', 'Hatch'],
] as const;

export function ClassStyleEditor({
  name,
  colour,
  style = plainClass,
}: ClassStyleEditorProps): React.JSX.Element {
  const { store } = useWorkbench();
  const change = (next: Partial<ClassStyle>): void =>
    store.dispatch({ type: 'class-style', name, change: next });
  return (
    <div className="class-style" role="group" aria-label={`Style: ${name}`} data-testid={`style-${name}`}>
      <input
        type="color"
        aria-label={`Colour of ${name}`}
        {...tip('Colour')}
        value={colour.toLowerCase()}
        onChange={(event) => change({ colour: event.target.value })}
      />
      {parts.map(([part, title]) => (
        <label className="check" key={part}>
          <input
            type="checkbox"
            checked={style[part]}
            onChange={(event) => change({ [part]: event.target.checked })}
          />
          {title}
        </label>
      ))}
      <button
        type="button"
        className="button icon-button"
        aria-label={`Reset ${name} to the palette`}
        {...tip('Reset to the palette')}
        disabled={Object.entries(plainClass).every(
          ([key, value]) => style[key as keyof ClassStyle] === value,
        )}
        onClick={() => change(plainClass)}
      >
        <RotateCcw size={14} aria-hidden />
      </button>
    </div>
  );
}
