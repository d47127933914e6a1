/** The style in which a layer is painted, derived from its settings. Pure. */
import type { ClassStyle, OverlaySettings } from '../state/state.ts';
import { classColours, classKey, classPixels, confidencePixels } from './class-palette.ts';
import type { PaletteClass } from './class-palette.ts';
import { hatchesOf } from './hatch.ts';
import type { OverlayStyle } from './painted-style.ts';

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
  const unfilled = classes.flatMap(({ name }, value) => (styleOf(name)?.fill === false ? [value] : []));
  return {
    fill: overlay.fill || overlay.confidence,
    outline: overlay.outline,
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
