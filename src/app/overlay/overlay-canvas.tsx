/** The overlay canvases of a pane, and when they are repainted. */
import { useEffect, useMemo, useRef } from 'react';
import type { SlideView } from '../viewer/slide-view.ts';
import { useApp } from '../workbench-context.ts';
import type { LiveClassMap } from './class-map-store.ts';
import { overlayContext } from './overlay-context.ts';
import { OverlayPainter } from './overlay-painter.ts';
import type { OverlayStyle } from './overlay-style.ts';

/** Milliseconds between repaints for newly finished slices. */
const followInterval = 50;

export interface OverlayCanvasProps {
  /** Unique id of the layer on the page: the pane's id, followed by 2 for its second layer. */
  readonly id: string;
  readonly view: SlideView;
  /** null draws nothing. */
  readonly map: LiveClassMap | null;
  /** null draws nothing. Memoise it. */
  readonly style: OverlayStyle | null;
  /** Opacity of the fill, 0 to 1. */
  readonly opacity: number;
  /** CSS clip-path. */
  readonly clip?: string;
}

export function OverlayCanvas(props: OverlayCanvasProps): React.JSX.Element | null {
  const { id, view, map, style, opacity, clip } = props;
  const slide = useApp((state) => state.slide?.metadata ?? null);
  const fillCanvas = useRef<HTMLCanvasElement>(null);
  const marksCanvas = useRef<HTMLCanvasElement>(null);
  const painter = useMemo(() => new OverlayPainter(), []);

  useEffect(() => {
    const fill = fillCanvas.current?.getContext('2d', overlayContext);
    const marks = marksCanvas.current?.getContext('2d', overlayContext);
    if (fill == null || marks == null || slide === null) return;
    let size = sizeOf(fill.canvas);
    const paint = (): void => {
      const devicePixelRatio = window.devicePixelRatio;
      for (const { canvas } of [fill, marks]) fitTo(canvas, size, devicePixelRatio);
      const css = view.transform();
      if (style === null || css === null) {
        for (const context of [fill, marks]) {
          context.setTransform(1, 0, 0, 1, 0, 0);
          context.clearRect(0, 0, context.canvas.width, context.canvas.height);
        }
        return;
      }
      const transform = {
        a: css.a * devicePixelRatio,
        b: css.b * devicePixelRatio,
        c: css.c * devicePixelRatio,
        d: css.d * devicePixelRatio,
        e: css.e * devicePixelRatio,
        f: css.f * devicePixelRatio,
      };
      const frame = { transform, devicePixelRatio, slide };
      if (!painter.paint(fill, marks, map, style, frame)) schedule();
    };
    let scheduled = 0;
    const schedule = (): void => {
      if (scheduled === 0) {
        scheduled = requestAnimationFrame(() => {
          scheduled = 0;
          paint();
        });
      }
    };
    // Limits repaints while slices finish, because each one takes time from the network.
    let timer: number | undefined;
    const follow = (): void => {
      timer ??= window.setTimeout(() => {
        timer = undefined;
        schedule();
      }, followInterval);
    };
    // Reading an element's size in every frame would force a layout in every frame.
    const sizes = new ResizeObserver(() => {
      size = sizeOf(fill.canvas);
      paint();
    });
    sizes.observe(fill.canvas);
    paint();
    const endFrames = view.onFrame(paint);
    const endSlices = map?.subscribe(follow);
    return () => {
      cancelAnimationFrame(scheduled);
      window.clearTimeout(timer);
      sizes.disconnect();
      endFrames();
      endSlices?.();
    };
  }, [view, painter, map, slide, style]);

  // The fill's opacity is CSS, so that changing it needs no repaint.
  return (
    <>
      <canvas
        ref={fillCanvas}
        className="overlay"
        style={{ opacity, clipPath: clip }}
        data-testid={`overlay-fill-${id}`}
        aria-hidden
      />
      <canvas
        ref={marksCanvas}
        className="overlay"
        style={{ clipPath: clip }}
        data-testid={`overlay-marks-${id}`}
        aria-hidden
      />
    </>
  );
}

/** CSS pixels. */
function sizeOf(element: HTMLElement): { readonly width: number; readonly height: number } {
  return { width: element.clientWidth, height: element.clientHeight };
}

function fitTo(
  canvas: HTMLCanvasElement,
  size: { readonly width: number; readonly height: number },
  devicePixelRatio: number,
): void {
  const width = Math.round(size.width * devicePixelRatio);
  const height = Math.round(size.height * devicePixelRatio);
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
}
