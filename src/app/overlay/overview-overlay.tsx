/** The layer of a pane in small, over its overview map. */
import { useEffect, useMemo, useRef } from 'react';
import { useLayerContent } from '../session/use-layer.ts';
import type { PaneState } from '../state/state.ts';
import type { SlideView } from '../viewer/slide-view.ts';
import { useApp } from '../workbench-context.ts';
import { CoarsePicture } from './coarse-picture.ts';
import { overlayContext } from './overlay-context.ts';
import { overlayStyle } from './overlay-style.ts';
import { paintInWorker } from './paint-client.ts';
import { paintStyle } from './paint-style.ts';
import { usePeek } from './peek.ts';

/** Milliseconds between looks at a map that grows. */
const followInterval = 800;

interface OverviewOverlayProps {
  readonly view: SlideView;
  readonly pane: PaneState;
}

export function OverviewOverlay({ view, pane }: OverviewOverlayProps): React.JSX.Element {
  const content = useLayerContent(pane.layer);
  const slide = useApp((state) => state.slide?.metadata ?? null);
  const peeks = usePeek();
  const canvas = useRef<HTMLCanvasElement>(null);
  const { overlay } = pane;
  const classes = content?.classes;
  const map = content?.map ?? null;
  const style = useMemo(() => {
    if (classes === undefined || !overlay.visible) return null;
    const flat = overlayStyle({ ...overlay, fill: true }, classes);
    const painted = paintStyle(flat, { fill: 1, outline: 0, width: 1 }, 1);
    return painted === null ? null : { painted, minConfidence: flat.minConfidence };
  }, [overlay, classes]);

  useEffect(() => {
    const context = canvas.current?.getContext('2d', overlayContext);
    if (context == null) return;
    let timer: number | undefined;
    const draw = (): void => {
      const { width, height } = context.canvas;
      context.setTransform(1, 0, 0, 1, 0, 0);
      context.clearRect(0, 0, width, height);
      const transform = view.overviewTransform();
      if (map === null || style === null || slide === null || peeks || transform === null) return;
      const { painted, minConfidence } = style;
      picture.prepare(
        { map, style: painted, styleKey: 'overview', minConfidence, leaveOut: null, slide },
        true,
      );
      picture.draw(context, 'fill', transform);
    };
    const picture = new CoarsePicture(paintInWorker, draw);
    draw();
    const endFrames = view.onFrame(draw);
    const endSlices = map?.subscribe(() => {
      timer ??= window.setTimeout(() => {
        timer = undefined;
        draw();
      }, followInterval);
    });
    return () => {
      window.clearTimeout(timer);
      endFrames();
      endSlices?.();
    };
  }, [view, map, style, slide, peeks]);

  return (
    <canvas
      ref={canvas}
      className="overview-overlay"
      width={160}
      height={130}
      style={{ opacity: Math.max(0.6, overlay.fillOpacity) }}
      data-testid="overview-overlay"
      aria-hidden
    />
  );
}
