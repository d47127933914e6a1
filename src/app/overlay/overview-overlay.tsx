/** The layer of a pane in small, over its overview map. */
import { useEffect, useMemo, useRef } from 'react';
import { useLayerContent } from '../session/use-layer.ts';
import type { PaneState } from '../state/state.ts';
import { transformBounds } from '../viewer/affine.ts';
import type { Affine } from '../viewer/affine.ts';
import type { SlideView } from '../viewer/slide-view.ts';
import { useApp } from '../workbench-context.ts';
import { CoarsePicture } from './coarse-picture.ts';
import { overlayContext } from './overlay-context.ts';
import { overlayStyle } from './overlay-style.ts';
import { paintInWorker } from './paint-client.ts';
import { paintStyle } from './paint-style.ts';
import { usePeek } from './peek.ts';
import { useGlass } from './use-glass.ts';

/** So small, tissue need not be read through it. */
const leastOpacity = 0.6;

/** Milliseconds between looks at a map that grows. */
const followInterval = 800;

interface OverviewOverlayProps {
  readonly view: SlideView;
  readonly pane: PaneState;
  /** CSS pixels of the map. */
  readonly width: number;
  readonly height: number;
}

export function OverviewOverlay({ view, pane, width, height }: OverviewOverlayProps): React.JSX.Element {
  const content = useLayerContent(pane.layer);
  const slide = useApp((state) => state.slide?.metadata ?? null);
  const peeks = usePeek();
  const canvas = useRef<HTMLCanvasElement>(null);
  const { overlay } = pane;
  const classes = content?.classes;
  const map = content?.map ?? null;
  const glass = useGlass(overlay.confidence && overlay.visible);
  const opacity = Math.max(leastOpacity, overlay.fillOpacity);
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
      context.setTransform(1, 0, 0, 1, 0, 0);
      context.clearRect(0, 0, width, height);
      const transform = view.overviewTransform();
      if (transform === null) return;
      if (map !== null && style !== null && slide !== null && !peeks) {
        const { painted, minConfidence } = style;
        const frame = { map, style: painted, styleKey: 'overview', minConfidence, leaveOut: glass, slide };
        picture.prepare(frame, true);
        context.globalAlpha = opacity;
        picture.draw(context, 'fill', transform);
        context.globalAlpha = 1;
      }
      drawFrame(context, view, transform);
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
  }, [view, map, style, slide, peeks, opacity, glass, width, height]);

  return (
    <canvas
      ref={canvas}
      className="overview-overlay"
      width={width}
      height={height}
      data-testid="overview-overlay"
      aria-hidden
    />
  );
}

/** The visible part. */
function drawFrame(context: CanvasRenderingContext2D, view: SlideView, transform: Affine): void {
  const area = view.visibleArea();
  if (area === null) return;
  const { x, y, width, height } = transformBounds(transform, area);
  for (const [line, colour] of [
    [4, '#ffffff'],
    [2, '#1667c2'],
  ] as const) {
    context.lineWidth = line;
    context.strokeStyle = colour;
    context.strokeRect(x + 1, y + 1, Math.max(2, width - 2), Math.max(2, height - 2));
  }
}
