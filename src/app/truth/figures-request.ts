/** Requests for measurements, built from the state of the page. */
import type { SlideArea } from '../../segment/area.ts';
import type { TissueMask } from '../../segment/tissue.ts';
import { selectedAnnotation } from '../annotate/annotate-state.ts';
import type { WorkbenchParts } from '../session/workbench-parts.ts';
import { activePaneOf, annotateOf, currentMpp } from '../state/state.ts';
import type { AppState } from '../state/state.ts';
import type { FiguresExtent, FiguresRequest } from './figures-session.ts';

/** The current area of an extent; for `region`, the selected annotation, else the last drawn area. */
export function areaOfExtent(workbench: WorkbenchParts, extent: FiguresExtent): SlideArea | null {
  const state = workbench.store.getState();
  if (extent === 'slide') return { kind: 'slide' };
  if (extent === 'view') {
    const rect = workbench.activeView()?.visibleArea() ?? null;
    return rect === null ? null : { kind: 'rect', rect };
  }
  const chosen = selectedAnnotation(annotateOf(state));
  if (chosen !== null) return { kind: 'polygons', polygons: [chosen] };
  const area = state.slide?.area ?? null;
  return area === null ? null : { kind: 'polygons', polygons: [{ outer: area.flat(), holes: [] }] };
}

export function hasRegion(state: AppState): boolean {
  return annotateOf(state).selected !== null || state.slide?.area != null;
}

/** The request for measurements of the active pane's layer; null without a layer or area. */
export function figuresRequest(
  workbench: WorkbenchParts,
  extent: FiguresExtent,
  tissue: TissueMask | null,
): FiguresRequest | null {
  const state = workbench.store.getState();
  const { layer } = activePaneOf(state);
  const content = workbench.resolveLayer(layer);
  const area = areaOfExtent(workbench, extent);
  if (content === null || area === null || state.slide === null) return null;
  return {
    extent,
    area,
    content,
    slide: state.slide.metadata,
    mpp: currentMpp(state.slide),
    truth: layer.kind === 'model' || layer.kind === 'prediction' ? workbench.annotations.truth() : null,
    tissue,
  };
}
