/** How the painter draws a class map. */
import type { FillStyle } from './fill-bitmaps.ts';
import type { HatchKind } from './hatch.ts';

export interface OverlayStyle extends FillStyle {
  readonly fill: boolean;
  readonly outline: boolean;
  readonly hatch: boolean;
  /** 0 to 1. */
  readonly outlineOpacity: number;
  /** CSS pixels. */
  readonly outlineWidth: number;
  /** Classes that may have outline and hatch. */
  readonly classes: readonly OverlayClass[];
}

export interface OverlayClass {
  readonly value: number;
  /** `#rrggbb`. */
  readonly colour: string;
  readonly outline: boolean;
  readonly hatch: HatchKind | null;
  /** `#rrggbb`; defaults to `colour`. */
  readonly hatchColour?: string;
}
