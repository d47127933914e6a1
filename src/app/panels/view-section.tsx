/** What surrounds the tissue: scale bar, overview map, background grey. */
import type { Surround } from '../state/state.ts';
import { useApp, useWorkbench } from '../workbench-context.ts';
import { isPlain, plainAdjustment, setAdjustment, useAdjustment } from '../viewer/picture-adjustment.ts';
import { Choice, Slider } from './layer-section.tsx';
import { PanelSection } from './section.tsx';

const surrounds: readonly (readonly [Surround, string])[] = [
  ['theme', 'Match theme'],
  ['black', 'Black'],
  ['grey', 'Mid grey'],
  ['light', 'Light grey'],
  ['white', 'White'],
];

export function ViewSection(): React.JSX.Element {
  const { store } = useWorkbench();
  const preferences = useApp((state) => state.preferences);
  const activePane = useApp((state) => state.activePane);
  const { scaleBar, overview, surround } = preferences;
  return (
    <PanelSection title="View">
      <label className="check">
        <input
          type="checkbox"
          checked={scaleBar.visible}
          onChange={() =>
            store.dispatch({
              type: 'preferences',
              change: { scaleBar: { ...scaleBar, visible: !scaleBar.visible } },
            })
          }
        />
        Scale bar
      </label>
      <label className="check">
        <input
          type="checkbox"
          checked={overview.visible}
          onChange={() =>
            store.dispatch({
              type: 'preferences',
              change: { overview: { ...overview, visible: !overview.visible } },
            })
          }
        />
        Overview map
      </label>
      <Choice
        label="Surround"
        value={surround}
        testId="surround-select"
        onChange={(value) => store.dispatch({ type: 'preferences', change: { surround: value as Surround } })}
        options={surrounds}
      />
      <Adjustments paneId={activePane} />
    </PanelSection>
  );
}

const adjustments = [
  ['brightness', 'Brightness', 0.3, 2],
  ['contrast', 'Contrast', 0.3, 3],
  ['gamma', 'Gamma', 0.3, 3],
] as const;

/** Of the slide in the active pane; overlays keep their colours. */
function Adjustments({ paneId }: { readonly paneId: string }): React.JSX.Element {
  const adjustment = useAdjustment(paneId);
  return (
    <>
      {adjustments.map(([part, title, min, max]) => (
        <Slider
          key={part}
          label={title}
          name={title}
          testId={`adjust-${part}`}
          value={adjustment[part]}
          {...{ min, max }}
          step={0.05}
          text={(value) => [`× ${value.toFixed(2)}`, value.toFixed(2)]}
          onChange={(value) => setAdjustment(paneId, { [part]: value })}
        />
      ))}
      <button
        type="button"
        className="button small"
        disabled={isPlain(adjustment)}
        data-testid="adjust-reset"
        onClick={() => setAdjustment(paneId, plainAdjustment)}
      >
        Reset picture
      </button>
    </>
  );
}
