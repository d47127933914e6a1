/** What the areas of a layer refer to, in words, for the panel and the report. */
import { formatArea } from '../format.ts';
import type { Figures } from './figures-session.ts';

/**
 * How much was segmented and how much of it is tissue; null without a resolution.
 * @param where the tissue is.
 */
export function areaSentence(
  { segmentedMm2, tissueMm2, classes }: Pick<Figures, 'segmentedMm2' | 'tissueMm2' | 'classes'>,
  where: string,
): string | null {
  if (segmentedMm2 === null) return null;
  const segmented = `${formatArea(segmentedMm2 * 1e6)} segmented`;
  if (tissueMm2 === null) return `${segmented}.`;
  // Areas count all pixels of a class, also those where the search for tissue found none.
  const onGlass = classes.some(({ shareOfTissue }) => shareOfTissue !== null && shareOfTissue > 1);
  const note = onGlass ? ' Over 100 %: the model finds this class outside the tissue, too.' : '';
  return `${segmented}, ${formatArea(tissueMm2 * 1e6)} tissue ${where}.${note}`;
}
