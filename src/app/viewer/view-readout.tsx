/** Scale bar and current magnification of a view. Both follow every frame. */
import { useSyncExternalStore } from 'react';
import { currentMpp } from '../state/state.ts';
import { useApp, useWorkbench } from '../workbench-context.ts';
import { formatMagnification, chooseScaleBar } from './view-scale.ts';
import type { SlideView } from './slide-view.ts';

/** Longest scale bar, in CSS pixels. */
const maxBarPx = 160;

/** CSS pixels per level-0 pixel in the current frame; null while there is none. */
export function useViewScale(view: SlideView | null): number | null {
  return useSyncExternalStore(
    (listener) => view?.onFrame(listener) ?? (() => undefined),
    () => view?.scale() ?? null,
  );
}

/** The active view's magnification. */
export function Magnification(): React.JSX.Element | null {
  const workbench = useWorkbench();
  const mpp = useApp((state) => currentMpp(state.slide));
  const scale = useSyncExternalStore(workbench.onActiveFrame, () => workbench.activeView()?.scale() ?? null);
  if (scale === null) return null;
  return (
    <span className="magnification" data-testid="magnification" title="Magnification on screen (keys 1 to 7)">
      {formatMagnification(scale, mpp?.x ?? null)}
    </span>
  );
}

export function ScaleBarReadout({ view }: { readonly view: SlideView }): React.JSX.Element | null {
  const mpp = useApp((state) => currentMpp(state.slide));
  const { visible, corner } = useApp((state) => state.preferences.scaleBar);
  const scale = useViewScale(view);
  if (!visible || scale === null || mpp === null) return null;
  const bar = chooseScaleBar(mpp.x / scale, maxBarPx);
  return (
    <div className="scale-bar" data-corner={corner} data-testid="scale-bar">
      <span>{bar.label}</span>
      <div className="scale-bar-line" style={{ width: bar.px }} />
    </div>
  );
}
