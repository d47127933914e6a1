/** One pane: a view of the slide with its layers, tools, title and crosshair. */
import { TriangleAlert } from 'lucide-react';
import { useEffect, useRef, useState } from 'react';
import { tip } from '../frame/tip.ts';
import { channelViewOf, layerText, modelOf, parseLayer, tileColours, tileLook } from '../state/state.ts';
import { useApp, useWorkbench } from '../workbench-context.ts';
import { PaneOverlay } from '../compare/pane-overlay.tsx';
import { AnnotationLayer } from '../annotate/annotate-tools.tsx';
import { TruthOutline } from '../truth/truth-outline.tsx';
import { ObjectOutline } from '../objects/object-outline.tsx';
import { SplitLayer } from '../objects/split-tool.tsx';
import { MeasureLayer } from '../navigate/measure-layer.tsx';
import { StainLabel } from '../stain/stain-label.tsx';
import { useStains } from '../stain/use-stains.ts';
import { AdjustmentFilter, adjustmentFilterId } from './adjustment-filter.tsx';
import { isPlain, useAdjustment } from './picture-adjustment.ts';
import { OverviewMap } from './overview-map.tsx';
import { AreaLayer } from './area-layer.tsx';
import { FirstLook } from './first-look.tsx';
import { TissueLayer } from './tissue-layer.tsx';
import { KnownLengthLayer } from './known-length-layer.tsx';
import { PaneMenu } from './pane-menu.tsx';
import { openPaneMenu } from './pane-menu-state.ts';
import { SlideView } from './slide-view.ts';
import { ScaleBarReadout } from './view-readout.tsx';
import { contentLabel, contentWarning } from '../session/layer-content.ts';
import { useRefusal } from '../models/use-refusal.ts';
import { useLayerContent, useLayerOptions, useMapVersion } from '../session/use-layer.ts';
import type { LayerChoice, PaneState } from '../state/state.ts';
import { apply } from './affine.ts';

/** The pane with the overview map. */
const overviewPane = 'A';

export function Pane({ paneId }: { readonly paneId: string }): React.JSX.Element {
  const workbench = useWorkbench();
  const slideId = useApp((state) => state.slide?.slideId);
  const adjustment = useAdjustment(paneId);
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
    const look = tileLook(workbench.store.getState());
    view.open(client, slide.slideId, slide.metadata, look, onTileError);
    // A new pane shows the same place as the others.
    return view.onceShown(() => workbench.joinViews(view));
  }, [workbench, view, slideId]);

  useEffect(
    () => (view === null ? undefined : workbench.slides.onOverview(() => view.overviewChanged())),
    [workbench, view],
  );

  const colours = useApp(tileColours);
  const channels = useApp(channelViewOf);
  const stain = useStains(({ looks }) => looks[paneId] ?? null);
  useEffect(() => view?.setLook({ colours, channels, stain }), [view, colours, channels, stain]);

  const activate = (): void => workbench.store.dispatch({ type: 'activate-pane', paneId });
  const onPointerMove = (event: React.PointerEvent<HTMLElement>): void => {
    const { left, top } = event.currentTarget.getBoundingClientRect();
    const at = view?.level0At(event.clientX - left, event.clientY - top);
    if (at != null) workbench.pointer.set({ paneId, ...at });
  };

  const onContextMenu = (event: React.MouseEvent<HTMLElement>): void => {
    // Text fields and selects of the pane keep the browser's menu.
    if (!(event.target instanceof Element) || event.target.closest('input, select, textarea') !== null)
      return;
    const { left, top } = event.currentTarget.getBoundingClientRect();
    const [x, y] = [event.clientX - left, event.clientY - top];
    const at = view?.level0At(x, y);
    if (at == null) return;
    event.preventDefault();
    activate();
    openPaneMenu({ paneId, x, y, at });
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
      onPointerMove={onPointerMove}
      onPointerLeave={() => workbench.pointer.set(null)}
      onContextMenu={onContextMenu}
    >
      {!isPlain(adjustment) && <AdjustmentFilter paneId={paneId} />}
      {view !== null && <FirstLook view={view} />}
      <div
        className="view"
        ref={viewElement}
        data-testid={`view-${paneId}`}
        style={isPlain(adjustment) ? undefined : { filter: `url(#${adjustmentFilterId(paneId)})` }}
      />
      {view !== null && <TissueLayer view={view} />}
      {view !== null && <PaneOverlay paneId={paneId} view={view} />}
      {view !== null && several && <Crosshair paneId={paneId} view={view} />}
      {view !== null && <TruthOutline view={view} paneId={paneId} />}
      {view !== null && <ObjectOutline view={view} paneId={paneId} />}
      {view !== null && <AnnotationLayer view={view} active={active} />}
      {view !== null && <ScaleBarReadout view={view} />}
      {view !== null && active && <KnownLengthLayer view={view} />}
      {view !== null && active && <AreaLayer view={view} />}
      {view !== null && active && <MeasureLayer view={view} />}
      {view !== null && active && <SplitLayer view={view} />}
      <StainLabel paneId={paneId} />
      <PaneTitle paneId={paneId} />
      <PaneMenu paneId={paneId} />
      {paneId === overviewPane && <OverviewMap paneId={paneId} view={view} host={overviewElement} />}
    </section>
  );
}

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
      letter={several ? paneId : null}
      testId={`pane-title-${paneId}`}
      layer={pane.layer}
      onChange={(layer) => store.dispatch({ type: 'choose-layer', layer, paneId })}
    />
  );
  if (several) return first;
  const second = (
    <LayerSelect
      label="Second layer"
      letter={null}
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
  /** Of the pane, where there are several; null without. */
  readonly letter: string | null;
  readonly testId: string;
  readonly layer: LayerChoice;
  readonly onChange: (layer: LayerChoice) => void;
}

function LayerSelect({ label, letter, testId, layer, onChange }: LayerSelectProps): React.JSX.Element {
  const options = useLayerOptions(layer);
  return (
    <div className="pane-layer">
      {letter !== null && (
        <span className="pane-letter" aria-hidden data-testid={`pane-letter-${letter}`}>
          {letter}
        </span>
      )}
      <select
        className="pane-title"
        aria-label={label}
        data-testid={testId}
        value={layerText(layer)}
        onChange={(event) => onChange(parseLayer(event.target.value))}
      >
        {options.map(([text, title, disabled = false]) => (
          <option key={text} value={text} disabled={disabled}>
            {title}
          </option>
        ))}
      </select>
      <FitChip layer={layer} />
      {letter !== null && <EmptyChip layer={layer} />}
    </div>
  );
}

/** Says of a model without slices why its pane shows tissue alone. */
function EmptyChip({ layer }: { readonly layer: LayerChoice }): React.JSX.Element | null {
  const content = useLayerContent(layer);
  useMapVersion(content?.map ?? null);
  const computed = layer.kind === 'model' || layer.kind === 'context';
  if (!computed || content === null || content.map.size > 0) return null;
  return <span className="pane-chip">Not segmented</span>;
}

/** The name of the only layer, once it has slices or there is something to say of it. */
function Title({ pane }: { readonly pane: PaneState }): React.JSX.Element | null {
  const content = useLayerContent(pane.layer);
  const refusal = useRefusal(useApp((state) => modelOf(state, pane.layer)));
  useMapVersion(content?.map ?? null);
  if (content === null) return null;
  if (content.map.size === 0 && contentWarning(content) === null && refusal?.kind !== 'fit') return null;
  if (!pane.overlay.visible) return null;
  return (
    <div className="pane-title" data-testid={`pane-title-${pane.id}`}>
      {content.overridden === true && <TriangleAlert size={13} className="warning-text" aria-hidden />}{' '}
      {content.title} <FitChip layer={pane.layer} />
    </div>
  );
}

/** Marks a layer whose model was not trained on such tissue, with the way to use it all the same while it is refused. */
function FitChip({ layer }: { readonly layer: LayerChoice }): React.JSX.Element | null {
  const { segmentation } = useWorkbench();
  const content = useLayerContent(layer);
  const model = useApp((state) => modelOf(state, layer));
  const refusal = useRefusal(model);
  useMapVersion(content?.map ?? null);
  const isRefused = refusal?.kind === 'fit';
  const warning = (isRefused ? refusal.problem : null) ?? (content === null ? null : contentWarning(content));
  if (warning === null || content === null) return null;
  return (
    <>
      <span className="pane-chip warning-text" role="status" {...tip(warning)} data-testid="unlike-training">
        <TriangleAlert size={13} aria-hidden /> {contentLabel(content) ?? 'Unlike training data'}
        <span className="visually-hidden">. {warning}</span>
      </span>
      {isRefused && model !== null && (
        <button
          type="button"
          className="button small"
          {...tip(`${warning} Use the model all the same; every figure and file will say so.`)}
          data-testid={`use-anyway-${model.id}`}
          onClick={() => segmentation.useAnyway(model)}
        >
          Use anyway
        </button>
      )}
    </>
  );
}

export interface CrosshairProps {
  readonly paneId: string;
  readonly view: SlideView;
}

export function Crosshair({ paneId, view }: CrosshairProps): React.JSX.Element {
  const { pointer } = useWorkbench();
  const element = useRef<HTMLDivElement>(null);
  useEffect(() => {
    // Bypasses React: the pointer moves far more often than anything else changes.
    const move = (): void => {
      const at = pointer.get();
      const transform = view.transform();
      if (element.current === null) return;
      const shown = at !== null && at.paneId !== paneId && transform !== null;
      element.current.hidden = !shown;
      if (!shown) return;
      const { x, y } = apply(transform, at.x, at.y);
      element.current.style.transform = `translate(${x}px, ${y}px)`;
    };
    move();
    const ends = [pointer.subscribe(move), view.onFrame(move)];
    return () => ends.forEach((end) => end());
  }, [pointer, paneId, view]);
  return <div className="crosshair" ref={element} hidden data-testid={`crosshair-${paneId}`} aria-hidden />;
}
