/** The classes of a layer of what the context changed: pairs of the model's classes. Pure. */
import { pairOf, pairValue } from '../../evaluation/context-change.ts';
import type { PixelCodes } from '../compare/difference.ts';
import { classColours } from '../overlay/class-palette.ts';
import type { PaletteClass } from '../overlay/class-palette.ts';

/** Of pixels that turned to background: pale, so that tissue stays visible. */
const paleBackground = '#d0d0d0';

/** Index = `pairValue`. Pairs of one class twice are background: unchanged tissue stays bare. */
export function pairClasses(classes: readonly PaletteClass[]): PaletteClass[] {
  const colours = classColours(classes, 'colour-blind-safe');
  const nameOf = (value: number): string => classes[value]?.name ?? '';
  return Array.from({ length: classes.length ** 2 }, (_, value) => {
    const { without, withContext } = pairOf(value, classes.length);
    const same = without === withContext;
    const colour = classes[withContext]?.background === true ? paleBackground : colours[withContext];
    return {
      name: same ? `${nameOf(without)}, unchanged` : `${nameOf(without)} → ${nameOf(withContext)}`,
      colour: same ? '#999999' : (colour ?? paleBackground),
      background: same,
      ownColour: true,
    };
  });
}

/** Codes of pixels, from the class without context to the one with it. @param classes how many there are */
export function pairCodes(classes: number): PixelCodes {
  return { transitions: [], of: (from, to) => pairValue(from, to, classes) };
}
