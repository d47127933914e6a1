/** What surrounds the tissue: scale bar, overview map, background grey. */
import type { Surround } from '../state/state.ts';
import { useApp, useWorkbench } from '../workbench-context.ts';
import { Choice } from './layer-section.tsx';
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
    </PanelSection>
  );
}
