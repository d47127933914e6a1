/** What the page does to time its own picture. */

/** Milliseconds since the file was chosen. */
export interface Painted {
  /** Until the first pixel of the slide: of any colour, as long as the canvas is not empty. */
  readonly first: number;
  /** Until two pixels differ clearly: there is tissue, or a cell, and not glass alone. */
  readonly tissue: number;
  /** Until the last change of the view. */
  readonly full: number;
}

declare global {
  interface Window {
    /** null until the view has not changed for a while. */
    painted?: () => Painted | null;
    /** Called once, at the choice of the file and at the first tissue. */
    paintMark?: (mark: 'chosen' | 'tissue') => void;
  }
}

/** Runs in the page before its own scripts: looks at the viewer's canvas in every frame from the choice of a file on. */
export function watchPaint(): void {
  const side = 64;
  /** The view counts as complete after this. */
  const stillMs = 2500;
  /** Glass and black are even. */
  const leastContrast = 24;
  let chosen = NaN;
  let first = NaN;
  let tissue = NaN;
  let full = NaN;
  let last = '';
  const files = Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'files')!;
  Object.defineProperty(HTMLInputElement.prototype, 'files', {
    ...files,
    get(this: HTMLInputElement): FileList | null {
      const list = files.get!.call(this) as FileList | null;
      if (Number.isNaN(chosen) && (list?.length ?? 0) > 0) {
        chosen = performance.now();
        window.paintMark?.('chosen');
      }
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
    const least = [255, 255, 255];
    const most = [0, 0, 0];
    for (let at = 0; at < data.length; at += 4) {
      // The edge of the slide is mixed with what is around it.
      if (data[at + 3] !== 255) continue;
      for (let channel = 0; channel < 3; channel++) {
        least[channel] = Math.min(least[channel]!, data[at + channel]!);
        most[channel] = Math.max(most[channel]!, data[at + channel]!);
      }
    }
    if (most.every((value, channel) => value < least[channel]!)) return;
    const now = performance.now() - chosen;
    if (Number.isNaN(first)) first = now;
    if (Number.isNaN(tissue) && most.some((value, channel) => value - least[channel]! > leastContrast)) {
      tissue = now;
      window.paintMark?.('tissue');
    }
    const text = String.fromCharCode(...data);
    if (text !== last) full = now;
    last = text;
  };
  requestAnimationFrame(look);
  window.painted = () =>
    !Number.isNaN(first) &&
    performance.now() - chosen - full > stillMs &&
    document.querySelector('[data-testid="overview-status"]') === null
      ? { first, tissue, full }
      : null;
}
