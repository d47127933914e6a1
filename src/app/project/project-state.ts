/** The open project in the state of the page. */
import type { ProjectSlide } from '../../project/project.ts';
import { listSlides, slideBeside } from '../../project/slide-list.ts';
import type { SlideFilter, SlideOrder } from '../../project/slide-list.ts';

/**
 * `open`: the folder has been read. `reading`: it is being read. `ask`: the browser asks the user before it gives the folder
 * again. `none`: the user has to choose it.
 */
export type FolderAccess = 'open' | 'reading' | 'ask' | 'none';

/** `paused` holds the next slide back; the run of a slide is paused by itself. */
export type QueueState = 'idle' | 'running' | 'paused';

export interface ProjectState {
  readonly id: string;
  readonly title: string;
  /** In the order of the folder. */
  readonly slides: readonly ProjectSlide[];
  readonly access: FolderAccess;
  /** Ids of slides whose files are there. */
  readonly found: ReadonlySet<string>;
  readonly filter: SlideFilter;
  readonly order: SlideOrder;
  readonly search: string;
  readonly queue: QueueState;
  /** Id of the slide that the queue segments, or null. */
  readonly running: string | null;
  /** Id of the slide that was opened last, or that could not be; null before. */
  readonly cursor: string | null;
  /** Why changes cannot be saved; null while they are. */
  readonly unsaved: string | null;
}

/** A project that has just been opened: nothing sorted out, nothing running. */
export function openedProject(
  opened: Pick<ProjectState, 'id' | 'title' | 'slides' | 'access' | 'found'>,
): ProjectState {
  return {
    ...opened,
    filter: 'all',
    order: 'folder',
    search: '',
    queue: 'idle',
    running: null,
    cursor: null,
    unsaved: null,
  };
}

/** The part of the state of the page that says which slide of which project is open. */
export interface ProjectPlace {
  readonly project: ProjectState | null;
  readonly slide: { readonly choice: { readonly key: string } } | null;
}

/** Key of a project's slide among all that can be opened. */
export const projectSlideKey = (projectId: string, slideId: string): string =>
  `project:${projectId}:${slideId}`;

/** The project's slide that is open; null if another one is, or none. */
export function openProjectSlide({ project, slide }: ProjectPlace): ProjectSlide | null {
  if (project === null || slide === null) return null;
  const start = `project:${project.id}:`;
  const { key } = slide.choice;
  if (!key.startsWith(start)) return null;
  const id = key.slice(start.length);
  return project.slides.find((each) => each.id === id) ?? null;
}

let last: { readonly project: ProjectState; readonly list: readonly ProjectSlide[] } | null = null;

/** The slides as listed; the same list until something about it changes. */
export function listedSlides(project: ProjectState): readonly ProjectSlide[] {
  if (last?.project === project) return last.list;
  const list = listSlides(project);
  last = { project, list };
  return list;
}

/** The listed slide `by` places after the one opened last whose file is there; null at the end of the list. */
export function projectStep({ project }: Pick<ProjectPlace, 'project'>, by: 1 | -1): ProjectSlide | null {
  if (project === null) return null;
  const current = project.cursor;
  const list = listedSlides(project).filter(({ id }) => id === current || project.found.has(id));
  return slideBeside(list, current, by);
}
