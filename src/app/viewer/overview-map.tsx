/** The overview map of a pane: the slide and its layer in small, the visible part, and a button that hides it. */
import { Map, X } from 'lucide-react';
import { useSyncExternalStore, type RefObject } from 'react';
import { OverviewOverlay } from '../overlay/overview-overlay.tsx';
import { useApp, useWorkbench } from '../workbench-context.ts';
import type { SlideView } from './slide-view.ts';

interface OverviewMapProps {
  readonly paneId: string;
  readonly view: SlideView | null;
  /** Holds the viewer's map. */
  readonly host: RefObject<HTMLDivElement | null>;
}

export function OverviewMap({ paneId, view, host }: OverviewMapProps): React.JSX.Element {
  const { store } = useWorkbench();
  const overview = useApp((state) => state.preferences.overview);
  const pane = useApp((state) => state.panes.find(({ id }) => id === paneId));
  const isOpen = useApp((state) => state.slide !== null);
  // Where all of the slide is in view, the map would hide tissue and say nothing.
  const whole = useSyncExternalStore(
    (listener) => view?.onFrame(listener) ?? (() => undefined),
    () => view?.showsAll() ?? true,
  );
  const setVisible = (visible: boolean): void =>
    store.dispatch({ type: 'preferences', change: { overview: { ...overview, visible } } });
  return (
    <>
      <div
        className="overview"
        data-corner={overview.corner}
        data-testid="overview"
        hidden={!overview.visible}
        // Not display, without which the viewer's map would have no size.
        style={whole ? { visibility: 'hidden' } : undefined}
      >
        <div className="overview-host" ref={host} />
        {view !== null && pane !== undefined && <OverviewOverlay view={view} pane={pane} />}
        <button
          type="button"
          className="overview-hide"
          aria-label="Hide overview map"
          title="Hide overview map"
          data-testid="hide-overview"
          onClick={() => setVisible(false)}
        >
          <X size={12} aria-hidden />
        </button>
      </div>
      {!overview.visible && isOpen && (
        <button
          type="button"
          className="overview-show"
          data-corner={overview.corner}
          aria-label="Show overview map"
          title="Show overview map"
          data-testid="show-overview"
          onClick={() => setVisible(true)}
        >
          <Map size={14} aria-hidden />
        </button>
      )}
    </>
  );
}
