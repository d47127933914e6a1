/** Slides and results for tests. */
import { newSlide } from '../merge-folder.ts';
import type { ProjectSlide, SlideResult } from '../project.ts';

export function slideAt(path: string, change: Partial<ProjectSlide> = {}): ProjectSlide {
  const name = path.slice(path.lastIndexOf('/') + 1);
  return { ...newSlide(`id-${path.replaceAll(/\W/g, '-')}`, { name, path, bytes: 100 }, 0), ...change };
}

/** The fingerprint that a test calls by a letter. */
export const fingerprintOf = (letter: string): string => letter.repeat(64);

export function resultOf(change: Partial<SlideResult> = {}): SlideResult {
  return {
    title: 'Alpha',
    date: '2026-11-27T00:00:00.000Z',
    mpp: 0.5,
    classes: [
      { name: 'normal', background: true, mm2: 3, shareOfTissue: 0.75 },
      { name: 'gland', background: false, mm2: 1, shareOfTissue: 0.25 },
    ],
    segmentedMm2: 4,
    confidence: 0.9,
    broken: 0,
    warning: null,
    ...change,
  };
}
