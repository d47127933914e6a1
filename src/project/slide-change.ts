/** Changes of a slide in a project, as data: two tabs that change different things of one slide keep both. Pure. */
import type { ProjectSlide, SlideFailure, SlideResult } from './project.ts';

/** What a slide's file says of itself. */
export interface SlideIdentity {
  readonly fingerprint: string;
  readonly size: { readonly width: number; readonly height: number };
  /** µm per pixel; null if the file states none. */
  readonly mpp: number | null;
}

export type SlideChange =
  | { readonly kind: 'reviewed'; readonly reviewed: boolean }
  | { readonly kind: 'queued'; readonly queued: boolean }
  | { readonly kind: 'words'; readonly caseNumber?: string; readonly notes?: string }
  | { readonly kind: 'identified'; readonly identity: SlideIdentity }
  | { readonly kind: 'result'; readonly modelId: string; readonly result: SlideResult }
  | { readonly kind: 'disagreement'; readonly disagreement: number | null }
  | { readonly kind: 'failed'; readonly failure: SlideFailure | null }
  | {
      readonly kind: 'placed';
      readonly name: string;
      readonly path: string;
      readonly bytes: number;
      readonly place: number;
    };

/** Said of a slide whose file has other content than before. */
export const changedContent: SlideFailure = {
  problem: 'The file has changed: earlier results and the review were of other content.',
  remedy: 'Segment and review it again.',
};

/** The same slide if nothing changes. */
export function changeSlide(slide: ProjectSlide, change: SlideChange): ProjectSlide {
  switch (change.kind) {
    case 'reviewed':
      return slide.reviewed === change.reviewed ? slide : { ...slide, reviewed: change.reviewed };
    case 'queued':
      return slide.queued === change.queued ? slide : { ...slide, queued: change.queued };
    case 'words': {
      const { caseNumber = slide.caseNumber, notes = slide.notes } = change;
      return { ...slide, caseNumber, notes };
    }
    case 'identified':
      return identified(slide, change.identity);
    case 'result':
      return {
        ...slide,
        results: { ...slide.results, [change.modelId]: change.result },
        failure: null,
      };
    case 'disagreement':
      return { ...slide, disagreement: change.disagreement };
    case 'failed':
      return { ...slide, failure: change.failure, queued: change.failure === null && slide.queued };
    case 'placed': {
      const { name, path, bytes, place } = change;
      const isSame = slide.name === name && slide.path === path && slide.bytes === bytes;
      if (isSame && slide.place === place) return slide;
      return { ...slide, name, path, bytes, place };
    }
  }
}

function identified(slide: ProjectSlide, { fingerprint, size, mpp }: SlideIdentity): ProjectSlide {
  const isSame = slide.fingerprint === null || slide.fingerprint === fingerprint;
  const { width, height } = slide.size ?? { width: 0, height: 0 };
  const isKnown = slide.fingerprint === fingerprint && width === size.width && height === size.height;
  if (isKnown && slide.mpp === mpp) return slide;
  const known = { ...slide, fingerprint, size: { width: size.width, height: size.height }, mpp };
  if (isSame) return known;
  const had = slide.reviewed || Object.keys(slide.results).length > 0;
  return {
    ...known,
    reviewed: false,
    results: {},
    disagreement: null,
    failure: had ? changedContent : slide.failure,
  };
}
