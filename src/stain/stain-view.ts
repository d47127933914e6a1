/** A view of one stain of a slide, as it is asked for tile by tile. */
import type { StainIndex, StainPaint, StainSeparation } from './deconvolve.ts';

/** Structured-cloneable. */
export interface StainLook {
  readonly separation: StainSeparation;
  readonly stain: StainIndex;
  readonly paint: StainPaint;
}

/** Finest resolution that stains are measured at, µm per pixel: several pixels per nucleus, and the same for every area. */
const finestUmPerPx = 1;
/** Most pixels of an area's bounds that are measured. */
const mostPixels = 2 ** 25;

/**
 * The resolution to measure an area at, µm per pixel: 1, or the slide's if that is coarser, or what keeps the time in
 * bounds.
 * @param mpp µm per level-0 pixel. @param size of the area's bounds, level-0 pixels.
 */
export function measuringUmPerPx(
  mpp: { readonly x: number; readonly y: number },
  { width, height }: { readonly width: number; readonly height: number },
): number {
  const um2 = width * mpp.x * height * mpp.y;
  return Math.max(finestUmPerPx, mpp.x, mpp.y, Math.sqrt(um2 / mostPixels));
}
