/** What the page does to time its own picture. */

/** Milliseconds since the file was chosen. */
export interface Painted {
  /** Until the first coloured pixel of the slide. */
  readonly first: number;
  /** Until the last change of the view. */
  readonly full: number;
}

declare global {
  interface Window {
    /** null until the view has not changed for a while. */
    painted?: () => Painted | null;
  }
}

/** Runs in the page before its own scripts: looks at the viewer's canvas in every frame from the choice of a file on. */
export function watchPaint(): void {
  const side = 64;
  /** The view counts as complete after this. */
  const stillMs = 2500;
  /** Glass, what is not read yet and broken tiles are grey. */
  const leastChroma = 24;
  let chosen = NaN;
  let first = NaN;
  let full = NaN;
  let last = '';
  const files = Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'files')!;
  Object.defineProperty(HTMLInputElement.prototype, 'files', {
    ...files,
    get(this: HTMLInputElement): FileList | null {
      const list = files.get!.call(this) as FileList | null;
      if (Number.isNaN(chosen) && (list?.length ?? 0) > 0) chosen = performance.now();
      return list;
    },
  });
  const small = new OffscreenCanvas(side, side);
  const context = small.getContext('2d', { willReadFrequently: true })!;
  context.imageSmoothingEnabled = false;
  const look = (): void => {
    requestAnimationFrame(look);
    const canvas = document.querySelector<HTMLCanvasElement>(
      '[data-testid="view-A"] .openseadragon-canvas canvas',
    );
    if (canvas === null || canvas.width === 0 || Number.isNaN(chosen)) return;
    context.clearRect(0, 0, side, side);
    context.drawImage(canvas, 0, 0, side, side);
    const { data } = context.getImageData(0, 0, side, side);
    let coloured = false;
    for (let at = 0; at < data.length && !coloured; at += 4) {
      const [red = 0, green = 0, blue = 0, alpha = 0] = data.subarray(at, at + 4);
      coloured = alpha === 255 && Math.max(red, green, blue) - Math.min(red, green, blue) > leastChroma;
    }
    if (!coloured) return;
    const now = performance.now() - chosen;
    if (Number.isNaN(first)) first = now;
    const text = String.fromCharCode(...data);
    if (text !== last) full = now;
    last = text;
  };
  requestAnimationFrame(look);
  window.painted = () =>
    performance.now() - chosen - full > stillMs &&
    document.querySelector('[data-testid="overview-status"]') === null
      ? { first, full }
      : null;
}
