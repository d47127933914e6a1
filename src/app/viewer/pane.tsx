/** One pane: a view of the slide and the layer over it. */
import { useEffect, useRef, useState } from 'react';
import { tileColours } from '../state/state.ts';
import { useApp, useWorkbench } from '../workbench-context.ts';
import { PaneOverlay } from '../compare/pane-overlay.tsx';
import { AnnotationLayer } from '../annotate/annotation-layer.tsx';
import { TruthOutline } from '../truth/truth-outline.tsx';
import { MeasureLayer } from '../navigate/measure-layer.tsx';
import { Crosshair } from './crosshair.tsx';
import { AreaLayer } from './area-layer.tsx';
import { TissueLayer } from './tissue-layer.tsx';
import { KnownLengthLayer } from './known-length-layer.tsx';
import { PaneTitle } from './pane-title.tsx';
import { SlideView } from './slide-view.ts';
import { ScaleBarReadout } from './view-readout.tsx';

/** The pane that has the overview map. */
const overviewPane = 'A';

export function Pane({ paneId }: { readonly paneId: string }): React.JSX.Element {
  const workbench = useWorkbench();
  const slideId = useApp((state) => state.slide?.slideId);
  const overview = useApp((state) => state.preferences.overview);
  const several = useApp((state) => state.panes.length > 1);
  const active = useApp((state) => state.activePane === paneId);
  const viewElement = useRef<HTMLDivElement>(null);
  const overviewElement = useRef<HTMLDivElement>(null);
  const [view, setView] = useState<SlideView | null>(null);

  useEffect(() => {
    if (viewElement.current === null) return;
    const created = new SlideView({
      element: viewElement.current,
      overviewElement: overviewElement.current,
      label: `Slide in pane ${paneId}`,
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
    const { slide } = workbench.store.getState();
    if (view === null || slide === null || view.slideId === slide.slideId) return;
    const { client, onTileError } = workbench.slides;
    const colours = tileColours(workbench.store.getState());
    view.open(client, slide.slideId, slide.metadata, colours, onTileError);
    // A pane that is added to others shows what they show.
    return view.onceShown(() => workbench.joinViews(view));
  }, [workbench, view, slideId]);

  const colours = useApp(tileColours);
  useEffect(() => view?.setColours(colours), [view, colours]);

  const activate = (): void => workbench.store.dispatch({ type: 'activate-pane', paneId });
  const onPointerMove = (event: React.PointerEvent<HTMLElement>): void => {
    const { left, top } = event.currentTarget.getBoundingClientRect();
    const at = view?.level0At(event.clientX - left, event.clientY - top);
    if (at != null) workbench.pointer.set({ paneId, ...at });
  };

  return (
    <section
      className="pane"
      aria-label={`Pane ${paneId}`}
      aria-current={several && active}
      data-testid={`pane-${paneId}`}
      onPointerDownCapture={activate}
      onWheelCapture={activate}
      onFocusCapture={activate}
      onPointerMove={several ? onPointerMove : undefined}
      onPointerLeave={several ? () => workbench.pointer.set(null) : undefined}
    >
      <div className="view" ref={viewElement} data-testid={`view-${paneId}`} />
      {view !== null && <TissueLayer view={view} />}
      {view !== null && <PaneOverlay paneId={paneId} view={view} />}
      {view !== null && several && <Crosshair paneId={paneId} view={view} />}
      {view !== null && <TruthOutline view={view} paneId={paneId} />}
      {view !== null && <AnnotationLayer view={view} active={active} />}
      {view !== null && <ScaleBarReadout view={view} />}
      {view !== null && active && <KnownLengthLayer view={view} />}
      {view !== null && active && <AreaLayer view={view} />}
      {view !== null && active && <MeasureLayer view={view} />}
      <PaneTitle paneId={paneId} />
      {paneId === overviewPane && (
        <div
          className="overview"
          ref={overviewElement}
          data-corner={overview.corner}
          data-testid="overview"
          hidden={!overview.visible}
        />
      )}
    </section>
  );
}
