/** The style in which a layer is painted, derived from its settings. Pure. */
import type { ClassStyle, OverlaySettings } from '../state/state.ts';
import { classColours, classKey, classPixels, confidencePixels } from './class-palette.ts';
import type { PaletteClass, PixelTable } from './class-palette.ts';
import { hatchesOf } from './hatch.ts';
import type { HatchKind } from './hatch.ts';

/** How the fill of a class map is painted. */
export interface FillStyle {
  /** Draw confidence instead of classes. */
  readonly confidence: boolean;
  /** Pixels of a lower confidence, 0 to 255, are not drawn. */
  readonly minConfidence: number;
  /** Pixels of class values, or of confidence values when `confidence` is set. */
  readonly pixels: PixelTable;
}

/** How a class map is painted. */
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
  /** Whether the fill says what no outline can, as of a quantity, so that it stays where others thin away. */
  readonly keepsFill?: boolean;
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

/** Colour of each class, `#rrggbb`: the user's choice, else the palette's. */
export function shownColours(
  classes: readonly PaletteClass[],
  { palette, classStyles }: Pick<OverlaySettings, 'palette' | 'classStyles'>,
): string[] {
  const colours = classColours(classes, palette);
  return classes.map(
    ({ name, colour }, value) => classStyles[classKey(name)]?.colour ?? colours[value] ?? colour,
  );
}

/** Style of a layer with these classes. */
export function overlayStyle(overlay: OverlaySettings, classes: readonly PaletteClass[]): OverlayStyle {
  const colours = shownColours(classes, overlay);
  const hatches = hatchesOf(classes);
  const styleOf = (name: string): ClassStyle | undefined => overlay.classStyles[classKey(name)];
  // Lines between steps of a quantity would be a mesh over the tissue.
  const isQuantity = classes.some(({ ownColour = false, background }) => ownColour && !background);
  const unfilled = classes.flatMap(({ name }, value) => (styleOf(name)?.fill === false ? [value] : []));
  return {
    fill: overlay.fill || overlay.confidence,
    outline: overlay.outline && !isQuantity,
    keepsFill: overlay.confidence || isQuantity,
    hatch: overlay.hatch && overlay.fill,
    confidence: overlay.confidence,
    outlineOpacity: overlay.outlineOpacity,
    outlineWidth: overlay.outlineWidth,
    minConfidence: Math.round(overlay.minConfidence * 255),
    pixels: overlay.confidence
      ? confidencePixels()
      : classPixels(classes, colours, [...overlay.hiddenClasses, ...unfilled]),
    classes: classes.flatMap((entry, value) => {
      const colour = colours[value];
      if (entry.background || colour === undefined || overlay.hiddenClasses.includes(value)) return [];
      const style = styleOf(entry.name);
      return [
        {
          value,
          colour,
          outline: style?.outline !== false,
          hatch: style?.hatch === false ? null : (hatches[value] ?? null),
        },
      ];
    }),
  };
}

/** Settings for a second layer: hides the classes that are hidden in the first, matched by name. */
export function forOtherClasses(
  overlay: OverlaySettings,
  own: readonly PaletteClass[],
  other: readonly PaletteClass[],
): OverlaySettings {
  const hidden = new Set(overlay.hiddenClasses.map((value) => classKey(own[value]?.name ?? '')));
  const hiddenClasses = other.flatMap(({ name }, value) => (hidden.has(classKey(name)) ? [value] : []));
  return { ...overlay, hiddenClasses };
}
