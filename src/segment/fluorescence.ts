/** Fluorescence slides, which models of other stains must not be run on: they find something everywhere. */
import type { ModelManifest } from '../runtime/manifest.ts';
import type { SlideMetadata } from '../slide/slide.ts';

/** A stain by any of the names that files and cards have for fluorescence. */
export const fluorescentStain = /fluoresc|dapi|fitc/i;

/**
 * Whether a slide says that it is of fluorescence: it has coloured channels, a stain of that kind, or, as Hamamatsu's, the
 * wavelengths of its filters.
 */
export function isFluorescence({
  channels,
  properties,
}: Pick<SlideMetadata, 'properties' | 'channels'>): boolean {
  if (channels !== undefined) return !isGreyPicture(channels);
  if (
    Object.entries(properties).some(
      ([key, text]) => /^stain(ing|s)?$/i.test(key) && fluorescentStain.test(text),
    )
  )
    return true;
  return Number(properties.EmissionWaveLength) > 0 && Number(properties.ExcitationWaveLength) > 0;
}

/** One channel in white is a picture of greys, which may be of any stain. */
function isGreyPicture([first, ...others]: NonNullable<SlideMetadata['channels']>): boolean {
  return others.length === 0 && first?.colour.every((value) => value === 255) === true;
}

/** Why a model is not run on fluorescence, a sentence; null if its card asks for it. */
export function fluorescenceRefusal(model: Pick<ModelManifest, 'specimen'>): string | null {
  return unlessForFluorescence('Fluorescence slide', model);
}

/** What to know of a model on a slide that says nothing but looks like fluorescence, a sentence; null if its card asks for it. */
export function darkBackgroundWarning(model: Pick<ModelManifest, 'specimen'>): string | null {
  return unlessForFluorescence('Dark background, as in fluorescence', model);
}

function unlessForFluorescence(found: string, { specimen }: Pick<ModelManifest, 'specimen'>): string | null {
  if (specimen === undefined) return `${found}; the model card states no stain.`;
  return fluorescentStain.test(specimen.stain) ? null : `${found}; model trained on ${specimen.stain} only.`;
}

/** The stain that a slide's properties name; null where they name none. */
export function statedStain({ properties }: Pick<SlideMetadata, 'properties'>): string | null {
  const [, text] =
    Object.entries(properties).find(([key, value]) => /^stain(ing|s)?$/i.test(key) && value.trim() !== '') ??
    [];
  return text?.trim() ?? null;
}
