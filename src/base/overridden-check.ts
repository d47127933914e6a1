/**
 * How results name a model that was used although it failed its check, or might have: in files, reports and on the screen.
 * Sound results never contain the words.
 */
export const overriddenCheck = 'model check overridden';

/** How results name a slide that does not look like the model's training data (`base/tissue-fit.ts`). */
export const unlikeTraining = 'unlike training data';

/** How results name a slide that is, by what it states, not of the kind that the model was trained on. */
export const otherSlides = 'not trained on such slides';

/** Why a result must not be trusted, for files: null if nothing speaks against it. @param misfit by what the slide states. */
export function resultMark(overridden: boolean, unlike: boolean, misfit = false): string | null {
  const marks = [
    ...(overridden ? [overriddenCheck] : []),
    ...(misfit ? [otherSlides] : []),
    ...(unlike ? [unlikeTraining] : []),
  ];
  return marks.length === 0 ? null : marks.join('; ');
}

/** What describes a result, with its mark. */
export function withMark(mark: string | null, text: string): string {
  return mark === null ? text : `${text} (${mark})`;
}

/** What describes a result, with the mark if its model's check was overridden. */
export function markedIf(overridden: boolean, text: string): string {
  return withMark(overridden ? overriddenCheck : null, text);
}
