/** How a layer of what the context changed is drawn: the class with context fills, the one without it hatches. Pure. */
import { pairValue } from '../../evaluation/context-change.ts';
import { lookOf, pairStyle } from '../compare/difference-style.ts';
import type { TransitionLook } from '../compare/difference-style.ts';
import { parseColour } from '../overlay/class-palette.ts';
import type { PaletteClass } from '../overlay/class-palette.ts';
import type { OverlayStyle } from '../overlay/overlay-style.ts';
import type { OverlaySettings } from '../state/state.ts';

/** The look of a pair of classes. @param classes those of the model */
export function changeLook(
  without: number,
  withContext: number,
  classes: readonly PaletteClass[],
  overlay: Pick<OverlaySettings, 'palette' | 'classStyles'>,
): TransitionLook {
  const layers = { first: { classes }, second: { classes } };
  return lookOf({ from: without, to: withContext }, layers, overlay);
}

/** Unchanged pixels are not drawn. @param classes those of the model */
export function changeStyle(classes: readonly PaletteClass[], overlay: OverlaySettings): OverlayStyle {
  const bytes = new Uint8ClampedArray(256 * 4);
  const pairs = classes.flatMap((_class, without) =>
    classes.flatMap((_other, withContext) => {
      if (without === withContext) return [];
      const value = pairValue(without, withContext, classes.length);
      const { colour, hatch, hatchColour } = changeLook(without, withContext, classes, overlay);
      bytes.set([...parseColour(colour), 255], 4 * value);
      return [{ value, colour, outline: true, hatch, hatchColour }];
    }),
  );
  return pairStyle(overlay, pairs, bytes);
}
