/** The canvases of the overlay. */

/**
 * The overlay is drawn by the processor: many short lines are no work for a graphics card, on machines without
 * one the browser's emulation is far slower still, and canvases of both kinds must not be mixed.
 */
export const overlayContext: CanvasRenderingContext2DSettings = { willReadFrequently: true };

/** A canvas off the page, in pixels. @throws Error where the browser gives none. */
export function createCanvas(width: number, height: number): OffscreenCanvasRenderingContext2D {
  const context = new OffscreenCanvas(width, height).getContext('2d', overlayContext);
  if (context === null) throw new Error('The browser gives no 2D canvas.');
  return context;
}
