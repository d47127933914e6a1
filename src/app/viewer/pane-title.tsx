/** Which model's result a pane shows. Anything predicted carries its model's name. */
import { useSyncExternalStore } from 'react';
import { useApp, useWorkbench } from '../workbench-context.ts';

export function PaneTitle({ paneId }: { readonly paneId: string }): React.JSX.Element | null {
  const workbench = useWorkbench();
  const pane = useApp((state) => state.panes.find((candidate) => candidate.id === paneId));
  const models = useApp((state) => state.models);
  const several = useApp((state) => state.panes.length > 1);
  // The class map belongs to the open slide.
  useApp((state) => state.slide);
  const map = pane === undefined ? null : workbench.classMapOf(pane);
  const hasResult = useSyncExternalStore(
    (listener) => map?.subscribe(listener) ?? (() => undefined),
    () => (map?.size ?? 0) > 0,
  );
  if (pane === undefined) return null;
  if (several) {
    return (
      <select
        className="pane-title"
        aria-label={`Layer of pane ${paneId}`}
        data-testid={`pane-title-${paneId}`}
        value={pane.modelId ?? ''}
        onChange={(event) => {
          const { value } = event.target;
          workbench.store.dispatch({ type: 'choose-model', modelId: value === '' ? null : value, paneId });
        }}
      >
        <option value="">Tissue alone</option>
        {models?.map((model) => (
          <option key={model.id} value={model.id}>
            {model.manifest.title}
          </option>
        ))}
      </select>
    );
  }
  const title = models?.find((model) => model.id === pane.modelId)?.manifest.title;
  if (!hasResult || title === undefined || !pane.overlay.visible) return null;
  return (
    <div className="pane-title" data-testid={`pane-title-${paneId}`}>
      {title}
    </div>
  );
}
