/** How large the overview map is, and what lies under it. Pure. */
import type { Rect } from '../../base/rect.ts';
import { apply } from './affine.ts';
import type { Affine } from './affine.ts';

/** CSS pixels, at most. */
const most = { width: 160, height: 130 };
/** CSS pixels, at least: of a long strip, too, the frame is seen. */
const least = 28;

/** CSS pixels of the map of a slide: in the slide's shape, so that nothing of it is empty. */
export function overviewSize(slide: { readonly width: number; readonly height: number }): {
  readonly width: number;
  readonly height: number;
} {
  const scale = Math.min(most.width / slide.width, most.height / slide.height);
  return {
    width: Math.max(least, Math.round(slide.width * scale)),
    height: Math.max(least, Math.round(slide.height * scale)),
  };
}

/** Points in a row and in a column at which the ground is looked at. */
const samples = 8;

/**
 * The share of a box that lies over tissue, 0 to 1.
 * @param box CSS pixels of the view
 * @param toSlide CSS pixels of the view to level-0 pixels
 * @param isGlass whether a place of the slide shows glass; null while that is not known: all of the slide counts as tissue then
 */
export function tissueShare(
  box: Rect,
  toSlide: Affine,
  slide: { readonly width: number; readonly height: number },
  isGlass: ((x: number, y: number) => boolean) | null,
): number {
  let count = 0;
  for (let row = 0; row < samples; row++) {
    for (let column = 0; column < samples; column++) {
      const { x, y } = apply(
        toSlide,
        box.x + ((column + 0.5) * box.width) / samples,
        box.y + ((row + 0.5) * box.height) / samples,
      );
      const isOnSlide = x >= 0 && y >= 0 && x < slide.width && y < slide.height;
      if (isOnSlide && isGlass?.(x, y) !== true) count++;
    }
  }
  return count / samples ** 2;
}
