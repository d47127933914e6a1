/** The layers that a pane shows. Predictions carry their model's name. */
import { useLayerContent, useLayerOptions, useMapVersion } from '../session/use-layer.ts';
import { layerText, parseLayer } from '../state/state.ts';
import type { Layer, PaneState } from '../state/state.ts';
import { useApp, useWorkbench } from '../workbench-context.ts';

export function PaneTitle({ paneId }: { readonly paneId: string }): React.JSX.Element | null {
  const { store } = useWorkbench();
  const pane = useApp((state) => state.panes.find((candidate) => candidate.id === paneId));
  const several = useApp((state) => state.panes.length > 1);
  const compare = useApp((state) => state.compare);
  if (pane === undefined) return null;
  if (!several && compare.view === 'panes') return <Title pane={pane} />;
  const first = (
    <LayerSelect
      label={`Layer of pane ${paneId}`}
      testId={`pane-title-${paneId}`}
      layer={pane.layer}
      onChange={(layer) => store.dispatch({ type: 'choose-layer', layer, paneId })}
    />
  );
  if (several) return first;
  const second = (
    <LayerSelect
      label="Second layer"
      testId={`pane-title-${paneId}2`}
      layer={compare.second}
      onChange={(layer) => store.dispatch({ type: 'compare', change: { second: layer } })}
    />
  );
  return (
    <div className="pane-titles" data-view={compare.view} data-direction={compare.divider.direction}>
      {first}
      {compare.view === 'difference' && <span className="pane-title">→</span>}
      {second}
    </div>
  );
}

interface LayerSelectProps {
  readonly label: string;
  readonly testId: string;
  readonly layer: Layer;
  readonly onChange: (layer: Layer) => void;
}

function LayerSelect({ label, testId, layer, onChange }: LayerSelectProps): React.JSX.Element {
  const options = useLayerOptions();
  return (
    <select
      className="pane-title"
      aria-label={label}
      data-testid={testId}
      value={layerText(layer)}
      onChange={(event) => onChange(parseLayer(event.target.value))}
    >
      {options.map(([text, title]) => (
        <option key={text} value={text}>
          {title}
        </option>
      ))}
    </select>
  );
}

/** The name of the only layer, once it has slices. */
function Title({ pane }: { readonly pane: PaneState }): React.JSX.Element | null {
  const content = useLayerContent(pane.layer);
  useMapVersion(content?.map ?? null);
  if (content === null || content.map.size === 0 || !pane.overlay.visible) return null;
  return (
    <div className="pane-title" data-testid={`pane-title-${pane.id}`}>
      {content.title}
    </div>
  );
}
