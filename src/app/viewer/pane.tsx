/** One pane: a view of the slide and the layer over it. */
import { useEffect, useRef, useState } from 'react';
import { useApp, useWorkbench } from '../workbench-context.ts';
import { OverlayCanvas } from '../overlay/overlay-canvas.tsx';
import { SlideView } from './slide-view.ts';
import { ScaleBarReadout } from './view-readout.tsx';

export function Pane({ paneId }: { readonly paneId: string }): React.JSX.Element {
  const workbench = useWorkbench();
  const slide = useApp((state) => state.slide);
  const overview = useApp((state) => state.preferences.overview);
  const viewElement = useRef<HTMLDivElement>(null);
  const overviewElement = useRef<HTMLDivElement>(null);
  const [view, setView] = useState<SlideView | null>(null);

  useEffect(() => {
    if (viewElement.current === null || overviewElement.current === null) return;
    const created = new SlideView({
      element: viewElement.current,
      overviewElement: overviewElement.current,
      reducedMotion: window.matchMedia('(prefers-reduced-motion: reduce)').matches,
    });
    const remove = workbench.addView(paneId, created);
    setView(created);
    return () => {
      remove();
      created.destroy();
      setView(null);
    };
  }, [workbench, paneId]);

  useEffect(() => {
    if (view === null || slide.kind !== 'open' || view.slideId === slide.slideId) return;
    const { client, onTileError } = workbench.slides;
    view.open(client, slide.slideId, slide.metadata, onTileError);
  }, [workbench, view, slide]);

  return (
    <section className="pane" aria-label={`Pane ${paneId}`} data-testid={`pane-${paneId}`}>
      <div className="view" ref={viewElement} data-testid={`view-${paneId}`} />
      {view !== null && <OverlayCanvas paneId={paneId} view={view} />}
      {view !== null && <ScaleBarReadout view={view} />}
      <div
        className="overview"
        ref={overviewElement}
        data-corner={overview.corner}
        data-testid="overview"
        hidden={!overview.visible}
      />
    </section>
  );
}
