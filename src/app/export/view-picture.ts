/** The active view as an image: tissue, layers and annotations as on screen, with legend and scale bar below. */
import { withMark } from '../../base/overridden-check.ts';
import { contentMark } from '../session/layer-content.ts';
import { shownColours } from '../overlay/overlay-style.ts';
import type { WorkbenchParts } from '../session/workbench-parts.ts';
import { activePaneOf, currentMpp } from '../state/state.ts';
import { chooseScaleBar } from '../viewer/view-scale.ts';

const legendPx = 44;
/** Longest scale bar, CSS pixels. */
const longestBar = 160;

/** Parts of a pane that are painted, bottom first: the slide's canvas, then the overlays. Not the overview map. */
const paintedParts = '.view canvas, canvas.overlay, svg.annotation-shapes path';

/** @returns null while no slide is shown. */
export function pictureOfView(workbench: WorkbenchParts): HTMLCanvasElement | null {
  const state = workbench.store.getState();
  const pane = activePaneOf(state);
  const view = workbench.activeView();
  const element = document.querySelector<HTMLElement>(`[data-testid="pane-${pane.id}"]`);
  const scale = view?.scale() ?? null;
  if (element === null || scale === null) return null;
  const box = element.getBoundingClientRect();
  const ratio = window.devicePixelRatio;
  const canvas = document.createElement('canvas');
  canvas.width = Math.round(box.width * ratio);
  canvas.height = Math.round((box.height + legendPx) * ratio);
  const context = canvas.getContext('2d');
  if (context === null) return null;
  context.fillStyle = '#ffffff';
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.save();
  context.beginPath();
  context.rect(0, 0, canvas.width, Math.round(box.height * ratio));
  context.clip();
  for (const part of element.querySelectorAll<HTMLCanvasElement | SVGPathElement>(paintedParts)) {
    if (part instanceof HTMLCanvasElement) drawCanvas(context, part, box, ratio);
    else drawPath(context, part, ratio);
  }
  context.restore();

  const content = workbench.resolveLayer(pane.layer);
  const mpp = currentMpp(state.slide);
  drawLegend(context, {
    top: box.height,
    width: box.width,
    ratio,
    title: content !== null && pane.overlay.visible ? withMark(contentMark(content), content.title) : '',
    classes:
      content === null || !pane.overlay.visible
        ? []
        : content.classes.flatMap(({ name, background }, value) => {
            const colour = shownColours(content.classes, pane.overlay)[value];
            // Of pairs of classes, those that occur.
            const isAbsent = content.change !== undefined && content.map.areaOf(value) === 0;
            const isHidden = background || isAbsent || pane.overlay.hiddenClasses.includes(value);
            return colour === undefined || isHidden ? [] : [{ name, colour }];
          }),
    bar: mpp === null ? null : chooseScaleBar(mpp.x / scale, longestBar),
  });
  return canvas;
}

function drawCanvas(
  context: CanvasRenderingContext2D,
  source: HTMLCanvasElement,
  pane: DOMRect,
  ratio: number,
): void {
  const box = source.getBoundingClientRect();
  if (source.width === 0 || source.height === 0 || box.width === 0) return;
  const style = getComputedStyle(source);
  const x = (box.left - pane.left) * ratio;
  const y = (box.top - pane.top) * ratio;
  context.save();
  context.globalAlpha = Number(style.opacity);
  // Brightness, contrast and gamma are a filter of the slide's view.
  const view = source.closest('.view');
  if (view !== null) context.filter = getComputedStyle(view).filter;
  // The swipe divider clips layers by `inset(top right bottom left)`.
  const inset = /^inset\((.+)\)$/.exec(style.clipPath)?.[1]?.split(/\s+/);
  if (inset !== undefined) {
    const [top = '0px', right = top, bottom = top, left = right] = inset;
    const px = (text: string, whole: number): number =>
      text.endsWith('%') ? (parseFloat(text) / 100) * whole : parseFloat(text);
    const l = px(left, box.width);
    const t = px(top, box.height);
    context.beginPath();
    context.rect(
      x + l * ratio,
      y + t * ratio,
      (box.width - l - px(right, box.width)) * ratio,
      (box.height - t - px(bottom, box.height)) * ratio,
    );
    context.clip();
  }
  context.drawImage(source, x, y, box.width * ratio, box.height * ratio);
  context.restore();
}

/** Draws an annotation path. Its line width does not scale, so the path is transformed before it is stroked. */
function drawPath(context: CanvasRenderingContext2D, source: SVGPathElement, ratio: number): void {
  const matrix = source.getCTM();
  const style = getComputedStyle(source);
  if (matrix === null || style.stroke === 'none') return;
  const placed = new Path2D();
  const { a, b, c, d, e, f } = matrix;
  placed.addPath(
    new Path2D(source.getAttribute('d') ?? ''),
    new DOMMatrix([a, b, c, d, e, f].map((n) => n * ratio)),
  );
  context.save();
  context.strokeStyle = style.stroke;
  context.lineWidth = parseFloat(style.strokeWidth) * ratio;
  context.lineJoin = 'round';
  context.lineCap = style.strokeLinecap === 'round' ? 'round' : 'butt';
  if (style.strokeDasharray !== 'none') {
    context.setLineDash(style.strokeDasharray.split(/[\s,]+/).map((each) => parseFloat(each) * ratio));
  }
  context.stroke(placed);
  context.restore();
}

interface LegendInput {
  /** CSS pixels. */
  readonly top: number;
  readonly width: number;
  readonly ratio: number;
  readonly title: string;
  readonly classes: readonly { readonly name: string; readonly colour: string }[];
  readonly bar: { readonly px: number; readonly label: string } | null;
}

/** Below the tissue, never over it. */
function drawLegend(context: CanvasRenderingContext2D, legend: LegendInput): void {
  const { top, width, ratio, title, classes, bar } = legend;
  context.save();
  context.setTransform(ratio, 0, 0, ratio, 0, top * ratio);
  context.font = '13px system-ui, sans-serif';
  context.textBaseline = 'middle';
  const middle = legendPx / 2;
  let x = 12;
  if (bar !== null) {
    context.strokeStyle = context.fillStyle = '#111111';
    context.lineWidth = 2;
    context.strokeRect(x, middle + 8, bar.px, 0);
    context.fillText(bar.label, x, middle - 5);
    x += Math.max(bar.px, context.measureText(bar.label).width) + 24;
  }
  context.fillStyle = '#111111';
  if (title !== '') {
    context.fillText(title, x, middle);
    x += context.measureText(title).width + 20;
  }
  for (const { name, colour } of classes) {
    context.fillStyle = colour;
    context.fillRect(x, middle - 7, 14, 14);
    context.strokeStyle = '#444444';
    context.lineWidth = 1;
    context.strokeRect(x + 0.5, middle - 6.5, 13, 13);
    context.fillStyle = '#111111';
    context.fillText(name, x + 20, middle);
    x += 20 + context.measureText(name).width + 16;
  }
  context.textAlign = 'right';
  context.font = '600 13px system-ui, sans-serif';
  context.fillStyle = '#111111';
  context.fillText('Research use only', width - 12, middle);
  context.restore();
}
