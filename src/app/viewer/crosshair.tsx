/** Crosshair at the position of the pointer in another pane. */
import { useEffect, useRef } from 'react';
import { useWorkbench } from '../workbench-context.ts';
import { apply } from './affine.ts';
import type { SlideView } from './slide-view.ts';

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
