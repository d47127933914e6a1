/** The overlay of a pane: its layer, two layers with a swipe divider, or the difference of two. */
import { useMemo, useRef, useSyncExternalStore } from 'react';
import { useGlass } from '../overlay/use-glass.ts';
import { OverlayCanvas } from '../overlay/overlay-canvas.tsx';
import { forOtherClasses, overlayStyle } from '../overlay/overlay-style.ts';
import { useLayerContent, useMapVersion } from '../session/use-layer.ts';
import type { LayerContent } from '../session/layer-content.ts';
import type { CompareState, OverlaySettings, PaneState } from '../state/state.ts';
import type { SlideView } from '../viewer/slide-view.ts';
import { useApp, useWorkbench } from '../workbench-context.ts';
import { changeStyle } from '../context/change-style.ts';
import { differenceStyle } from './difference-style.ts';

interface PaneOverlayProps {
  readonly paneId: string;
  readonly view: SlideView;
}

export function PaneOverlay({ paneId, view }: PaneOverlayProps): React.JSX.Element | null {
  const pane = useApp((state) => state.panes.find(({ id }) => id === paneId));
  const compare = useApp((state) => state.compare);
  if (pane === undefined) return null;
  if (compare.view === 'difference') return <DifferenceOverlay pane={pane} view={view} />;
  if (compare.view === 'swipe') return <SwipeOverlay pane={pane} view={view} compare={compare} />;
  return <LayerOverlay pane={pane} view={view} />;
}

interface OverlayProps {
  readonly pane: PaneState;
  readonly view: SlideView;
}

function LayerOverlay({ pane, view }: OverlayProps): React.JSX.Element {
  const content = useLayerContent(pane.layer);
  return <ContentCanvas id={pane.id} view={view} content={content} overlay={pane.overlay} />;
}

interface ContentCanvasProps {
  readonly id: string;
  readonly view: SlideView;
  readonly content: LayerContent | null;
  readonly overlay: OverlaySettings;
  readonly clip?: string;
}

function ContentCanvas({ id, view, content, overlay, clip }: ContentCanvasProps): React.JSX.Element {
  const classes = content?.classes;
  const pairsOf = content?.change?.withContext.classes;
  const style = useMemo(() => {
    if (classes === undefined || !overlay.visible) return null;
    return pairsOf === undefined ? overlayStyle(overlay, classes) : changeStyle(pairsOf, overlay);
  }, [overlay, classes, pairsOf]);
  const glass = useGlass(overlay.confidence && overlay.visible && pairsOf === undefined);
  return (
    <OverlayCanvas
      id={id}
      view={view}
      map={content?.map ?? null}
      style={style}
      leaveOut={glass}
      opacity={overlay.fillOpacity}
      {...(clip === undefined ? {} : { clip })}
    />
  );
}

/** The first layer left of or above the divider, the second on the other side. */
function SwipeOverlay({
  pane,
  view,
  compare,
}: OverlayProps & { readonly compare: CompareState }): React.JSX.Element {
  const first = useLayerContent(pane.layer);
  const second = useLayerContent(compare.second);
  const { overlay } = pane;
  const firstClasses = first?.classes;
  const secondClasses = second?.classes;
  const secondOverlay = useMemo(
    () =>
      firstClasses === undefined || secondClasses === undefined
        ? overlay
        : forOtherClasses(overlay, firstClasses, secondClasses),
    [overlay, firstClasses, secondClasses],
  );
  const before = `${100 * (1 - compare.divider.share)}%`;
  const behind = `${100 * compare.divider.share}%`;
  const vertical = compare.divider.direction === 'vertical';
  return (
    <>
      <ContentCanvas
        id={pane.id}
        view={view}
        content={first}
        overlay={overlay}
        clip={vertical ? `inset(0 ${before} 0 0)` : `inset(0 0 ${before} 0)`}
      />
      <ContentCanvas
        id={`${pane.id}2`}
        view={view}
        content={second}
        overlay={secondOverlay}
        clip={vertical ? `inset(0 0 0 ${behind})` : `inset(${behind} 0 0 0)`}
      />
      <SwipeDivider />
    </>
  );
}

function DifferenceOverlay({ pane, view }: OverlayProps): React.JSX.Element {
  const { difference } = useWorkbench();
  const state = useSyncExternalStore(difference.subscribe, difference.get);
  const layer = state?.layer ?? null;
  // New slices may bring new transitions.
  useMapVersion(layer?.map ?? null);
  const transitions = layer?.transitions.length ?? 0;
  const { overlay } = pane;
  const style = useMemo(
    () =>
      layer === null || !overlay.visible || transitions === 0
        ? null
        : differenceStyle(layer.transitions, layer, overlay),
    [layer, overlay, transitions],
  );
  return (
    <OverlayCanvas
      id={pane.id}
      view={view}
      map={layer?.map ?? null}
      style={style}
      opacity={overlay.fillOpacity}
    />
  );
}

/** Step of an arrow key, as a share of the pane; a tenth of it with Shift. */
const step = 0.05;

export function SwipeDivider(): React.JSX.Element {
  const { store } = useWorkbench();
  const { divider } = useApp((state) => state.compare);
  const dragging = useRef(false);
  const vertical = divider.direction === 'vertical';

  const moveTo = (share: number): void => {
    const clamped = Math.min(1, Math.max(0, Math.round(share * 1e4) / 1e4));
    store.dispatch({ type: 'compare', change: { divider: { ...divider, share: clamped } } });
  };

  const onKeyDown = (event: React.KeyboardEvent): void => {
    const by = event.shiftKey ? step / 10 : step;
    const [less, more] = vertical ? ['ArrowLeft', 'ArrowRight'] : ['ArrowUp', 'ArrowDown'];
    if (event.key === less) moveTo(divider.share - by);
    else if (event.key === more) moveTo(divider.share + by);
    else if (event.key === 'Home') moveTo(0);
    else if (event.key === 'End') moveTo(1);
    else return;
    event.preventDefault();
  };

  const onPointerMove = (event: React.PointerEvent<HTMLElement>): void => {
    if (!dragging.current) return;
    const pane = event.currentTarget.parentElement?.getBoundingClientRect();
    if (pane === undefined) return;
    moveTo(vertical ? (event.clientX - pane.left) / pane.width : (event.clientY - pane.top) / pane.height);
  };

  return (
    <div
      className="swipe-divider"
      role="slider"
      tabIndex={0}
      aria-label="Swipe divider"
      aria-orientation={vertical ? 'horizontal' : 'vertical'}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={Math.round(divider.share * 100)}
      aria-valuetext={`${Math.round(divider.share * 100)} per cent of the pane`}
      data-direction={divider.direction}
      data-testid="swipe-divider"
      style={vertical ? { left: `${divider.share * 100}%` } : { top: `${divider.share * 100}%` }}
      onKeyDown={onKeyDown}
      onPointerDown={(event) => {
        dragging.current = true;
        event.currentTarget.setPointerCapture(event.pointerId);
      }}
      onPointerMove={onPointerMove}
      onPointerUp={() => (dragging.current = false)}
      onPointerCancel={() => (dragging.current = false)}
    >
      <span className="swipe-handle" aria-hidden />
    </div>
  );
}
