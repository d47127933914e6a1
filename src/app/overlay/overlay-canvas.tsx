/** The canvases over a pane's slide, and when to draw them again. */
import { useEffect, useMemo, useRef } from 'react';
import type { SlideView } from '../viewer/slide-view.ts';
import { useApp, useWorkbench } from '../workbench-context.ts';
import { classColours, classPixels, confidencePixels } from './class-palette.ts';
import { hatchesOf } from './hatch.ts';
import { OverlayPainter, overlayContext } from './overlay-painter.ts';
import type { OverlayStyle } from './overlay-painter.ts';
import type { OverlaySettings } from '../state/state.ts';
import type { ModelManifest } from '../../runtime/manifest.ts';

export interface OverlayCanvasProps {
  readonly paneId: string;
  readonly view: SlideView;
}

export function OverlayCanvas({ paneId, view }: OverlayCanvasProps): React.JSX.Element | null {
  const workbench = useWorkbench();
  const pane = useApp((state) => state.panes.find((candidate) => candidate.id === paneId));
  const manifest = useApp((state) => state.models?.find((model) => model.id === pane?.modelId)?.manifest);
  // A change of slide changes the class map.
  const slide = useApp((state) => state.slide);
  const fillCanvas = useRef<HTMLCanvasElement>(null);
  const marksCanvas = useRef<HTMLCanvasElement>(null);
  const painter = useMemo(() => new OverlayPainter(), []);
  const overlay = pane?.overlay;
  const style = useMemo(
    () => (overlay === undefined || manifest === undefined ? null : styleOf(overlay, manifest)),
    [overlay, manifest],
  );

  useEffect(() => {
    const fill = fillCanvas.current?.getContext('2d', overlayContext);
    const marks = marksCanvas.current?.getContext('2d', overlayContext);
    if (fill == null || marks == null || pane === undefined || slide.kind !== 'open') return;
    const map = workbench.classMapOf(pane);
    const paint = (): void => {
      const devicePixelRatio = window.devicePixelRatio;
      for (const { canvas } of [fill, marks]) fitToElement(canvas, devicePixelRatio);
      const css = view.transform();
      const visible = style !== null && pane.overlay.visible && css !== null;
      if (!visible) {
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
      painter.paint(fill, marks, map, style, { transform, devicePixelRatio, slide: slide.metadata });
    };
    // Slices may finish faster than the screen is drawn.
    let scheduled = 0;
    const schedule = (): void => {
      if (scheduled === 0) {
        scheduled = requestAnimationFrame(() => {
          scheduled = 0;
          paint();
        });
      }
    };
    paint();
    const endFrames = view.onFrame(paint);
    const endSlices = map?.subscribe(schedule);
    return () => {
      cancelAnimationFrame(scheduled);
      endFrames();
      endSlices?.();
    };
  }, [workbench, view, painter, pane, slide, style]);

  // The opacity of the fill is the canvas's own, so that changing it draws nothing again.
  const opacity = overlay?.fillOpacity ?? 1;
  return (
    <>
      <canvas
        ref={fillCanvas}
        className="overlay"
        style={{ opacity }}
        data-testid={`overlay-fill-${paneId}`}
        aria-hidden
      />
      <canvas ref={marksCanvas} className="overlay" data-testid={`overlay-marks-${paneId}`} aria-hidden />
    </>
  );
}

function fitToElement(canvas: HTMLCanvasElement, devicePixelRatio: number): void {
  const width = Math.round(canvas.clientWidth * devicePixelRatio);
  const height = Math.round(canvas.clientHeight * devicePixelRatio);
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
}

function styleOf(overlay: OverlaySettings, manifest: ModelManifest): OverlayStyle {
  const colours = classColours(manifest.classes, overlay.palette);
  const hatches = hatchesOf(manifest.classes);
  return {
    fill: overlay.fill || overlay.confidence,
    outline: overlay.outline,
    hatch: overlay.hatch && overlay.fill,
    confidence: overlay.confidence,
    outlineOpacity: overlay.outlineOpacity,
    pixels: overlay.confidence
      ? confidencePixels()
      : classPixels(manifest.classes, colours, overlay.hiddenClasses),
    classes: manifest.classes.flatMap((entry, value) => {
      const colour = colours[value];
      if (entry.background || colour === undefined || overlay.hiddenClasses.includes(value)) return [];
      return [{ value, colour, hatch: hatches[value] ?? null }];
    }),
  };
}
