/**
 * The overview map of a pane: the slide and its layer in small, the visible part, and a button that hides it. Over tissue it
 * shows itself while the view moves; then a button is left, so that it hides nothing that is being read.
 */
import { Map, X } from 'lucide-react';
import { useEffect, useRef, useState, useSyncExternalStore, type RefObject } from 'react';
import { tip } from '../frame/tip.ts';
import { OverviewOverlay } from '../overlay/overview-overlay.tsx';
import { useApp, useWorkbench } from '../workbench-context.ts';
import { overviewSize } from './overview-place.ts';
import type { SlideView } from './slide-view.ts';
import { useInTheWay } from './use-in-the-way.ts';

interface OverviewMapProps {
  readonly paneId: string;
  readonly view: SlideView | null;
  /** Holds the viewer's map. */
  readonly host: RefObject<HTMLDivElement | null>;
}

export function OverviewMap({ paneId, view, host }: OverviewMapProps): React.JSX.Element {
  const { store } = useWorkbench();
  const box = useRef<HTMLDivElement>(null);
  const overview = useApp((state) => state.preferences.overview);
  const pane = useApp((state) => state.panes.find(({ id }) => id === paneId));
  const slide = useApp((state) => state.slide?.metadata ?? null);
  const { width, height } = overviewSize(slide ?? { width: 160, height: 130 });
  /** Asked for, over tissue too: until the pointer leaves it. */
  const [wanted, setWanted] = useState(false);
  const inTheWay = useInTheWay(view, box, overview.corner);
  // Where all of the slide is in view, the map would hide tissue and say nothing.
  const whole = useSyncExternalStore(
    (listener) => view?.onFrame(listener) ?? (() => undefined),
    () => view?.showsAll() ?? true,
  );
  useEffect(() => view?.overviewResized(), [view, width, height]);
  const setVisible = (visible: boolean): void =>
    store.dispatch({ type: 'preferences', change: { overview: { ...overview, visible } } });
  const recedes = inTheWay && !wanted && !whole;
  const offersButton = slide !== null && !whole && (!overview.visible || recedes);
  return (
    <>
      <div
        ref={box}
        className="overview"
        data-corner={overview.corner}
        data-testid="overview"
        hidden={!overview.visible}
        // Not display, without which the viewer's map would have no size.
        style={{ width, height, visibility: whole || recedes ? 'hidden' : undefined }}
        onPointerEnter={() => setWanted(true)}
        onPointerLeave={() => setWanted(false)}
      >
        <div className="overview-host" ref={host} />
        {view !== null && pane !== undefined && (
          <OverviewOverlay view={view} pane={pane} width={width} height={height} />
        )}
        <button
          type="button"
          className="overview-hide"
          aria-label="Hide overview map"
          {...tip('Hide overview map')}
          data-testid="hide-overview"
          onClick={() => {
            setWanted(false);
            setVisible(false);
          }}
        >
          <X size={12} aria-hidden />
        </button>
      </div>
      {offersButton && (
        <button
          type="button"
          className="overview-show"
          data-corner={overview.corner}
          aria-label="Show overview map"
          {...tip('Show overview map')}
          data-testid="show-overview"
          onClick={() => {
            setWanted(true);
            setVisible(true);
          }}
        >
          <Map size={14} aria-hidden />
        </button>
      )}
    </>
  );
}
