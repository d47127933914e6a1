/** Legend: colour, hatch and area of each class, each with a switch; or the scale of confidence. */
import { useSyncExternalStore } from 'react';
import { formatArea } from '../format.ts';
import { classColours, confidenceRamp } from '../overlay/class-palette.ts';
import type { ClassMap } from '../overlay/class-map-store.ts';
import { ClassSwatch } from '../overlay/class-swatch.tsx';
import { hatchesOf } from '../overlay/hatch.ts';
import { activeModel, activePaneOf, currentMpp } from '../state/state.ts';
import { useApp, useWorkbench } from '../workbench-context.ts';
import { Section } from './section.tsx';

export function LegendSection(): React.JSX.Element | null {
  const workbench = useWorkbench();
  const pane = useApp(activePaneOf);
  const model = useApp(activeModel);
  const mpp = useApp((state) => currentMpp(state.slide));
  // The class map belongs to the open slide.
  useApp((state) => state.slide);
  const map = workbench.classMapOf(pane);
  useClassMapVersion(map);
  if (model === null) return null;
  const { classes } = model.manifest;
  const { overlay } = pane;
  const colours = classColours(classes, overlay.palette);
  const hatches = hatchesOf(classes);
  const areas = classes.map((_, value) => map?.areaOf(value) ?? 0);
  const total = areas.reduce((sum, area) => sum + area, 0);
  const um2 = mpp === null ? null : mpp.x * mpp.y;
  return (
    <Section title="Legend" testId="legend">
      {overlay.confidence && (
        <div className="ramp">
          <span>0</span>
          <div
            className="ramp-bar"
            style={{ background: `linear-gradient(to right, ${confidenceRamp.join(', ')})` }}
          />
          <span>1</span>
          <span className="visually-hidden">Confidence from 0, dark, to 1, light</span>
        </div>
      )}
      <ul className="legend">
        {classes.map((entry, value) => {
          const area = areas[value] ?? 0;
          return (
            <li key={entry.name}>
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
              {total > 0 && (
                <span className="figure">
                  {um2 === null ? null : <span>{formatArea(area * um2)}</span>}
                  <span className="share">{formatShare(area / total)}</span>
                </span>
              )}
            </li>
          );
        })}
      </ul>
      {total > 0 && (
        <p className="hint">
          Areas as predicted by {model.manifest.title}, of what is segmented so far.
          {model.manifest.provenance.synthetic && ' The model has learnt from synthetic slides only.'}
        </p>
      )}
    </Section>
  );
}

function formatShare(share: number): string {
  const percent = share * 100;
  return `${percent > 0 && percent < 10 ? percent.toFixed(1) : percent.toFixed(0)} %`;
}

function useClassMapVersion(map: ClassMap | null): number {
  return useSyncExternalStore(
    (listener) => map?.subscribe(listener) ?? (() => undefined),
    () => map?.version ?? 0,
  );
}
