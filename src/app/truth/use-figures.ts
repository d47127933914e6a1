/** Measurements of the active pane's layer for panels, kept up to date. */
import { useEffect, useState, useSyncExternalStore } from 'react';
import { isAbort } from '../../base/abort.ts';
import { selectedAnnotation } from '../annotate/annotate-state.ts';
import { useLayerContent, useMapVersion } from '../session/use-layer.ts';
import { useTissueMask } from '../session/use-tissue-mask.ts';
import { activePaneOf, annotateOf, currentMpp } from '../state/state.ts';
import { useApp, useWorkbench } from '../workbench-context.ts';
import { figuresRequest } from './figures-request.ts';
import type { Figures, FiguresExtent } from './figures-session.ts';

/** Milliseconds between two updates while slices finish or the view moves. */
const updateInterval = 250;

/** Current measurements; updates when slices finish, the view moves, or truth or area change. null while there are none. */
export function useFigures(extent: FiguresExtent): Figures | null {
  const workbench = useWorkbench();
  const layer = useApp((state) => activePaneOf(state).layer);
  const content = useLayerContent(layer);
  const version = useMapVersion(content?.map ?? null);
  const truth = useSyncExternalStore(workbench.annotations.subscribe, () => workbench.annotations.truth());
  const tissue = useTissueMask();
  const selected = useApp((state) => selectedAnnotation(annotateOf(state)));
  const area = useApp((state) => state.slide?.area ?? null);
  const mpp = useApp((state) => currentMpp(state.slide)?.x ?? null);
  const frame = useSettledFrame(extent === 'view');
  const [figures, setFigures] = useState<Figures | null>(null);

  useEffect(() => {
    const controller = new AbortController();
    const timer = window.setTimeout(() => {
      const request = figuresRequest(workbench, extent, tissue);
      if (request === null) return setFigures(null);
      workbench.figures.compute(request, controller.signal).then(setFigures, (error: unknown) => {
        if (!isAbort(error)) throw error;
      });
    }, updateInterval);
    return () => {
      window.clearTimeout(timer);
      controller.abort();
    };
  }, [workbench, extent, content?.map, content?.title, version, truth, tissue, selected, area, mpp, frame]);
  // Until the new ones arrive, show none rather than those of another layer or area.
  return figures?.extent === extent && figures.title === content?.title ? figures : null;
}

/** A counter that grows each time the active view comes to rest. @param wanted whether to follow the view */
function useSettledFrame(wanted: boolean): number {
  const workbench = useWorkbench();
  const [frame, setFrame] = useState(0);
  useEffect(() => {
    if (!wanted) return;
    let timer: number | null = null;
    let last = '';
    const end = workbench.onActiveFrame(() => {
      const now = JSON.stringify(workbench.activeView()?.transform());
      if (now === last) return;
      last = now;
      if (timer !== null) window.clearTimeout(timer);
      timer = window.setTimeout(() => setFrame((value) => value + 1), updateInterval);
    });
    return () => {
      end();
      if (timer !== null) window.clearTimeout(timer);
    };
  }, [workbench, wanted]);
  return frame;
}
