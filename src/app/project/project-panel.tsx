/** The open project in the Slides panel: its slides, the queue, and what to go on with. */
import { Search } from 'lucide-react';
import { useId } from 'react';
import { countStates, orderTitles, slideOrders, slideStates, stateTitles } from '../../project/slide-list.ts';
import type { SlideFilter, SlideOrder } from '../../project/slide-list.ts';
import { CommandButton } from '../commands/command-button.tsx';
import { isQueuePaused } from '../commands/project-commands.ts';
import { formatCount } from '../format.ts';
import { useApp, useWorkbench } from '../workbench-context.ts';
import { openProjectSlide } from './project-state.ts';
import type { ProjectState } from './project-state.ts';
import { ProjectSlideList } from './project-slide-list.tsx';
import { tip } from '../frame/tip.ts';

export function ProjectPanel(): React.JSX.Element | null {
  const project = useApp((state) => state.project);
  if (project === null) return null;
  return (
    <div className="project" data-testid="project">
      <div className="project-head">
        <div className="project-title">
          <h2 {...tip(project.title)}>{project.title}</h2>
          <CommandButton id="project.results" />
          <CommandButton id="project.save" />
          <CommandButton id="project.close" />
        </div>
        <Counts project={project} />
        <Access project={project} />
        <Queue project={project} />
        <ListChoice project={project} />
      </div>
      <ProjectSlideList project={project} />
      <OpenSlideWords />
    </div>
  );
}

function Counts({ project }: { readonly project: ProjectState }): React.JSX.Element {
  const { slides, running, unsaved } = project;
  const counts = countStates(slides, running);
  const segmented = slides.filter(({ results }) => Object.keys(results).length > 0).length;
  const parts = [
    `${formatCount(slides.length)} ${slides.length === 1 ? 'slide' : 'slides'}`,
    ...(segmented > 0 ? [`${formatCount(segmented)} segmented`] : []),
    ...(counts.reviewed > 0 ? [`${formatCount(counts.reviewed)} reviewed`] : []),
    ...(counts.failed > 0 ? [`${formatCount(counts.failed)} failed`] : []),
  ];
  return (
    <>
      <p className="hint" data-testid="project-counts">
        {parts.join(' · ')}
      </p>
      {unsaved !== null && (
        <p className="warning-text hint" {...tip(unsaved)}>
          Not saved in this browser. Save a project file.
        </p>
      )}
    </>
  );
}

/** What to do while the folder's files are not there. */
function Access({ project }: { readonly project: ProjectState }): React.JSX.Element | null {
  switch (project.access) {
    case 'open':
      return null;
    case 'reading':
      return <p className="hint">Reading the folder…</p>;
    case 'ask':
      return (
        <>
          <p className="hint">The browser asks before it reads the folder again.</p>
          <CommandButton id="project.folder" label="Open folder again" className="wide" />
        </>
      );
    case 'none':
      return (
        <>
          <p className="hint">Choose the folder with the slides. They are found by content.</p>
          <CommandButton id="project.folder" label="Choose folder…" className="wide" />
        </>
      );
  }
}

function Queue({ project }: { readonly project: ProjectState }): React.JSX.Element | null {
  const paused = useApp(isQueuePaused);
  const left = project.slides.filter(({ queued }) => queued).length;
  if (project.access !== 'open') return null;
  if (left === 0 && project.queue === 'idle') {
    return <CommandButton id="project.segment-all" label="Segment all" className="wide" />;
  }
  const text = `${formatCount(left)} ${left === 1 ? 'slide' : 'slides'} left`;
  const isIdle = project.queue === 'idle';
  return (
    <div className="project-queue" data-testid="project-queue">
      <span className="project-queue-text">{paused || isIdle ? `Paused · ${text}` : text}</span>
      {paused || isIdle ? <CommandButton id="project.resume" /> : <CommandButton id="project.pause" />}
      <CommandButton id="project.cancel-queue" />
    </div>
  );
}

function ListChoice({ project }: { readonly project: ProjectState }): React.JSX.Element {
  const { store } = useWorkbench();
  const { id, slides, running, filter, order, search } = project;
  const counts = countStates(slides, running);
  const change = (next: Partial<ProjectState>): void =>
    store.dispatch({ type: 'project-change', id, change: next });
  return (
    <div className="project-choice">
      <label className="project-search">
        <Search size={13} aria-hidden />
        <input
          type="search"
          aria-label="Search slides"
          placeholder="Name, case, notes"
          value={search}
          onChange={(event) => change({ search: event.target.value })}
        />
      </label>
      <select
        aria-label="Filter"
        value={filter}
        onChange={(event) => change({ filter: event.target.value as SlideFilter })}
      >
        <option value="all">All states</option>
        {slideStates.map((state) => (
          <option key={state} value={state}>
            {stateTitles[state]} ({counts[state]})
          </option>
        ))}
      </select>
      <select
        aria-label="Sort by"
        value={order}
        onChange={(event) => change({ order: event.target.value as SlideOrder })}
      >
        {slideOrders.map((each) => (
          <option key={each} value={each}>
            {orderTitles[each]}
          </option>
        ))}
      </select>
    </div>
  );
}

/** Case number and notes of the open slide. */
function OpenSlideWords(): React.JSX.Element | null {
  const { project } = useWorkbench();
  const slide = useApp(openProjectSlide);
  const id = useId();
  if (slide === null) return null;
  return (
    <div className="project-words">
      <div className="button-row">
        <CommandButton
          id="project.reviewed"
          label={slide.reviewed ? 'Reviewed' : 'Mark as reviewed'}
          className="outlined"
        />
        <span className="spacer" />
        <CommandButton id="project.previous" />
        <CommandButton id="project.next" />
      </div>
      <div className="field">
        <label htmlFor={`${id}-case`}>Case</label>
        <input
          id={`${id}-case`}
          type="text"
          maxLength={4000}
          value={slide.caseNumber}
          onChange={(event) => project.change([slide.id, { kind: 'words', caseNumber: event.target.value }])}
        />
      </div>
      <div className="field">
        <label htmlFor={`${id}-notes`}>Notes</label>
        <input
          id={`${id}-notes`}
          type="text"
          maxLength={4000}
          value={slide.notes}
          onChange={(event) => project.change([slide.id, { kind: 'words', notes: event.target.value }])}
        />
      </div>
    </div>
  );
}
