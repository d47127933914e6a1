/** Commands about the open project: go through its slides, segment them, and take results out. */
import {
  BadgeCheck,
  ChevronDown,
  ChevronUp,
  CircleStop,
  FileDown,
  FolderSearch,
  FolderX,
  Layers,
  Pause,
  Play,
  Save,
  Table2,
} from 'lucide-react';
import { canChooseFolder } from '../project/folder-access.ts';
import { openProjectSlide, projectStep } from '../project/project-state.ts';
import { chosenFiles } from '../session/chosen-files.ts';
import { openFiles, pickFolder } from '../session/user-files.ts';
import { shownModels } from '../state/state.ts';
import type { AppState } from '../state/state.ts';
import type { Workbench } from '../session/workbench.ts';
import type { Command } from './command.ts';

const isOpen = ({ project }: AppState): boolean => project !== null;
const hasQueued = ({ project }: AppState): boolean => project?.slides.some(({ queued }) => queued) === true;

/** Whether the queue holds back, by its own button or by that of the run. */
export function isQueuePaused({ project, run }: AppState): boolean {
  if (project === null || project.queue === 'idle') return false;
  return project.queue === 'paused' || (run?.background !== undefined && run.phase === 'paused');
}

/** Whether a slide lacks results of the models in the panes. */
function canSegmentAll(state: AppState): boolean {
  const { project } = state;
  if (project?.access !== 'open' || project.queue !== 'idle') return false;
  const models = shownModels(state);
  return project.slides.some(
    ({ id, results }) => project.found.has(id) && models.some((model) => results[model.id] === undefined),
  );
}

function giveFolder(workbench: Workbench): void {
  const { access } = workbench.store.getState().project ?? {};
  if (access === 'ask') void workbench.project.grantFolder();
  else if (canChooseFolder()) void workbench.project.chooseFolder();
  else pickFolder((files) => void openFiles(workbench, chosenFiles(files)));
}

export const projectCommands: readonly Command[] = [
  {
    id: 'project.next',
    title: 'Next slide',
    group: 'Slide',
    icon: ChevronDown,
    shortcuts: ['PageDown'],
    when: (state) => projectStep(state, 1) !== null,
    perform: ({ project }) => void project.step(1),
  },
  {
    id: 'project.previous',
    title: 'Previous slide',
    group: 'Slide',
    icon: ChevronUp,
    shortcuts: ['PageUp'],
    when: (state) => projectStep(state, -1) !== null,
    perform: ({ project }) => void project.step(-1),
  },
  {
    id: 'project.reviewed',
    title: 'Mark slide as reviewed',
    group: 'Slide',
    icon: BadgeCheck,
    shortcuts: ['Q'],
    when: (state) => openProjectSlide(state) !== null,
    isOn: (state) => openProjectSlide(state)?.reviewed === true,
    perform: ({ project }) => project.toggleReviewed(),
  },
  {
    id: 'project.reviewed-next',
    title: 'Mark as reviewed, next slide',
    group: 'Slide',
    shortcuts: ['Shift+Q'],
    when: (state) => openProjectSlide(state) !== null,
    perform: ({ project, store }) => {
      const slide = openProjectSlide(store.getState());
      if (slide === null) return;
      // Before the mark: a filter may then leave the slide out.
      const next = projectStep(store.getState(), 1);
      project.change([slide.id, { kind: 'reviewed', reviewed: true }]);
      if (next !== null) void project.open(next.id);
    },
  },
  {
    id: 'project.segment-all',
    title: 'Segment all slides',
    group: 'Segment',
    icon: Layers,
    when: canSegmentAll,
    perform: ({ queue }) => void queue.segmentAll(),
  },
  {
    id: 'project.resume',
    title: 'Resume queue',
    group: 'Segment',
    icon: Play,
    when: (state) =>
      state.project?.access === 'open' &&
      (isQueuePaused(state) || (state.project.queue === 'idle' && hasQueued(state))),
    perform: ({ queue }) => void queue.resume(),
  },
  {
    id: 'project.pause',
    title: 'Pause queue',
    group: 'Segment',
    icon: Pause,
    when: (state) => state.project?.queue === 'running' && !isQueuePaused(state),
    perform: ({ queue }) => queue.pause(),
  },
  {
    id: 'project.cancel-queue',
    title: 'Cancel queue',
    group: 'Segment',
    icon: CircleStop,
    when: hasQueued,
    perform: ({ queue }) => queue.cancel(),
  },
  {
    id: 'project.results',
    title: 'Results table',
    group: 'Slide',
    icon: Table2,
    shortcuts: ['Shift+L'],
    when: isOpen,
    perform: ({ store }) => store.dispatch({ type: 'dialog', dialog: 'project-results' }),
  },
  {
    id: 'project.csv',
    title: 'Export results table (CSV)',
    group: 'Export',
    icon: FileDown,
    when: isOpen,
    perform: ({ project }) => project.saveCsv(),
  },
  {
    id: 'project.save',
    title: 'Save project file',
    group: 'Export',
    icon: Save,
    when: isOpen,
    perform: ({ project }) => project.saveFile(),
  },
  {
    id: 'project.folder',
    title: 'Choose folder of the project…',
    group: 'Slide',
    icon: FolderSearch,
    when: isOpen,
    perform: giveFolder,
  },
  {
    id: 'project.close',
    title: 'Close project',
    group: 'Slide',
    icon: FolderX,
    when: isOpen,
    perform: ({ project }) => project.close(),
  },
];
