/** What the areas and shares of a layer refer to, in words, for the panel and the report. */
import { formatArea } from '../format.ts';
import type { Figures } from './figures-session.ts';

/**
 * How much tissue was segmented, of how much, and that shares refer to it; null without a resolution.
 * @param where the tissue is.
 */
export function areaSentence(
  { segmentedMm2, tissueMm2 }: Pick<Figures, 'segmentedMm2' | 'tissueMm2'>,
  where: string,
): string | null {
  if (segmentedMm2 === null) return null;
  const segmented = formatArea(segmentedMm2 * 1e6);
  if (tissueMm2 === null) return `% of the segmented ${segmented}. Tissue unknown, so background counts.`;
  return `% of the segmented tissue: ${segmented} of ${formatArea(tissueMm2 * 1e6)} ${where}. Background does not count.`;
}
