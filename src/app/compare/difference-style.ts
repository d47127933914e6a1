/** Style of differences: filled with the second layer's class, hatched with the first one's. Pure. */
import { parseColour } from '../overlay/class-palette.ts';
import type { PaletteClass } from '../overlay/class-palette.ts';
import { hatchesOf } from '../overlay/hatch.ts';
import type { HatchKind } from '../overlay/hatch.ts';
import type { OverlayStyle } from '../overlay/overlay-style.ts';
import { shownColours } from '../overlay/overlay-style.ts';
import type { OverlaySettings } from '../state/state.ts';
import type { Transition } from './difference.ts';

/** Colours of background classes: pale for fill and outline, dark for hatches. No class uses them, and neither hides tissue. */
const paleBackground = '#d0d0d0';
const darkBackground = '#202020';

export interface TransitionLook {
  readonly title: string;
  /** Of the class in the second layer. */
  readonly colour: string;
  /** Of the class in the first layer. */
  readonly hatchColour: string;
  readonly hatch: HatchKind;
}

export interface TwoLayers {
  readonly first: { readonly classes: readonly PaletteClass[] };
  readonly second: { readonly classes: readonly PaletteClass[] };
}

/** Title and style of a transition. */
export function lookOf(
  { from, to }: Transition,
  { first, second }: TwoLayers,
  overlay: Pick<OverlaySettings, 'palette' | 'classStyles'>,
): TransitionLook {
  const colourOf = (classes: readonly PaletteClass[], value: number, background: string): string =>
    classes[value]?.background === false ? (shownColours(classes, overlay)[value] ?? background) : background;
  return {
    title: `${first.classes[from]?.name ?? '?'} → ${second.classes[to]?.name ?? '?'}`,
    colour: colourOf(second.classes, to, paleBackground),
    hatchColour: colourOf(first.classes, from, darkBackground),
    hatch: hatchesOf(first.classes)[from] ?? 'diagonal',
  };
}

/** Overlay style of a difference. Classes hidden in the first layer are not drawn. */
export function differenceStyle(
  transitions: readonly Transition[],
  layers: TwoLayers,
  overlay: OverlaySettings,
): OverlayStyle {
  const hidden = new Set(overlay.hiddenClasses.map((value) => layers.first.classes[value]?.name));
  const bytes = new Uint8ClampedArray(256 * 4);
  const classes = transitions.flatMap((transition, index) => {
    const value = index + 1;
    const { colour, hatchColour, hatch } = lookOf(transition, layers, overlay);
    const names = [layers.first.classes[transition.from]?.name, layers.second.classes[transition.to]?.name];
    if (names.some((name) => hidden.has(name))) return [];
    bytes.set([...parseColour(colour), 255], 4 * value);
    return [{ value, colour, outline: true, hatch, hatchColour }];
  });
  return pairStyle(overlay, classes, bytes);
}

/**
 * The style of a layer of pairs of classes: one fills, the other hatches.
 * @param classes a look per pair that is drawn. @param colours RGBA by value, [256 × 4]
 */
export function pairStyle(
  overlay: OverlaySettings,
  classes: OverlayStyle['classes'],
  colours: Uint8ClampedArray<ArrayBuffer>,
): OverlayStyle {
  return {
    fill: overlay.fill,
    outline: overlay.outline,
    // The class that hatches is nowhere else.
    hatch: true,
    confidence: false,
    outlineOpacity: overlay.outlineOpacity,
    outlineWidth: overlay.outlineWidth,
    minConfidence: 0,
    pixels: new Uint32Array(colours.buffer),
    classes,
  };
}
