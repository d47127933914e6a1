/** Position of a view. */
export interface ViewPlace {
  /** Middle of the view; 1 is the width of the slide, on both axes. */
  readonly x: number;
  readonly y: number;
  /** CSS pixels per level-0 pixel. */
  readonly scale: number;
  /** Degrees, clockwise. */
  readonly rotation: number;
  readonly flip: boolean;
}
