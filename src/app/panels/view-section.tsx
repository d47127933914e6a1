/** What is shown around the tissue. */
import type { Surround } from '../state/state.ts';
import { useApp, useWorkbench } from '../workbench-context.ts';
import { Choice } from './layer-section.tsx';
import { Section } from './section.tsx';

const surrounds: readonly (readonly [Surround, string])[] = [
  ['theme', 'As the theme'],
  ['black', 'Black'],
  ['grey', 'Middle grey'],
  ['light', 'Light grey'],
  ['white', 'White'],
];

export function ViewSection(): React.JSX.Element {
  const { store } = useWorkbench();
  const preferences = useApp((state) => state.preferences);
  const { scaleBar, overview, surround } = preferences;
  return (
    <Section title="View">
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
    </Section>
  );
}
