/**
 * The overlay uses CPU canvases: GPUs are slow at many short lines, their emulation is slower still, and the two
 * kinds of canvas must not be mixed.
 */
export const overlayContext: CanvasRenderingContext2DSettings = { willReadFrequently: true };

/** An off-screen canvas, size in pixels. @throws Error if the browser provides none */
export function createCanvas(width: number, height: number): OffscreenCanvasRenderingContext2D {
  const context = new OffscreenCanvas(width, height).getContext('2d', overlayContext);
  if (context === null) throw new Error('No 2D canvas available.');
  return context;
}
