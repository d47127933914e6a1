/** Brings a project file and what this browser has of the same project together. Pure. */
import type { ProjectSlide } from './project.ts';
import type { SlideChange } from './slide-change.ts';

export interface ProjectDifference {
  readonly added: readonly ProjectSlide[];
  readonly changes: readonly (readonly [id: string, change: SlideChange])[];
}

/**
 * What `other` adds to `own`: slides, reviews, results that are newer, and words where there are none. Nothing of `own` is
 * taken away.
 */
export function differenceOf(
  own: readonly ProjectSlide[],
  other: readonly ProjectSlide[],
): ProjectDifference {
  const known = new Map(own.map((slide) => [slide.id, slide]));
  const added: ProjectSlide[] = [];
  const changes: (readonly [string, SlideChange])[] = [];
  for (const slide of other) {
    const mine = known.get(slide.id);
    if (mine === undefined) {
      added.push({ ...slide, queued: false });
      continue;
    }
    // Of another content, its review and results say nothing.
    if (mine.fingerprint !== null && slide.fingerprint !== null && mine.fingerprint !== slide.fingerprint)
      continue;
    if (slide.reviewed && !mine.reviewed) changes.push([slide.id, { kind: 'reviewed', reviewed: true }]);
    const words = {
      ...(mine.caseNumber === '' && slide.caseNumber !== '' && { caseNumber: slide.caseNumber }),
      ...(mine.notes === '' && slide.notes !== '' && { notes: slide.notes }),
    };
    if (Object.keys(words).length > 0) changes.push([slide.id, { kind: 'words', ...words }]);
    let isNewer = false;
    for (const [modelId, result] of Object.entries(slide.results)) {
      if ((mine.results[modelId]?.date ?? '') >= result.date) continue;
      isNewer = true;
      changes.push([slide.id, { kind: 'result', modelId, result }]);
    }
    if (isNewer && slide.disagreement !== null) {
      changes.push([slide.id, { kind: 'disagreement', disagreement: slide.disagreement }]);
    }
  }
  return { added, changes };
}
