/** Finds a project's slides again in a folder whose files were moved, renamed, added or removed. Pure. */
import { maxProjectSlides } from './project.ts';
import type { Project, ProjectSlide } from './project.ts';
import { changeSlide } from './slide-change.ts';

/** A slide in a folder. */
export interface FoundSlide {
  readonly name: string;
  /** Below the folder, separated by slashes. */
  readonly path: string;
  /** Of all its files together. */
  readonly bytes: number;
}

export interface FolderMerge {
  /** In the order of the folder; those that were not found keep their place. */
  readonly slides: readonly ProjectSlide[];
  /** Where each slide that was found lies, by its id: the path as found. */
  readonly found: ReadonlyMap<string, string>;
  /** Slides that were not found, by id. */
  readonly missing: readonly string[];
  /**
   * Paths of files that may be a missing slide by their size: with their fingerprints, the merge is complete. Until then they
   * count as new.
   */
  readonly candidates: readonly string[];
  /** Slides that were not in the project before, by id. */
  readonly added: readonly string[];
  /** Slides beyond the limit of a project. */
  readonly leftOut: number;
}

/**
 * Merges a folder into a project. A slide is found where it was, by path and size; else by content, wherever it lies; else by
 * path alone, with new content, which is noticed when it is read.
 * @param fingerprints of candidates, by path
 * @param newId makes the id of a slide that is new
 */
export function mergeFolder(
  slides: readonly ProjectSlide[],
  folder: readonly FoundSlide[],
  fingerprints: ReadonlyMap<string, string>,
  newId: () => string,
): FolderMerge {
  const sorted = [...folder].sort((one, other) => byPath.compare(one.path, other.path));
  const free = new Map(sorted.map((each) => [each.path, each]));
  const matches = new Map<string, FoundSlide>();
  const take = (slide: ProjectSlide, match: FoundSlide): void => {
    matches.set(slide.id, match);
    free.delete(match.path);
  };
  for (const slide of slides) {
    const same = free.get(slide.path);
    if (same?.bytes === slide.bytes) take(slide, same);
  }
  const lost = slides.filter(({ id }) => !matches.has(id));
  const byContent = new Map<string, FoundSlide[]>();
  for (const each of free.values()) {
    const fingerprint = fingerprints.get(each.path);
    if (fingerprint !== undefined) listed(byContent, fingerprint).push(each);
  }
  for (const slide of lost) {
    const match = slide.fingerprint === null ? undefined : byContent.get(slide.fingerprint)?.shift();
    if (match !== undefined) take(slide, match);
  }
  for (const slide of lost) {
    const same = matches.has(slide.id) ? undefined : free.get(slide.path);
    if (same !== undefined) take(slide, same);
  }
  const missing = lost.filter(({ id }) => !matches.has(id));
  const sizes = new Set(missing.filter((each) => each.fingerprint !== null).map(({ bytes }) => bytes));
  const candidates = [...free.values()].filter(
    ({ path, bytes }) => sizes.has(bytes) && !fingerprints.has(path),
  );
  const places = new Map(sorted.map(({ path }, place) => [path, place]));
  const kept = slides.map((slide) => {
    const match = matches.get(slide.id);
    if (match === undefined) return slide;
    return changeSlide(slide, { kind: 'placed', ...match, place: places.get(match.path) ?? slide.place });
  });
  const room = Math.max(0, maxProjectSlides - kept.length);
  const fresh = [...free.values()];
  const added = fresh
    .slice(0, room)
    .map((each) => newSlide(newId(), each, places.get(each.path) ?? sorted.length));
  return {
    slides: [...kept, ...added],
    found: new Map([
      ...[...matches].map(([id, { path }]) => [id, path] as const),
      ...added.map(({ id, path }) => [id, path] as const),
    ]),
    missing: missing.map(({ id }) => id),
    candidates: candidates.map(({ path }) => path),
    added: added.map(({ id }) => id),
    leftOut: fresh.length - added.length,
  };
}

/** Numbers within names count as numbers: `case 2` comes before `case 10`. */
const byPath = new Intl.Collator('en', { numeric: true, sensitivity: 'base' });

export function newSlide(id: string, { name, path, bytes }: FoundSlide, place: number): ProjectSlide {
  return {
    id,
    name,
    path,
    bytes,
    fingerprint: null,
    size: null,
    mpp: null,
    caseNumber: '',
    notes: '',
    reviewed: false,
    queued: false,
    results: {},
    disagreement: null,
    failure: null,
    place,
  };
}

/**
 * The project that a folder belongs to: the one that has most of the folder's slides at their places, if that is half of them or
 * of its own; else null.
 */
export function projectOfFolder<P extends Pick<Project, 'slides'>>(
  projects: readonly P[],
  folder: readonly FoundSlide[],
): P | null {
  const sizes = new Map(folder.map(({ path, bytes }) => [path, bytes]));
  let best: P | null = null;
  let most = 0;
  for (const project of projects) {
    const shared = project.slides.filter(({ path, bytes }) => sizes.get(path) === bytes).length;
    const least = Math.min(project.slides.length, folder.length) / 2;
    if (shared > most && shared >= least) {
      best = project;
      most = shared;
    }
  }
  return best;
}

function listed<K, V>(map: Map<K, V[]>, key: K): V[] {
  const known = map.get(key);
  if (known !== undefined) return known;
  const fresh: V[] = [];
  map.set(key, fresh);
  return fresh;
}
