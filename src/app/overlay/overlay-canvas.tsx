/** The overlay canvases of a pane, and when they are repainted. */
import { useEffect, useMemo, useRef } from 'react';
import { scaleOf } from '../viewer/affine.ts';
import type { Affine } from '../viewer/affine.ts';
import type { SlideView } from '../viewer/slide-view.ts';
import { useApp } from '../workbench-context.ts';
import type { LiveClassMap } from './class-map-store.ts';
import { overlayContext } from './overlay-context.ts';
import { OverlayPainter } from './overlay-painter.ts';
import { paintInWorker } from './paint-client.ts';
import type { OverlayStyle } from './overlay-style.ts';
import { usePeek } from './peek.ts';
import { detailAt, fullDetail, lightFill } from './zoom-detail.ts';
import type { ZoomDetail } from './zoom-detail.ts';
import { currentMpp } from '../state/state.ts';
import { scaleForMagnification } from '../viewer/view-scale.ts';

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
  /** Level-0 places without confidence, such as glass. Memoise it. */
  readonly leaveOut?: ((x: number, y: number) => boolean) | null;
  /** CSS clip-path. */
  readonly clip?: string;
}

export function OverlayCanvas(props: OverlayCanvasProps): React.JSX.Element | null {
  const { id, view, map, style, opacity, leaveOut = null, clip } = props;
  const slide = useApp((state) => state.slide?.metadata ?? null);
  const mpp = useApp((state) => currentMpp(state.slide)?.x ?? null);
  const thins = useApp((state) => state.preferences.thinOverlay);
  const peeks = usePeek();
  const fillCanvas = useRef<HTMLCanvasElement>(null);
  const marksCanvas = useRef<HTMLCanvasElement>(null);
  const painter = useMemo(() => new OverlayPainter(paintInWorker), []);
  const shownStyle = peeks ? null : style;

  useEffect(() => {
    const fill = fillCanvas.current?.getContext('2d', overlayContext);
    const marks = marksCanvas.current?.getContext('2d', overlayContext);
    if (fill == null || marks == null || slide === null) return;
    const paneSize = (): ReturnType<typeof sizeOf> => sizeOf(fill.canvas.parentElement ?? fill.canvas);
    let size = paneSize();
    const paint = (): void => {
      const devicePixelRatio = window.devicePixelRatio;
      for (const { canvas } of [fill, marks]) fitTo(canvas, size, devicePixelRatio);
      const css = view.transform();
      const transform = css === null ? null : scaled(css, devicePixelRatio);
      const drawn = transform === null ? null : shownStyle;
      const detail = thins && css !== null ? detailFor(shownStyle, umPerPx(scaleOf(css), mpp)) : fullDetail;
      fill.canvas.style.opacity = String(Math.round(1000 * opacity * detail.fill) / 1000);
      const frame = { transform: transform ?? identity, devicePixelRatio, slide, detail, leaveOut };
      if (!painter.paint(fill, marks, map, drawn, frame)) schedule();
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
      size = paneSize();
      paint();
    });
    // The canvases are hidden while they are empty.
    const pane = fill.canvas.parentElement;
    if (pane !== null) sizes.observe(pane);
    paint();
    const endFrames = view.onFrame(paint);
    const endPainted = painter.onPainted(schedule);
    const endSlices = map?.subscribe(follow);
    return () => {
      cancelAnimationFrame(scheduled);
      window.clearTimeout(timer);
      sizes.disconnect();
      endFrames();
      endPainted();
      endSlices?.();
    };
  }, [view, painter, map, slide, shownStyle, opacity, thins, mpp, leaveOut]);

  return (
    <>
      <canvas
        ref={fillCanvas}
        className="overlay"
        style={{ clipPath: clip }}
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

function detailFor(style: OverlayStyle | null, um: number): ZoomDetail {
  const detail = detailAt(um);
  return style?.keepsFill === true ? { ...detail, fill: Math.max(lightFill, detail.fill) } : detail;
}

const identity: Affine = { a: 1, b: 0, c: 0, d: 1, e: 0, f: 0 };

function scaled({ a, b, c, d, e, f }: Affine, by: number): Affine {
  return { a: a * by, b: b * by, c: c * by, d: d * by, e: e * by, f: f * by };
}

/** µm of tissue per CSS pixel. @param scale CSS pixels per level-0 pixel @param mpp null if unknown: 40× */
function umPerPx(scale: number, mpp: number | null): number {
  return scaleForMagnification(10, mpp) / scale;
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
